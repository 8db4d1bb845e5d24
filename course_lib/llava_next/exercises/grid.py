"""Exercises of Lesson 08: which grid, and the tiles."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava_next.anyres import Size, select_resolution, split_tiles

PINPOINT_SETS = (
    ((64, 128), (128, 64), (128, 128)),
    ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008)),
    ((128, 128), (64, 64), (64, 192)),  # a picture may be smaller than all of them
)
RATIOS = ((1, 1), (3, 1), (1, 3), (2, 1), (1, 2), (4, 3), (3, 4), (7, 1))


def grid_inputs(rng) -> tuple[Size, list[Size]]:
    """A picture's size, small or large, upright, square or wide, and some pinpoints in any order."""
    ratio, side = rng.in_turn(RATIOS), int(rng.in_turn((30, 150, 400, 60, 1200)) * rng.uniform(0.8, 1.2))
    pinpoints = rng.in_turn(PINPOINT_SETS)
    size = tuple(max(1, int(side * part * rng.uniform(0.9, 1.1))) for part in ratio)
    return size, [pinpoints[i] for i in rng.permutation(len(pinpoints))]


def _fit(size, pinpoint) -> tuple[int, int]:
    """(pixels the picture fills once it fits in, pixels of the pinpoint)."""
    scale = min(pinpoint[1] / size[1], pinpoint[0] / size[0])
    return int(size[1] * scale) * int(size[0] * scale), pinpoint[0] * pinpoint[1]


def grid_width_first(size, pinpoints):
    return select_resolution(size[::-1], pinpoints)


def grid_turned_round(size, pinpoints):
    return select_resolution(size, pinpoints)[::-1]


def grid_never_above_forgotten(size, pinpoints):
    return max(pinpoints, key=lambda one: (_fit(size, one)[0], -one[0] * one[1]))


def grid_least_waste_only(size, pinpoints):
    return min(pinpoints, key=lambda one: one[0] * one[1] - min(_fit(size, one)[0], size[0] * size[1]))


def grid_waste_ignored(size, pinpoints):
    def merit(one):
        return min(_fit(size, one)[0], size[0] * size[1]), one[0] * one[1]

    return max(pinpoints, key=merit)


def grid_nearest_ratio(size, pinpoints):
    return min(pinpoints, key=lambda one: (abs(one[0] / one[1] - size[0] / size[1]), -one[0] * one[1]))


def grid_scaled_to_cover(size, pinpoints):
    def merit(one):
        scale = max(one[1] / size[1], one[0] / size[0])
        effective = min(int(size[1] * scale) * int(size[0] * scale), size[0] * size[1])
        return effective, effective - one[0] * one[1]

    return max(pinpoints, key=merit)


def grid_by_loop(size, pinpoints):
    best, most, least = None, -1, 0
    for height, width in pinpoints:
        scale = min(height / size[0], width / size[1])
        effective = min(int(size[0] * scale) * int(size[1] * scale), size[0] * size[1])
        wasted = height * width - effective
        if effective > most or (effective == most and wasted < least):
            best, most, least = (height, width), effective, wasted
    return best


def grid_sorted(size, pinpoints):
    def key(one):
        effective = min(_fit(size, one)[0], size[0] * size[1])
        return -effective, one[0] * one[1] - effective

    return sorted(pinpoints, key=key)[0]


def tile_inputs(rng) -> tuple[Tensor, int]:
    """Pictures of 1 to 3 × 1 to 3 tiles, never as many rows as columns, but for one draw; in one draw they do not divide evenly."""
    rows, columns = rng.in_turn(((1, 2), (2, 1), (2, 3), (3, 2), (2, 2)))
    tile, extra = int(rng.integers(3, 6)), rng.in_turn(((0, 0), (0, 0), (0, 1), (0, 0), (1, 0), (0, 0)))
    return normal(rng, int(rng.integers(1, 3)), 3, rows * tile + extra[0], columns * tile + extra[1]), tile


def tiles_by_columns(pixels, tile):
    split_tiles(pixels, tile)
    return split_tiles(pixels.transpose(2, 3), tile).transpose(3, 4)


def tiles_by_reshape(pixels, tile):
    shape = split_tiles(pixels, tile).shape
    return pixels.reshape(shape)  # [B, 3, h·S, w·S] → [B, h·w, 3, S, S]: pixels of many places in one tile


def tiles_cut_off(pixels, tile):
    rows, columns = pixels.shape[2] // tile, pixels.shape[3] // tile
    return split_tiles(pixels[:, :, : rows * tile, : columns * tile], tile)


def tiles_in_one_batch(pixels, tile):
    return split_tiles(pixels, tile).flatten(0, 1)


def tiles_turned(pixels, tile):
    return split_tiles(pixels, tile).transpose(3, 4)


def tiles_of_first_picture(pixels, tile):
    return split_tiles(pixels[:1], tile).expand(len(pixels), -1, -1, -1, -1)


def tiles_by_slices(pixels, tile):
    height, width = pixels.shape[2:]
    if height % tile or width % tile:
        raise ValueError(f"{height} × {width}")
    places = [(top, left) for top in range(0, height, tile) for left in range(0, width, tile)]
    return torch.stack([pixels[:, :, top : top + tile, left : left + tile] for top, left in places], dim=1)


def tiles_by_unfold(pixels, tile):
    if any(side % tile for side in pixels.shape[2:]):
        raise ValueError("uneven")
    windows = pixels.unfold(2, tile, tile).unfold(3, tile, tile)  # [B, 3, h, w, S, S]
    return windows.permute(0, 2, 3, 1, 4, 5).flatten(1, 2)


TASKS = [
    Task(
        id="llava_next.select_resolution",
        title="The choice of the grid",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=select_resolution,
        used_at=("llava_next.anyres:select_resolution",),
        make_inputs=grid_inputs,
        draws=40,
        mistakes=(
            Mistake(
                "width first",
                grid_width_first,
                "Height and width of the picture are mixed up. Here, as in transformers, all sizes are (height, width); LLaVA's own code has (width, height), and PIL's `image.size` too. A wide picture must get a wide grid.",
            ),
            Mistake(
                "result turned round",
                grid_turned_round,
                "The choice is right, and comes back as (width, height). Return the pinpoint as it stands in the list, (height, width).",
            ),
            Mistake(
                "more pixels than there are",
                grid_never_above_forgotten,
                "A small picture gets the largest grid: making it larger adds pixels, and no detail. The effective resolution is never more than the picture has: `min(fitted, height * width)`.",
            ),
            Mistake(
                "least waste alone",
                grid_least_waste_only,
                "The least wasted resolution decides here. It only breaks ties: first comes the largest *effective* resolution.",
            ),
            Mistake(
                "most waste",
                grid_waste_ignored,
                "Where several pinpoints keep equally much of the picture, the largest wins here, and most of it is padding, which costs tokens. Take the one that wastes least.",
            ),
            Mistake(
                "nearest ratio",
                grid_nearest_ratio,
                "The pinpoint of the most similar proportions is taken. That is close, and not the rule: what counts is how many of the picture's pixels are kept.",
            ),
            Mistake(
                "scaled to cover",
                grid_scaled_to_cover,
                "The picture is scaled until it *covers* the pinpoint (`max` of both ratios), so parts would be cut off. It must fit in: the *smaller* of both ratios.",
            ),
        ),
        alternatives=(grid_by_loop, grid_sorted),
        hints=(
            "For each pinpoint: how far can the picture be scaled so that it still fits in? How many pixels does it fill then?",
            "$s = \\min(w_p/w, h_p/h)$, effective $e = \\min(\\lfloor ws \\rfloor \\lfloor hs \\rfloor, wh)$, wasted $h_p w_p - e$. The largest $e$; among equals the least wasted.",
            "```python\ndef merit(pinpoint):\n    scale = min(...)\n    effective = min(int(size[1] * scale) * int(size[0] * scale), ...)\n    return effective, -(pinpoint[0] * pinpoint[1] - effective)\n\nreturn max(pinpoints, key=merit)\n```",
        ),
    ),
    Task(
        id="llava_next.split_tiles",
        title="The tiles",
        difficulty=3,
        importance=4,
        minutes=10,
        reference=split_tiles,
        used_at=("llava_next.anyres:split_tiles",),
        make_inputs=tile_inputs,
        refuses=(ValueError,),
        special_cases=(
            ("the sides are no whole number of tiles", lambda p, t: bool(p.shape[2] % t or p.shape[3] % t)),
        ),
        draws=30,
        mistakes=(
            Mistake(
                "column by column",
                tiles_by_columns,
                "The tiles come column by column. Row by row, as one reads: after the first tile comes the one to its right.",
            ),
            Mistake(
                "reshaped",
                tiles_by_reshape,
                "The shape is right, and each tile holds pixels of many places: `reshape` only counts on. Split both axes first, [B, 3, h, S, w, S], then bring h and w to the front.",
            ),
            Mistake(
                "cut off in silence",
                tiles_cut_off,
                "What does not fill a tile is cut off, and nobody is told. Raise a `ValueError` where a side is no multiple of the tile.",
            ),
            Mistake(
                "pictures and tiles in one axis",
                tiles_in_one_batch,
                "Pictures and tiles share one axis, so nobody knows any more which tile belongs to which picture. Return [B, h·w, 3, S, S].",
            ),
            Mistake(
                "tiles turned",
                tiles_turned,
                "The tiles are in order, but each lies on its side: rows and columns within a tile have changed places.",
            ),
            Mistake(
                "the first picture's",
                tiles_of_first_picture,
                "Every picture gets the first one's tiles.",
            ),
        ),
        alternatives=(tiles_by_slices, tiles_by_unfold),
        hints=(
            "Split the height into (rows, S) and the width into (columns, S). Then only the order of the axes is left.",
            "$[B, 3, hS, wS] \\to [B, 3, h, S, w, S] \\to [B, h, w, 3, S, S] \\to [B, hw, 3, S, S]$",
            "```python\nif pixels.shape[-2] % tile or ...:\n    raise ValueError(...)\ngrid = pixels.unflatten(3, (-1, tile)).unflatten(2, (-1, tile))  # [B, 3, h, S, w, S]\nreturn grid.permute(...).flatten(1, 2)\n```",
        ),
    ),
]
