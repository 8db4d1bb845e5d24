"""Pictures as tensors and back, normalised for CLIP; and a learner's own pictures, understood or refused in one sentence."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from course_lib.common.errors import Problem

MEAN, STD = 0.55, 0.27  # of the world's pixels, all channels together
MAX_PIXELS = 100_000_000
DRAFT_SIDE = 1024  # pixels a side: a JPEG is decoded at this size at once, which spares memory and time


class PictureError(Problem, ValueError):
    """A picture that can't be used; the message says why, and what would do."""


def open_picture(source: str | Path | bytes | np.ndarray | Image.Image) -> Image.Image:
    """A file, its bytes, an array [H, W], [H, W, 3] or [H, W, 4], or a PIL image → an upright RGB image.

    Transparent parts become white; of an animation the first frame is taken; large JPEGs come smaller. Raises
    PictureError.
    """
    if isinstance(source, np.ndarray):
        return _decoded(lambda: Image.fromarray(_as_bytes(source)), "the array")
    if isinstance(source, Image.Image):
        return _decoded(lambda: source, "the picture")
    if isinstance(source, bytes):
        return _decoded(lambda: _from_bytes(source, "the upload"), "the upload")
    if not isinstance(source, str | Path):
        raise PictureError(f"{type(source).__name__} is no picture: give a file, its bytes, an array or a PIL image.")
    name = Path(source).name
    try:
        content = Path(source).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: no file can have such a name
        reason = getattr(error, "strerror", None) or error
        raise PictureError(f"{name} can't be read: {reason}.") from None
    return _decoded(lambda: _from_bytes(content, name), name)


def check_picture(file: Path) -> None:
    """Read the header alone, in no time. PictureError if it is no picture, or far too large; what is damaged behind it shows later."""
    with _picture_errors(file.name), Image.open(file) as picture:
        _check_size(picture, file.name)


def _decoded(opened, name: str) -> Image.Image:
    """What `opened` returns, decoded and turned into upright RGB; anything that goes wrong becomes a PictureError."""
    with _picture_errors(name):
        return _upright_rgb(opened())


@contextmanager
def _picture_errors(name: str) -> Iterator[None]:
    """Within it, anything that goes wrong becomes a PictureError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures and of broken notes inside them: both are dealt with
            yield
    except PictureError:
        raise
    except UnidentifiedImageError:
        raise PictureError(f"{name} is no picture that can be read here. PNG, JPEG, WebP and GIF can.") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name} has far more than {MAX_PIXELS:,} pixels; make it smaller first.") from None
    except Exception as error:  # Pillow's readers raise a dozen kinds on damaged data
        if reason := getattr(error, "strerror", None):  # it is the file, not what is in it
            raise PictureError(f"{name} can't be read: {reason}.") from None
        raise PictureError(f"{name} is damaged or was cut off. Save or upload it again.") from None


def _from_bytes(content: bytes, name: str) -> Image.Image:
    if not content:
        raise PictureError(f"{name} is empty (0 bytes). Save or upload it again.")
    picture = Image.open(io.BytesIO(content))
    _check_size(picture, name)
    picture.draft(None, (DRAFT_SIDE, DRAFT_SIDE))  # JPEG only: 1/2, 1/4 or 1/8 of the size, never below DRAFT_SIDE
    return picture


def _check_size(picture: Image.Image, name: str) -> None:
    if picture.width * picture.height > MAX_PIXELS:
        raise PictureError(f"{name} has {picture.width:,} × {picture.height:,} pixels; make it smaller first.")


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """Any numbers → uint8: floats lie in 0–1, integers in 0–255 (0–65535 if their type is uint16)."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)) or 0 in array.shape:
        raise PictureError(f"An array of shape {array.shape} is no picture: [H, W], [H, W, 3] or [H, W, 4] is.")
    if array.dtype.kind not in "buif":
        raise PictureError(f"An array of {array.dtype} is no picture: its numbers should be uint8, or float in 0–1.")
    values = np.nan_to_num(array.astype(np.float64))
    if array.dtype.kind in "bf":
        top = 1
    else:
        top = 65_535 if array.dtype == np.uint16 else 255
    if values.min() < -0.5 * top or values.max() > 1.5 * top:  # a little outside may come from resizing
        lowest, highest = values.min(), values.max()
        raise PictureError(f"The array's numbers run from {lowest:g} to {highest:g}, but should run from 0 to {top:,}.")
    return (values / top * 255).round().clip(0, 255).astype(np.uint8)


def _upright_rgb(picture: Image.Image) -> Image.Image:
    picture.load()
    picture = ImageOps.exif_transpose(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):  # 32 bits a pixel, or 16
        picture = Image.fromarray(_to_8_bits(np.nan_to_num(np.asarray(picture, dtype=np.float64)), picture.mode))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture.convert("RGB")


def _to_8_bits(values: np.ndarray, mode: str) -> np.ndarray:
    """Grey values [H, W] → uint8; with 32 bits, white is the smallest usual number that none exceeds."""
    usual = (65_535,) if mode.startswith("I;16") else (1, 255, 65_535)
    white = next((number for number in usual if values.max() <= number), values.max())
    return (values / white * 255).round().clip(0, 255).astype(np.uint8)


def middle_square(source, size: int) -> Image.Image:
    """Any picture → the square in its middle, size × size: its shorter side fitted, the ends of the longer cut off."""
    return ImageOps.fit(open_picture(source), (size, size), Image.Resampling.BICUBIC)


def prepare(source, size: int = 64) -> Tensor:
    """Any picture → float [3, size, size] as PocketCLIP reads it: the square in its middle, normalised."""
    return normalise(to_tensor(np.asarray(middle_square(source, size))[None]))[0]


def to_tensor(images: np.ndarray) -> Tensor:
    """uint8 [B, H, W, 3] → float [B, 3, H, W] in 0–1."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float() / 255


def to_images(tensors: Tensor) -> np.ndarray:
    """float [B, 3, H, W] in 0–1 → uint8 [B, H, W, 3]: the way back."""
    return (tensors * 255).round().byte().permute(0, 2, 3, 1).numpy()  # [B, 3, H, W] → [B, H, W, 3]


def normalise(images: Tensor) -> Tensor:
    """float [B, 3, H, W] in 0–1 → about mean 0 and standard deviation 1."""
    return (images - MEAN) / STD


def denormalise(images: Tensor) -> Tensor:
    """The way back from `normalise`: float [B, 3, H, W] in 0–1."""
    return images * STD + MEAN
