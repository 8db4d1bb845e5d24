"""AnyRes: a picture of any size as a small whole view and tiles, each as large as the vision tower takes (LLaVA-1.5-HD, LLaVA-NeXT).

    picture [3, H, W] ─ select_resolution ─ resize, pad ─→ [3, h·S, w·S] ─ split_tiles ─→ [h·w, 3, S, S] ── vision ──→ [h·w, g, g, W]
                                                                                                                      │ merge_tiles
    tokens [rows · (columns + 1), D] ←── add_newlines ←── [rows, columns, D] ←── unpad ←── [h·g, w·g, W] ←────────────┘

All sizes are (height, width), as in transformers; LLaVA's own code has (width, height) (llava/mm_utils.py). Liu et al., 2024,
arXiv 2310.03744, appendix A; haotian-liu/LLaVA, llava/model/llava_arch.py.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]  # (height, width)
TILE = 64  # pixels a side, as the vision tower takes them
PINPOINTS: tuple[Size, ...] = ((64, 128), (128, 64), (128, 128))  # the resolutions that a picture may be brought to
TOKENS_ASIDE = 4  # tokens along a side of a tile: 8 patches, two by two in one token
BASE_TOKENS = 64  # of the small whole view


def select_resolution(size: Size, pinpoints: Sequence[Size] = PINPOINTS) -> Size:
    """The pinpoint that keeps most of a picture of this size: the largest effective resolution, then the least wasted one.

    Effective are the pixels that the picture fills once it fits in, and never more than it has; wasted are all others.
    """

    def merit(pinpoint: Size) -> tuple[int, int]:
        scale = min(pinpoint[1] / size[1], pinpoint[0] / size[0])
        effective = min(int(size[1] * scale) * int(size[0] * scale), size[0] * size[1])
        return effective, effective - pinpoint[0] * pinpoint[1]  # the more, the better; the less is wasted, the better

    return max(pinpoints, key=merit)


def resize_and_pad(pixels: Tensor, resolution: Size) -> Tensor:
    """Fit pictures [B, 3, H, W] into a resolution (h, w), proportions kept, zeros around: [B, 3, h, w]. Zero is the mean grey."""
    (height, width), (full_height, full_width) = pixels.shape[-2:], resolution
    scale_w, scale_h = full_width / width, full_height / height
    if scale_w < scale_h:
        fitted = (min(math.ceil(height * scale_w), full_height), full_width)
    else:
        fitted = (full_height, min(math.ceil(width * scale_h), full_width))
    if fitted != (height, width):
        pixels = F.interpolate(pixels, fitted, mode="bilinear", antialias=True)
    top, left = (full_height - fitted[0]) // 2, (full_width - fitted[1]) // 2
    return F.pad(pixels, (left, full_width - fitted[1] - left, top, full_height - fitted[0] - top))


def split_tiles(pixels: Tensor, tile: int = TILE) -> Tensor:
    """Cut pictures into tiles, row by row: [B, 3, h·S, w·S] → [B, h·w, 3, S, S]. ValueError where they do not divide evenly."""
    if pixels.shape[-2] % tile or pixels.shape[-1] % tile:
        raise ValueError(f"{tuple(pixels.shape[-2:])} pixels are no whole number of tiles of {tile}.")
    grid = pixels.unflatten(3, (-1, tile)).unflatten(2, (-1, tile))  # [B, 3, h, S, w, S]
    return grid.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)  # → [B, h, w, 3, S, S] → [B, h·w, 3, S, S]


def merge_tiles(features: Tensor, rows: int) -> Tensor:
    """The tiles' features in their places, one map: [B, h·w, g, g, D] with h = rows → [B, h·g, w·g, D]."""
    grid = features.unflatten(1, (rows, -1)).transpose(2, 3)  # [B, h, w, g, g, D] → [B, h, g, w, g, D]
    return grid.flatten(3, 4).flatten(1, 2)


def unpad(features: Tensor, size: Size) -> Tensor:
    """Take away what belongs to the padding around a picture of this size: [B, rows, columns, D] → as many or fewer of one.

    ValueError where nothing is left: so long and thin a picture is less than one token wide.
    """
    (rows, columns), (height, width) = features.shape[1:3], size
    if width / height > columns / rows:
        padding = (rows - int(round(height * columns / width, 7))) // 2
        features = features[:, padding : rows - padding]
    else:
        padding = (columns - int(round(width * rows / height, 7))) // 2
        features = features[:, :, padding : columns - padding]
    if not features.numel():
        raise ValueError(f"A picture of {height} × {width} pixels is too thin: nothing of it is left. Crop it first.")
    return features


def add_newlines(tokens: Tensor, newline: Tensor) -> Tensor:
    """A newline token behind every row, and all rows in one: [B, rows, columns, D], newline [D] → [B, rows · (columns + 1), D]."""
    ends = newline.expand(*tokens.shape[:2], 1, -1)  # [B, rows, 1, D]
    return torch.cat([tokens, ends], dim=2).flatten(1, 2)


def num_tokens(
    size: Size,
    pinpoints: Sequence[Size] = PINPOINTS,
    tile: int = TILE,
    aside: int = TOKENS_ASIDE,
    base: int = BASE_TOKENS,
) -> int:
    """How many tokens a picture of this size costs: the whole view's, and for each row of the tiles that are left its columns + 1."""
    height, width = select_resolution(size, pinpoints)
    grid = torch.empty(1, height // tile * aside, width // tile * aside, 1)
    _, rows, columns, _ = unpad(grid, size).shape
    return base + rows * (columns + 1)
