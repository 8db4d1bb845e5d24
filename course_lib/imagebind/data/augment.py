"""Changing maps at random, so that a tower learns what stays: the voice and not the moment, the shape and not the place."""

import torch
from torch import Tensor

LATEST = 10  # frames by which a sound comes later, at most
LOUDNESS = 0.3  # powers of ten
NOISE = 1.5  # powers of ten by which the quietest of a sound may rise


def change_sounds(mels: Tensor, generator: torch.Generator) -> Tensor:
    """Log-mel spectrograms [B, 64, T] → the same shape: each later, louder or quieter, and with more noise around.

    Pitch and tempo stay: to carry over to higher and lower speakers is what the tower shall learn from speakers.
    """
    batch, _, frames = mels.shape
    quiet = mels.amin(dim=(1, 2), keepdim=True)  # [B, 1, 1]
    late = torch.randint(LATEST, (batch, 1), generator=generator)
    source = torch.arange(frames) - late  # [B, T]: where each frame comes from; below 0, there was nothing yet
    moved = mels.gather(2, source.clamp(min=0)[:, None].expand_as(mels))
    mels = torch.where((source < 0)[:, None], quiet, moved)
    mels = mels + LOUDNESS * torch.randn(batch, 1, 1, generator=generator)
    floor = quiet + NOISE * torch.rand(batch, 1, 1, generator=generator)
    return torch.maximum(mels, floor + 0.2 * torch.randn(mels.shape, generator=generator))


def move(disparities: Tensor, generator: torch.Generator) -> Tensor:
    """Disparities [B, S, S] → the same shape: each mirrored or not, and shifted by up to a sixth of its side.

    Place and edges alone tell 128 scenes apart, as colours do in Lesson 02's shortcut; moved against its picture, a disparity must be
    known by its shapes.
    """
    batch, side, _ = disparities.shape
    mirrored = torch.rand(batch, 1, 1, generator=generator) < 0.5
    disparities = torch.where(mirrored, disparities.flip(2), disparities)
    shift = torch.randint(-(side // 6), side // 6 + 1, (2, batch, 1), generator=generator)
    rows, columns = (torch.arange(side) + shift).clamp(0, side - 1)  # [B, S] each
    disparities = disparities.gather(1, rows[:, :, None].expand(-1, -1, side))
    return disparities.gather(2, columns[:, None, :].expand(-1, side, -1))
