"""Pixels as PocketCLIP reads them."""

import numpy as np
import torch
from torch import Tensor

MEAN, SPREAD = 0.55, 0.27  # of the world's pixels, all channels together


def to_tensor(images: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] → float [B, 3, H, W] in 0–1."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255


def to_images(tensors: Tensor) -> np.ndarray:
    """float [B, 3, H, W] in 0–1 → uint8 [B, H, W, 3]: the way back."""
    return (tensors * 255).round().byte().permute(0, 2, 3, 1).numpy()  # [B, 3, H, W] → [B, H, W, 3]


def normalise(images: Tensor) -> Tensor:
    """float [B, 3, H, W] in 0–1 → about mean 0 and spread 1."""
    return (images - MEAN) / SPREAD
