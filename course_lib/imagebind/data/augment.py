"""Changing spectrograms at random, so that the tower learns the voice: not the moment, the loudness, or the hum behind it.

Pitch and tempo stay as they are: to carry over to higher and lower speakers is what the tower shall learn from speakers.
"""

import torch
from torch import Tensor

LATEST = 10  # frames by which a sound comes later, at most
LOUDNESS = 0.3  # powers of ten
NOISE = 1.5  # powers of ten by which the quietest of a sound may rise


def augment(mels: Tensor, generator: torch.Generator) -> Tensor:
    """Log-mel spectrograms [B, 64, T] → the same shape: each later, louder or quieter, and with more noise around."""
    batch, _, frames = mels.shape
    quiet = mels.amin(dim=(1, 2), keepdim=True)  # [B, 1, 1]
    late = torch.randint(LATEST, (batch, 1), generator=generator)
    source = torch.arange(frames) - late  # [B, T]: where each frame comes from; below 0, there was nothing yet
    moved = mels.gather(2, source.clamp(min=0)[:, None].expand_as(mels))
    mels = torch.where((source < 0)[:, None], quiet, moved)
    mels = mels + LOUDNESS * torch.randn(batch, 1, 1, generator=generator)
    floor = quiet + NOISE * torch.rand(batch, 1, 1, generator=generator)
    return torch.maximum(mels, floor + 0.2 * torch.randn(mels.shape, generator=generator))
