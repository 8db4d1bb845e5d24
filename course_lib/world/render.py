"""From a scene to pixels, masks and boxes: copies from the sprite bank onto a backdrop, no drawing."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.world.backdrops import HORIZON, backdrop
from course_lib.world.geometry import Box
from course_lib.world.scenes import Scene, Thing
from course_lib.world.sprites import Sprite, sprite_of
from course_lib.world.stickers import class_named

SHADOW = 0.30  # share of the light that a shadow takes away
SINK = 0.16  # share of its height by which a thing at sea lies under water


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered scene with its exact annotation."""

    image: np.ndarray  # uint8 [H, W, 3]
    instances: np.ndarray  # uint8 [H, W]: 0 backdrop, k where things[k - 1] is what one sees
    boxes: np.ndarray  # int16 [N, 4], x0 y0 x1 y1 around the visible pixels, the ends excluded; zeros if all is hidden


def render(scene: Scene, size: int = 64) -> Picture:
    """Draw the scene at `size` × `size` pixels."""
    canvas = backdrop(scene.backdrop, scene.variant, size).astype(np.uint16)
    instances = np.zeros((size, size), np.uint8)
    laid: list[tuple[Box, bool]] = []
    horizon = HORIZON[scene.backdrop]
    for k, thing in enumerate(scene.things):
        sprite = sprite_of(thing, size)
        floor = size
        if _stands(thing, horizon):
            if scene.backdrop == "sea":
                floor = round((thing.y + thing.width * (0.5 - SINK)) * size)
            else:
                _lay_shadow(canvas, sprite, thing, size)
        if scene.backdrop == "night":
            _lay_rim(canvas, sprite, thing, size)
        laid.append(_lay(canvas, instances, sprite, thing, k + 1, size, floor))
    return Picture(canvas.astype(np.uint8), instances, _boxes(laid, instances))


def _stands(thing: Thing, horizon: float) -> bool:
    """True for a thing whose foot is on the ground, and that is no bird, cloud or rocket."""
    return thing.y + thing.width / 2 > horizon + 0.06 and horizon < 1 and _grounded(thing.name, thing.kind)


@cache
def _grounded(name: str, kind: str) -> bool:
    return kind == "sign" or (kind == "sticker" and class_named(name).place == "ground")


def _window(sprite: Sprite, thing: Thing, size: int, floor: int) -> tuple[int, int, int, int, int, int] | None:
    """(top, bottom, left, right) on the picture and the (y, x) that this cuts off the sprite; None when nothing is left."""
    y, x = round(thing.y * size) + sprite.offset[0], round(thing.x * size) + sprite.offset[1]
    height, width = sprite.mask.shape
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + height, size, floor), min(x + width, size)
    if bottom <= top or right <= left:
        return None
    return top, bottom, left, right, top - y, left - x


def _lay(canvas, instances, sprite: Sprite, thing: Thing, number: int, size: int, floor: int) -> tuple[Box, bool]:
    """Lay the sprite over the picture; returns a box around it, and whether this is tight, for nothing was cut off."""
    window = _window(sprite, thing, size, floor)
    if window is None:
        return (0, 0, 0, 0), False
    top, bottom, left, right, dy, dx = window
    part = (slice(dy, dy + bottom - top), slice(dx, dx + right - left))
    region = canvas[top:bottom, left:right]
    blended = region * _thrice(sprite.keep[part])  # a new array without gaps between its rows: quicker to work on
    blended >>= 8
    blended += sprite.paint[part]
    region[:] = blended
    np.copyto(instances[top:bottom, left:right], number, where=sprite.mask[part])
    if (bottom - top, right - left) != sprite.mask.shape or not any(sprite.tight):
        return (left, top, right, bottom), False
    x0, y0, x1, y1 = sprite.tight
    return (left + x0, top + y0, left + x1, top + y1), True


def _thrice(keep: np.ndarray) -> np.ndarray:
    """[h, w] → [h, w, 3]. Broadcasting [h, w, 1] gives the same and takes seven times as long: its innermost loop is 3 long."""
    return keep.repeat(3).reshape(*keep.shape, 3)  # [h·w·3] → [h, w, 3]


def _boxes(laid: list[tuple[Box, bool]], instances: np.ndarray) -> np.ndarray:
    """int16 [N, 4]: every box as tight as what is visible of its thing. Most are already, for nothing lies over them."""
    boxes = []
    for k, (box, tight) in enumerate(laid):
        if not tight or any(_meet(box, later) for later, _ in laid[k + 1 :]):
            box = _seen_box(instances, box, k + 1)
        boxes.append(box)
    return np.array(boxes, np.int16).reshape(-1, 4)


def _meet(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _seen_box(instances: np.ndarray, box: Box, number: int) -> Box:
    """Around the pixels of a number that lie in a box; zeros if there are none."""
    left, top, right, bottom = box
    seen = instances[top:bottom, left:right] == number
    rows, columns = seen.any(1).tobytes(), seen.any(0).tobytes()  # bytes of 0 and 1, which are searched at once
    if 1 not in rows:
        return 0, 0, 0, 0
    return left + columns.find(1), top + rows.find(1), left + columns.rfind(1) + 1, top + rows.rfind(1) + 1


def _lay_shadow(canvas: np.ndarray, sprite: Sprite, thing: Thing, size: int) -> None:
    """A soft ellipse under the thing's foot."""
    height, width = sprite.mask.shape
    shade = _shadow(max(width, 4), max(round(thing.width * size / 7), 2))
    foot = round(thing.y * size) + sprite.offset[0] + height
    _darken(canvas, shade, foot - shade.shape[0] * 5 // 8, round(thing.x * size) + sprite.offset[1])


def _darken(canvas: np.ndarray, keep: np.ndarray, y: int, x: int) -> None:
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + keep.shape[0], len(canvas)), min(x + keep.shape[1], len(canvas))
    if bottom > top and right > left:
        region = canvas[top:bottom, left:right]
        region[:] = region * keep[top - y : bottom - y, left - x : right - x] >> 8


@cache
def _shadow(width: int, height: int) -> np.ndarray:
    """uint16 [height, width, 3], 256 where there is no shadow."""
    y = (2 * np.arange(height) + 1 - height) / height
    x = (2 * np.arange(width) + 1 - width) / width
    inside = np.clip(1 - y[:, None] ** 2 - x[None] ** 2, 0, 1)
    return _thrice((256 * (1 - SHADOW * np.minimum(inside * 2, 1))).astype(np.uint16))


def _lay_rim(canvas: np.ndarray, sprite: Sprite, thing: Thing, size: int) -> None:
    """A rim of moonlight, so that dark things can be seen at night."""
    rim = _rim(sprite)
    if rim is None:
        return
    y = round(thing.y * size) + sprite.offset[0] - 1
    x = round(thing.x * size) + sprite.offset[1] - 1
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + rim.shape[0], size), min(x + rim.shape[1], size)
    region = canvas[top:bottom, left:right]
    np.maximum(region, rim[top - y : bottom - y, left - x : right - x], out=region)


def _rim(sprite: Sprite) -> np.ndarray | None:
    """uint16 [h + 2, w + 2, 3]: the light around a dark sprite; None for a bright one."""
    if sprite.mask.any() and sprite.paint[sprite.mask].mean() > 90:
        return None
    height, width = sprite.mask.shape
    wide = np.zeros((height + 2, width + 2), bool)
    wide[1:-1, 1:-1] = sprite.mask
    around = wide.copy()
    around[1:] |= wide[:-1]
    around[:-1] |= wide[1:]
    around[:, 1:] |= wide[:, :-1]
    around[:, :-1] |= wide[:, 1:]
    return (around & ~wide)[..., None] * np.array((150, 156, 205), np.uint16)
