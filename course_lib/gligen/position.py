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
    middle = (torch.arange(size) + 0.5) / size * torch.pi
    angles = torch.tensor(WAVES)[:, None] * middle  # [3, size]
    waves = torch.cat([angles.sin(), angles.cos()])  # [6, size]
    x, y = (waves[:, None, :].expand(-1, size, -1), waves[:, :, None].expand(-1, -1, size))
    return torch.cat([x, y])[None]
