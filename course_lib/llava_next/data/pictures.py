"""Any picture as pixel values: a learner's own, of any size and kind, or refused in one sentence."""

from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from course_lib.clip.data.images import PictureError, normalise, open_picture, to_tensor
from course_lib.llava_next import anyres

MOST_SIDE = 512  # pixels: what has more is made smaller at once, since no pinpoint has as many


def to_pixels(images: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] → pixel_values [B, 3, H, W]."""
    return normalise(to_tensor(images))


def any_pixels(source: str | Path | bytes | np.ndarray | Image.Image) -> Tensor:
    """A file, its bytes, an array or a PIL image, grey, coloured or transparent → pixel_values [1, 3, H, W], proportions kept.

    PictureError for what is no picture, and for one so thin that no token is left of it.
    """
    image = open_picture(source)
    try:
        anyres.num_tokens((image.height, image.width))
    except ValueError as error:
        raise PictureError(str(error)) from None
    if max(image.size) > MOST_SIDE:
        scale = MOST_SIDE / max(image.size)
        image = image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.BOX)
    return to_pixels(np.array(image)[None])
