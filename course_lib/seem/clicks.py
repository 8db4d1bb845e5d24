"""The simulated person, who clicks where the answer is most wrong."""

import numpy as np
from scipy.ndimage import distance_transform_edt


def next_click(mask: np.ndarray, truth: np.ndarray) -> tuple[int, int, bool] | None:
    """(x, y, include?) in the middle of the larger error; None where there is no error.

    mask and truth bool [H, W]. The middle is the pixel furthest from the edge of the error, where the picture's edge
    counts as one. Source: SEEM, modeling/architectures/seem_model_v1.py.
    """
    missed, extra = truth & ~mask, mask & ~truth
    if not (missed.any() or extra.any()):
        return None
    include = bool(missed.sum() >= extra.sum())
    depth = distance_transform_edt(np.pad(missed if include else extra, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y), include
