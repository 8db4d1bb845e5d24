"""Where a cell is, as numbers that a network can read."""

import torch
from torch import Tensor

WAVES = (1, 2, 4)  # half waves over the picture's side
POSITION_CHANNELS = 4 * len(WAVES)


def position_code(size: int) -> Tensor:
    """Where each cell is: sine and cosine of x and y, in waves of three lengths → [1, 12, size, size].

    A convolution is the same everywhere and knows where it is from the padding at the edges alone, which 16 cells with a
    few layers hardly tell. Vision transformers add such a code to their patches; here it is read beside the latents.
    """
    angles = cell_centres(size)[:, None] * torch.pi * torch.tensor(WAVES).view(-1, 1, 1)  # [2, 3, size, size]
    waves = torch.stack([angles.sin(), angles.cos()], dim=1)  # [2, 2, 3, size, size]
    return waves.flatten(0, 2)[None]  # → [1, 12, size, size]


def cell_centres(size: int) -> Tensor:
    """Where the cells are: [2, size, size], x and y of their middles as shares of the side."""
    middle = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    return torch.stack([x, y])
