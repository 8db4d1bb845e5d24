"""A box as 64 numbers that a network can read."""

import torch
from torch import Tensor

FREQUENCIES = 8
FASTEST = 100  # the frequencies rise from 1 towards this


def fourier_features(boxes: Tensor) -> Tensor:
    """Boxes [B, N, 4], x0 y0 x1 y1 as shares of the picture → [B, N, 64].

    Each coordinate c becomes sin(f c) and cos(f c) for the eight frequencies f = 100^(k/8), without the usual 2π.
    Frequency after frequency, first the four sines, then the four cosines (gligen/GLIGEN,
    ldm/modules/diffusionmodules/util.py; diffusers has the same order).
    """
    frequencies = FASTEST ** (torch.arange(FREQUENCIES, device=boxes.device) / FREQUENCIES)  # [8]
    angles = boxes.unsqueeze(-2) * frequencies[:, None]  # [B, N, 1, 4] · [8, 1] → [B, N, 8, 4]
    waves = torch.stack([angles.sin(), angles.cos()], dim=-2)  # [B, N, 8, 2, 4]
    return waves.flatten(-3)  # [B, N, 64]
