"""What needs no learning: flood fill from the click, and the superpixel under it (both of scikit-image)."""

import numpy as np
from skimage.segmentation import flood, slic

TOLERANCE = 0.15  # of the distance from black to white; chosen on the stream "val"
SEGMENTS = 20


def flood_fill(image: np.ndarray, click: np.ndarray) -> np.ndarray:
    """Everything connected to the click and of about its colour: image uint8 [S, S, 3], click bool [S, S] → bool [S, S]."""
    y, x = np.argwhere(click)[0]
    away = np.linalg.norm(image.astype(float) - image[y, x], axis=2) / np.sqrt(3 * 255**2)
    return flood(away, (int(y), int(x)), tolerance=TOLERANCE)


def superpixel(image: np.ndarray, click: np.ndarray) -> np.ndarray:
    """The superpixel (SLIC) that was clicked on."""
    labels = slic(image, n_segments=SEGMENTS, compactness=10, start_label=1)
    y, x = np.argwhere(click)[0]
    return labels == labels[y, x]
