"""What is taken away from a clip: the order of its frames, all frames but one, or all that they show."""

import torch
from torch import Tensor

from course_lib.video.model import NUM_PATCHES


def shuffle_frames(frames: Tensor, keys: Tensor) -> Tensor:
    """Each clip's frames in the order of its own keys, the smallest first: frames [B, T, N, W], keys [B, T] → [B, T, N, W].

    With random keys this is the control of order: nothing is lost but when things happen.
    """
    order = keys.argsort(dim=1)  # [B, T]: which frame comes at each place
    return frames.gather(1, order[:, :, None, None].expand_as(frames))


def shuffled(features: Tensor, seed: int = 0) -> Tensor:
    """The same frames in a random order, another one for every clip and every seed: features [B, T·64, W] → [B, T·64, W]."""
    frames = features.unflatten(1, (-1, NUM_PATCHES))  # [B, T, 64, W]
    keys = torch.rand(frames.shape[:2], generator=torch.Generator().manual_seed(seed))
    return shuffle_frames(frames, keys).flatten(1, 2)


def middle_frame(features: Tensor, seed: int = 0) -> Tensor:
    """The frame behind the middle and no other, whatever the seed: features [B, T·64, W] → [B, 64, W]."""
    frames = features.unflatten(1, (-1, NUM_PATCHES))
    return frames[:, frames.shape[1] // 2]
