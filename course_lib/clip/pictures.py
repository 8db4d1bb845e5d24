"""A learner's own pictures and labels: whatever they bring is understood, or refused in one sentence."""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from course_lib.clip.pixels import normalise, to_tensor

MOST_PIXELS = 100_000_000
MOST_LETTERS = 200


class PictureError(ValueError):
    """A picture that can't be used; the message says why, and what would do."""


class LabelError(ValueError):
    """Labels that can't be used; the message says why, and what would do."""


def open_picture(source: str | Path | bytes | np.ndarray | Image.Image) -> Image.Image:
    """A file, its bytes, an array [H, W], [H, W, 3] or [H, W, 4], or a PIL image → an upright RGB image.

    Transparent parts become white; of an animation the first frame is taken. Raises PictureError.
    """
    if isinstance(source, np.ndarray):
        source = _from_array(source)
    if isinstance(source, Image.Image):
        return _upright_rgb(source)
    name = "the upload" if isinstance(source, bytes) else Path(source).name
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except OSError as error:
        raise PictureError(f"{name} can't be read: {error.strerror}.") from None
    if not content:
        raise PictureError(f"{name} is empty (0 bytes). Save or upload it again.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content))
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureError(f"{name} has {picture.width} × {picture.height} pixels; make it smaller first.")
            picture.load()
    except (UnidentifiedImageError, Image.DecompressionBombError):
        raise PictureError(f"{name} is no picture that can be read here. PNG, JPEG, WebP and GIF can.") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{name} is damaged or was cut off. Save or upload it again.") from None
    return _upright_rgb(picture)


def _from_array(array: np.ndarray) -> Image.Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise PictureError(f"An array of shape {array.shape} is no picture: [H, W], [H, W, 3] or [H, W, 4] is.")
    if array.dtype != np.uint8:
        top = 1.0 if np.issubdtype(array.dtype, np.floating) else np.iinfo(array.dtype).max
        array = (np.nan_to_num(array.astype(np.float64)) / top * 255).clip(0, 255).astype(np.uint8)
    return Image.fromarray(array)


def _upright_rgb(picture: Image.Image) -> Image.Image:
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):  # 16 or 32 bits a pixel
        values = np.asarray(picture, dtype=np.float64)
        picture = Image.fromarray((values / max(values.max(), 1) * 255).clip(0, 255).astype(np.uint8))
    if "A" in picture.getbands() or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert("RGB")


def prepare(source, size: int = 64) -> Tensor:
    """Any picture → float [3, size, size] as PocketCLIP reads it: the shorter side fitted, the middle cut out."""
    picture = ImageOps.fit(open_picture(source), (size, size), Image.Resampling.BICUBIC)
    return normalise(to_tensor(np.asarray(picture)[None]))[0]


def check_labels(labels: str | list[str]) -> list[str]:
    """Labels as typed (commas or lines between them), or as a list → stripped, without empty ones and repeats, in order.

    Raises LabelError when none is left, or one is too long to be a label.
    """
    parts = labels.replace("\n", ",").split(",") if isinstance(labels, str) else labels
    if not all(isinstance(part, str) for part in parts):
        raise LabelError("Labels are texts, such as: a cat, a dog.")
    cleaned = list(dict.fromkeys(" ".join(part.split()) for part in parts if part.strip()))
    if not cleaned:
        raise LabelError("There is no label yet. Type one or more, with commas between them: a cat, a dog.")
    long = next((label for label in cleaned if len(label) > MOST_LETTERS), None)
    if long:
        raise LabelError(f"“{long[:40]}…” has {len(long)} letters; a label may have {MOST_LETTERS}.")
    return cleaned
