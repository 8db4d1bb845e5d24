"""The sprite bank: every drawing at every size and tilt a scene needs, resampled once and then only copied.

Resampling adds up integers, so that every machine gets the same bytes.
"""

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from course_lib.world.geometry import box_from_mask
from course_lib.world.recolour import recoloured
from course_lib.world.shapes import shape_sprites
from course_lib.world.signs import sign_sprite
from course_lib.world.stickers import CELL, COLOURS, DRAWINGS, classes, load_atlas

UNIT = 4096  # the weights of one output pixel add up to this


@dataclass(frozen=True, slots=True)
class Sprite:
    """One drawing, ready to be laid over a picture: picture × keep / 256 + paint."""

    paint: np.ndarray  # uint8 [h, w, 3], colour × coverage
    keep: np.ndarray  # uint16 [h, w], 256 where the sprite is transparent, 0 where it is opaque
    mask: np.ndarray  # bool [h, w], more than half covered
    offset: tuple[int, int]  # (y, x) of the corner from the centre, pixels
    tight: tuple[int, int, int, int]  # x0 y0 x1 y1 around the mask, the ends excluded; zeros if it is empty

    def flipped(self) -> "Sprite":
        """The mirror image."""
        (y, x), (x0, y0, x1, y1), width = self.offset, self.tight, self.mask.shape[1]
        mirrored = (width - x1, y0, width - x0, y1) if x1 else self.tight
        return Sprite(self.paint[:, ::-1], self.keep[:, ::-1], self.mask[:, ::-1], (y, -(x + width)), mirrored)


def sprite_of(thing, size: int) -> Sprite:
    """The sprite that shows a thing in a scene of `size` × `size` pixels."""
    pixels = max(4, round(thing.width * size))
    if thing.kind == "sign":
        sprite = _sign(thing.text, thing.colour, pixels)
    else:
        # Training at 64 pixels draws every sprite many times; of larger pictures, whose sprites have many sizes, each is drawn as it comes.
        one = _single if pixels > CELL or size > 64 else _from_bank
        sprite = one(thing.style, pixels, thing.tilt, _row(thing))
    return sprite.flipped() if thing.flip else sprite


def _row(thing) -> int:
    if thing.kind == "shape":
        return _first_shape_row() + thing.drawing
    if thing.colour is None:
        return thing.drawing
    return DRAWINGS + _recoloured_rank()[thing.drawing] * len(COLOURS) + COLOURS.index(thing.colour)


@cache
def _recoloured_rank() -> dict[int, int]:
    rows = [row for c in classes() if c.recolourable for row in c.drawings]
    return {row: rank for rank, row in enumerate(rows)}


def _first_shape_row() -> int:
    return DRAWINGS + len(_recoloured_rank()) * len(COLOURS)


@cache
def sheet(style: str | Path) -> np.ndarray:
    """Everything that can be drawn in a style: plain, recoloured, shapes; uint8 [rows, 48, 48, 4]."""
    drawings = load_atlas(style)
    return np.concatenate([drawings, recoloured(drawings[list(_recoloured_rank())]), shape_sprites()])


@cache
def _bank(style: str | Path, pixels: int, tilt: int) -> list[Sprite]:
    resampled = resample(_premultiplied(style), pixels, tilt)
    return [_trimmed(image) for image in resampled]


def _from_bank(style: str | Path, pixels: int, tilt: int, row: int) -> Sprite:
    return _bank(style, pixels, tilt)[row]


@lru_cache(maxsize=2048)
def _single(style: str | Path, pixels: int, tilt: int, row: int) -> Sprite:
    return _trimmed(resample(_premultiplied(style)[row : row + 1], pixels, tilt)[0])


@cache
def _premultiplied(style: str | Path) -> np.ndarray:
    return premultiply(sheet(style))


@cache
def _sign(text: str, colour: str, pixels: int) -> Sprite:
    return _trimmed(resample(premultiply(sign_sprite(text, colour)[None]), pixels, 0)[0])


def premultiply(sprites: np.ndarray) -> np.ndarray:
    """uint8 [N, 48, 48, 4] straight → uint8 [N, 48, 48, 4] with colour × alpha, as resampling needs."""
    alpha = sprites[..., 3:].astype(np.uint16)
    colour = (sprites[..., :3] * alpha + 127) // 255
    return np.concatenate([colour, alpha], axis=-1).astype(np.uint8)


def resample(sprites: np.ndarray, pixels: int, tilt: int) -> np.ndarray:
    """uint8 [N, 48, 48, 4] premultiplied → uint8 [N, side, side, 4], drawn `pixels` wide and turned by `tilt` degrees."""
    side = pixels + 2 * math.ceil(abs(tilt) / 90 * pixels)  # room for the corners
    flat = sprites.transpose(1, 2, 0, 3).reshape(CELL * CELL, -1).astype(np.int32)  # [48², N·4]
    out = np.full((side * side, flat.shape[1]), UNIT // 2, np.int32)  # a half, for rounding
    for indices, weights in zip(
        *(taps.T for taps in _weights(pixels, tilt, side)), strict=True
    ):  # of each tap, [side²]
        out += flat[indices] * weights[:, None].astype(np.int32)
    out = np.minimum(out // UNIT, 255).astype(np.uint8)
    return out.reshape(side, side, -1, 4).transpose(2, 0, 1, 3)  # [N, side, side, 4]


def _weights(pixels: int, tilt: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """For every output pixel, the source pixels it reads and their integer weights: two arrays [side², taps]."""
    samples = 2 if pixels < CELL else 1  # two bilinear reads each way when shrinking
    step = np.arange(side * samples)
    centred = (
        2 * step + 1 - side * samples
    ) * CELL  # twice the distance from the middle, in source units × samples·pixels
    turn = math.radians(tilt)
    cosine, sine = round(math.cos(turn) * 65536), round(math.sin(turn) * 65536)
    y, x = np.meshgrid(centred, centred, indexing="ij")
    scale = 2 * samples * pixels * 256  # leaves 8 fractional bits
    source_x = (x * cosine + y * sine) // scale + (CELL - 1) * 128
    source_y = (y * cosine - x * sine) // scale + (CELL - 1) * 128
    indices, weights = _bilinear(source_y, source_x, UNIT // samples**2)
    return _by_pixel(indices, side, samples), _by_pixel(weights, side, samples)


def _bilinear(y: np.ndarray, x: np.ndarray, unit: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions in 1/256 source pixels → the four neighbours' indices and weights, [4, H, W]; outside weighs nothing."""
    top, left, down, right = y >> 8, x >> 8, y & 255, x & 255
    indices, weights = [], []
    for dy, share_y in ((0, 256 - down), (1, down)):
        for dx, share_x in ((0, 256 - right), (1, right)):
            row, column = top + dy, left + dx
            inside = (row >= 0) & (row < CELL) & (column >= 0) & (column < CELL)
            indices.append(np.where(inside, row * CELL + column, 0))
            weights.append(np.where(inside, (share_y * share_x * unit + 32768) >> 16, 0))
    return np.stack(indices), np.stack(weights)


def _by_pixel(taps: np.ndarray, side: int, samples: int) -> np.ndarray:
    """[4, side·samples, side·samples] → [side², 4·samples²]: all that one output pixel reads, in a row."""
    grid = taps.reshape(4, side, samples, side, samples)
    return grid.transpose(1, 3, 0, 2, 4).reshape(side * side, -1)


def _trimmed(image: np.ndarray) -> Sprite:
    """uint8 [side, side, 4] premultiplied → the sprite, cut to what shows."""
    side = len(image)
    shows = image[..., 3] > 8
    rows, columns = np.flatnonzero(shows.any(1)), np.flatnonzero(shows.any(0))
    if not len(rows):
        rows = columns = np.array([side // 2])
    top, left = rows[0], columns[0]
    part = image[top : rows[-1] + 1, left : columns[-1] + 1]
    alpha = part[..., 3:].astype(np.uint16)
    keep = (256 - (alpha + (alpha >> 7))).astype(np.uint16)
    paint = np.minimum(part[..., :3], (255 * (256 - keep)) >> 8).astype(np.uint8)
    mask = part[..., 3] >= 128
    tight = box_from_mask(mask) if mask.any() else (0, 0, 0, 0)
    return Sprite(paint, keep[..., 0], mask, (int(top) - side // 2, int(left) - side // 2), tight)
