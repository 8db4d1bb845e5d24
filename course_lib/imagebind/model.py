"""PocketBind: CLIP's two frozen towers and two small new ones, one that hears and one that sees distances (ImageBind, section 3).

What to notice:
- pictures and words go through Lesson 02's towers, which learn nothing here
- a sound and a disparity are both maps of one channel, so the same small network will do for either
- each ends in a *linear* head, as in the paper, where an MLP was worse
- all four come out as directions of one space, where a cosine compares any two of them
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.clip.vision import Residual, convolution

EMBED_DIM = 128  # CLIP's
WIDTH = 64
GRIDS = {"audio": (4, 1), "depth": (2, 2)}  # a sound keeps its bands and forgets when; a disparity keeps where, roughly


class Tower(nn.Module):
    """A map of one channel → a direction of CLIP's space: convolutions, and a linear head.

    grid: the cells (rows, columns) that the head tells apart.
    """

    def __init__(self, grid: tuple[int, int]) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            convolution(1, WIDTH // 4, stride=2),
            convolution(WIDTH // 4, WIDTH // 2, stride=2),
            convolution(WIDTH // 2, WIDTH, stride=2),
            Residual(WIDTH),
        )
        self.pool = nn.AdaptiveAvgPool2d(grid)
        self.head = nn.Linear(WIDTH * grid[0] * grid[1], EMBED_DIM)
        self.register_buffer(
            "mean", torch.zeros(())
        )  # of all maps in training, so that the trunk gets numbers around 0
        self.register_buffer("std", torch.ones(()))

    def forward(self, maps: Tensor) -> Tensor:
        """maps [B, H, W] → [B, 128] of length 1."""
        x = ((maps.float() - self.mean) / self.std)[:, None]  # [B, 1, H, W]
        x = self.pool(self.trunk(x))  # [B, 64, rows, columns]
        return F.normalize(self.head(x.flatten(1)), dim=-1)


class PocketBind(nn.Module):
    """Four modalities in one space. `clip` is frozen and not among the weights."""

    def __init__(self, clip: nn.Module) -> None:
        super().__init__()
        self._clip = (clip,)  # in a tuple, so that it is no part of this module
        self.audio, self.depth = Tower(GRIDS["audio"]), Tower(GRIDS["depth"])

    @property
    def clip(self) -> nn.Module:
        """The frozen PocketCLIP."""
        return self._clip[0]

    def encode_image(self, images: Tensor) -> Tensor:
        """Normalised pictures [B, 3, 64, 64] → [B, 128] of length 1."""
        return self.clip.encode_image(images, normalize=True)

    def encode_text(self, token_ids: Tensor) -> Tensor:
        """Token ids [B, L] → [B, 128] of length 1."""
        return self.clip.encode_text(token_ids, normalize=True)

    def encode_audio(self, mels: Tensor) -> Tensor:
        """Log-mel spectrograms [B, 64, 49] → [B, 128] of length 1."""
        return self.audio(mels)

    def encode_depth(self, disparities: Tensor) -> Tensor:
        """Disparities [B, 64, 64] → [B, 128] of length 1."""
        return self.depth(disparities)
