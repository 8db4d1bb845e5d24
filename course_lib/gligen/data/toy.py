"""Diffusion in miniature: "pictures" of one pixel with two channels, which is to say points; learned in seconds.

Everything but the network is the real thing: `diffusion`, `sampling` and `guidance` don't mind how large a picture is.
"""

import math

import torch
from torch import Tensor, nn

from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS

SHAPES = ("ring", "cross", "two dots")
NULL_SHAPE = len(SHAPES)  # what stands for the empty caption
NUM_FREQUENCIES = 6


def draw_points(count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """So many points of standard deviation about 1 [B, 2, 1, 1], and the numbers of their shapes in SHAPES, int [B]."""
    shape = torch.randint(len(SHAPES), (count,), generator=generator)
    along, side = torch.rand(2, count, generator=generator)
    turn = 2 * math.pi * along
    ring = torch.stack([turn.cos(), turn.sin()], dim=1) * 1.4
    arm = 3 * along - 1.5
    cross = torch.where(side[:, None] < 0.5, torch.stack([arm, arm], dim=1), torch.stack([arm, -arm], dim=1))
    dots = torch.stack([1.1 * (side < 0.5) - 0.55, torch.zeros(count)], dim=1) * 2
    points = torch.stack([ring, cross, dots])[shape, torch.arange(count)]  # [3, B, 2] → [B, 2]
    grain = 0.07 * torch.randn(count, 2, generator=generator)
    return (points + grain)[..., None, None], shape


class PointNet(nn.Module):
    """Noisy points [B, 2, 1, 1], timesteps int [B], numbers of shapes int [B] → velocities [B, 2, 1, 1]."""

    def __init__(self, dim: int = 128) -> None:
        super().__init__()
        self.shapes = nn.Embedding(len(SHAPES) + 1, 16)
        self.layers = nn.Sequential(
            nn.Linear(2 + 2 * NUM_FREQUENCIES + 16, dim),
            nn.SiLU(),
            nn.Linear(dim, dim),
            nn.SiLU(),
            nn.Linear(dim, dim),
            nn.SiLU(),
            nn.Linear(dim, 2),
        )

    def forward(self, noisy: Tensor, t: Tensor, shape: Tensor) -> Tensor:
        """See the class."""
        angles = t[:, None] / NUM_TRAIN_TIMESTEPS * math.pi * 2.0 ** torch.arange(NUM_FREQUENCIES)  # [B, 6]
        inputs = torch.cat([noisy.flatten(1), angles.sin(), angles.cos(), self.shapes(shape)], dim=1)
        return self.layers(inputs)[..., None, None]
