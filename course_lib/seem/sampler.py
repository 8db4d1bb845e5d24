"""The visual sampler: every visual prompt is a mask, and a mask is some points to read features at (SEEM, section 3.2)."""

import numpy as np
from torch import Tensor
from torch.nn import functional as F

MOST_POINTS = 12  # of each sign; SEEM takes up to 512 a level


def visual_sampler(features: Tensor, points: Tensor, positive: Tensor, indicators: Tensor) -> Tensor:
    """The features at points, each with what it means.

    features [B, D, H, W], points [B, N, 2] as (x, y) in 0–1, positive bool [B, N], indicators [2, D] (row 0: what to
    exclude, row 1: what to include) → tokens [B, N, D]. Source: SEEM, modeling/interface/seem_v1.py.
    """
    grid = 2 * points.unsqueeze(1) - 1  # [B, 1, N, 2]: grid_sample counts from -1 to 1
    read = F.grid_sample(features, grid, mode="bilinear", padding_mode="border", align_corners=False)  # [B, D, 1, N]
    return read[:, :, 0].transpose(1, 2) + indicators[positive.long()]


def spread_points(mask: np.ndarray, count: int = MOST_POINTS) -> np.ndarray:
    """Up to `count` pixels of a mask, evenly spread over it: bool [H, W] → float32 [P, 2] (x, y) in 0–1.

    A mask with fewer pixels gives them all, an empty one gives none.
    """
    height, width = mask.shape
    places = np.flatnonzero(mask)  # [P]: row by row
    if len(places) > count:
        places = places[np.linspace(0, len(places) - 1, count).round().astype(int)]
    x, y = places % width + 0.5, places // width + 0.5
    return np.stack([x / width, y / height], axis=1).astype(np.float32)
