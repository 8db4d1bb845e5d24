"""The latent space: a linear autoencoder (PCA of patches), pictures of 64 × 64 pixels as latents of 16 × 16 cells.

A cell is a patch of 4 × 4 pixels, 48 numbers, of which the 12 directions of greatest variance are kept. It is fitted in
seconds. Latent diffusion (Rombach et al. 2022) does the same with a deep one.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PATCH_SIZE = 4  # pixels a side
LATENT_CHANNELS = 12


class PatchSpace(nn.Module):
    """Pixels in 0–1 [B, 3, S, S] ↔ latents of about mean 0 and standard deviation 1 [B, 12, S/4, S/4]; fitted by PCA."""

    def __init__(self, channels: int = LATENT_CHANNELS) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3 * PATCH_SIZE**2))
        self.register_buffer("basis", torch.zeros(channels, 3 * PATCH_SIZE**2))  # orthonormal rows
        self.register_buffer("spread", torch.ones(channels))  # channel scales; the name is in the shipped weights

    def fit(self, images: Tensor) -> "PatchSpace":
        """Fit mean, principal directions and channel scales to the patches of images [B, 3, S, S]."""
        patches = _patches(images)  # [B, 48, H, W]
        flat = patches.permute(0, 2, 3, 1).reshape(-1, patches.shape[1]).double()  # [B·H·W, 48]
        mean = flat.mean(dim=0)
        variances, directions = torch.linalg.eigh((flat - mean).T @ (flat - mean) / len(flat))  # smallest first
        keep = range(-1, -1 - len(self.basis), -1)
        self.mean.copy_(mean)
        self.basis.copy_(directions.T[list(keep)])
        self.spread.copy_(channel_scale(variances[list(keep)]))
        return self

    def encode(self, images: Tensor) -> Tensor:
        """Pictures [B, 3, S, S] → latents [B, C, S/4, S/4]."""
        centred = _patches(images) - self.mean[:, None, None]
        return torch.einsum("bphw,cp->bchw", centred, self.basis) / self.spread[:, None, None]

    def decode(self, latents: Tensor) -> Tensor:
        """Latents [B, C, H, W] → pictures [B, 3, 4·H, 4·W], clamped to 0–1."""
        patches = torch.einsum("bchw,cp->bphw", latents * self.spread[:, None, None], self.basis)
        return F.pixel_shuffle(patches + self.mean[:, None, None], PATCH_SIZE).clamp(0, 1)


def _patches(images: Tensor) -> Tensor:
    """Pictures as rows of patches: [B, 3, S, S] → [B, 48, S/4, S/4]."""
    return F.pixel_unshuffle(images, PATCH_SIZE)


def channel_scale(variances: Tensor) -> Tensor:
    """The divisor of each latent channel, from its variance: [C] → [C], so that the mean variance of a latent is 1.

    Dividing by the standard deviation would make the finest detail as loud as the colours, and most of what is learned
    would be detail; not dividing would leave detail to be lost in noise at once. The square root lies between.
    """
    root = variances.clamp(min=1e-12) ** 0.25
    return root * (variances / root**2).mean().sqrt()
