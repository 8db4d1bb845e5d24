"""Changing pictures at random, so that the model learns what stays: the shape, not the hand that drew it.

Whole batches at once, in torch. `strength` grows from 0 to 1 in the course of training: a beginner learns faster from
clean pictures, and a model that has only seen clean pictures knows two styles and no third.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def augment(
    images: Tensor, keep_hue: Tensor, keep_place: Tensor, strength: float, generator: torch.Generator
) -> Tensor:
    """images [B, 3, S, S] in 0–1 → the same shape; where keep_hue [B] is set colours stay true, where keep_place [B] places do."""
    if strength <= 0:
        return images
    images = _warp(images, strength * (~keep_place).float(), generator)
    images = _tone(images, keep_hue, strength, generator)
    return _texture(images, strength, generator).clamp(0, 1)


def _uniform(shape: tuple[int, ...], low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _warp(images: Tensor, strength: Tensor, generator: torch.Generator) -> Tensor:
    """Stretch, shear, turn, shift and bend each picture; strength [B]."""
    batch = len(images)
    amounts = _uniform((6, batch), -1, 1, generator) * strength  # [6, B]
    wide, high, shear = 1 + 0.28 * amounts[0], 1 + 0.28 * amounts[1], 0.25 * amounts[2]
    turn, shift = 0.2 * amounts[3], 0.12 * amounts[4:].T  # radians; [B, 2], in half-widths
    rows = [turn.cos() * wide, shear - turn.sin(), shift[:, 0], turn.sin(), turn.cos() * high, shift[:, 1]]
    grid = F.affine_grid(
        torch.stack(rows, 1).view(batch, 2, 3), list(images.shape), align_corners=False
    )  # [B, S, S, 2]
    bend = torch.randn((batch, 2, 5, 5), generator=generator) * 0.04 * strength.view(-1, 1, 1, 1)
    bend = F.interpolate(bend, size=images.shape[-2:], mode="bilinear", align_corners=True)
    grid = grid + bend.permute(0, 2, 3, 1)  # [B, 2, S, S] → [B, S, S, 2]
    return F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)


def _tone(images: Tensor, keep_hue: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Other light, other contrast, other saturation; another hue where no colour was named."""
    batch, keep = len(images), keep_hue.view(-1, 1, 1, 1)
    contrast = 1 + strength * _uniform((batch, 1, 1, 1), -0.35, 0.35, generator)
    light = strength * _uniform((batch, 1, 1, 1), -0.18, 0.18, generator)
    images = (images - 0.5) * contrast + 0.5 + light
    grey = images.mean(dim=1, keepdim=True)
    free = _uniform((batch, 1, 1, 1), 1 - strength, 1 + 0.6 * strength, generator)
    saturation = torch.where(keep, 1 + 0.3 * (free - 1), free)
    turn = _uniform((batch,), -1, 1, generator).pow(3) * math.pi * strength  # most a little, some all the way round
    images = grey + (images - grey) * saturation
    return _turn_hue(images, torch.where(keep_hue, 0.03 * turn, turn))


def _turn_hue(images: Tensor, angle: Tensor) -> Tensor:
    """Turn the colours around the grey axis of the RGB cube: angle [B] in radians."""
    cosine, sine = angle.cos(), angle.sin()
    same, rest = (1 - cosine) / 3 + cosine, (1 - cosine) / 3
    plus, minus = rest + sine / math.sqrt(3), rest - sine / math.sqrt(3)
    matrix = torch.stack([same, minus, plus, plus, same, minus, minus, plus, same], 1).view(-1, 3, 3)  # [B, 3, 3]
    flat = images.flatten(2)  # [B, 3, S·S]
    return (matrix @ flat).view_as(images)


def _texture(images: Tensor, strength: float, generator: torch.Generator) -> Tensor:
    """Blur some, sharpen some, flatten the shades of some, and add a little noise."""
    batch = len(images)
    blurred = F.avg_pool2d(images, 3, stride=1, padding=1, count_include_pad=False)
    amount = strength * _uniform((batch, 1, 1, 1), -1.2, 0.8, generator)  # below 0: sharper
    images = images + (blurred - images) * amount
    levels = torch.randint(3, 8, (batch, 1, 1, 1), generator=generator)
    flat = (images * levels).round() / levels
    flatten = _uniform((batch, 1, 1, 1), 0, 1, generator) < 0.25 * strength
    noise = torch.randn(images.shape, generator=generator) * 0.03 * strength
    return torch.where(flatten, flat, images) + noise
