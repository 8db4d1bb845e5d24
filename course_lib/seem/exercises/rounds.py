"""Exercises on rounds: where a person clicks next, and where the memory tokens attend."""

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.decoder import MIN_COVERAGE, memory_update
from course_lib.seem.train.click_simulator import next_click


def click_inputs(rng) -> tuple[np.ndarray, np.ndarray]:
    """Two boxes of random sizes: one missed and one too much, or the other way round."""
    height, width = int(rng.integers(22, 26)), int(rng.integers(28, 34))
    mask, truth = np.zeros((height, width), bool), np.zeros((height, width), bool)
    big, small = (mask, truth) if rng.random() < 0.5 else (truth, mask)
    h, w = int(rng.integers(7, 10)), int(rng.integers(8, 12))
    y, x = int(rng.integers(0, 3)), int(rng.integers(10, 14))
    big[y : y + h, x : x + w] = True
    big[y : y + 3, x + w : x + w + 5] = True  # a handle, which moves the mean away from the middle
    small[16:20, 1 : 1 + int(rng.integers(4, 6))] = True
    mask[12:15, 20:28] = truth[12:15, 20:28] = True  # agreed
    return mask, truth


def _deepest(area: np.ndarray, include: bool) -> tuple[int, int, bool]:
    depth = distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y), include


def _errors(mask, truth) -> tuple[np.ndarray, np.ndarray, bool]:
    missed, extra = truth & ~mask, mask & ~truth
    return missed, extra, bool(missed.sum() >= extra.sum())


def click_y_first(mask, truth):
    x, y, include = next_click(mask, truth)
    return y, x, include


def click_always_include(mask, truth):
    return _deepest(truth & ~mask, True)


def click_swapped(mask, truth):
    x, y, include = next_click(mask, truth)
    return x, y, not include


def click_mean(mask, truth):
    missed, extra, include = _errors(mask, truth)
    ys, xs = np.nonzero(missed if include else extra)
    return round(xs.mean()), round(ys.mean()), include


def click_smaller_error(mask, truth):
    missed, extra, include = _errors(mask, truth)
    return _deepest(extra if include else missed, not include)


def click_first_pixel(mask, truth):
    missed, extra, include = _errors(mask, truth)
    y, x = np.argwhere(missed if include else extra)[0]
    return int(x), int(y), include


def click_by_xor(mask, truth):
    if (mask == truth).all():
        return None
    missed, extra = (mask != truth) & truth, (mask != truth) & mask
    include = np.count_nonzero(missed) >= np.count_nonzero(extra)
    return _deepest(missed if include else extra, bool(include))


def click_by_border(mask, truth):
    """By the distance to the nearest pixel outside."""
    missed, extra = np.logical_and(truth, ~mask), np.logical_and(mask, ~truth)
    if not (missed | extra).any():
        return None
    area = missed if missed.sum() >= extra.sum() else extra
    framed = np.zeros((area.shape[0] + 2, area.shape[1] + 2), bool)
    framed[1:-1, 1:-1] = area
    depth = distance_transform_edt(framed)
    y, x = divmod(int(depth.argmax()), depth.shape[1])
    return x - 1, y - 1, area is missed


def memory_inputs(rng) -> tuple[Tensor, int, int]:
    """Masks of 24 × 24 pixels, and a coarser grid that is not square."""
    prev_mask = torch.zeros(int(rng.integers(3, 6)), 24, 24, dtype=torch.bool)
    for row in range(1, len(prev_mask)):  # the first stays empty
        y, x, h, w = (int(rng.integers(low, high)) for low, high in ((0, 9), (0, 9), (5, 14), (5, 14)))
        prev_mask[row, y : y + h, x : x + w] = True
    return prev_mask, *((4, 6) if rng.random() < 0.5 else (6, 3))


def memory_by_corner(prev_mask, height, width):
    return F.interpolate(prev_mask[:, None].float(), (height, width), mode="nearest").flatten(1) > 0.5


def memory_any(prev_mask, height, width):
    return F.adaptive_max_pool2d(prev_mask.float(), (height, width)).flatten(1) > 0


def memory_inverted(prev_mask, height, width):
    return ~memory_update(prev_mask, height, width)


def memory_transposed(prev_mask, height, width):
    return memory_update(prev_mask.transpose(1, 2), height, width)


def memory_flat_columns(prev_mask, height, width):
    return memory_update(prev_mask, height, width).view(-1, height, width).transpose(1, 2).flatten(1)


def memory_soft(prev_mask, height, width):
    return F.interpolate(prev_mask[:, None].float(), (height, width), mode="area").flatten(1)


def memory_by_pool(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) > MIN_COVERAGE


def memory_by_blocks(prev_mask, height, width):
    blocks = prev_mask.float().view(
        len(prev_mask), height, prev_mask.shape[1] // height, width, prev_mask.shape[2] // width
    )
    return blocks.mean(dim=(2, 4)).reshape(len(prev_mask), -1) > MIN_COVERAGE


TASKS = [
    Task(
        id="seem.next_click",
        title="The next click",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=next_click,
        used_at=("seem.train.click_simulator:next_click",),
        make_inputs=click_inputs,
        mistakes=(
            Mistake(
                "y before x",
                click_y_first,
                "The place comes as (y, x), as numpy counts. A click is (x, y): column first.",
            ),
            Mistake(
                "only what was missed",
                click_always_include,
                "You only click on what was missed. If the mask has *too much*, the larger error is `mask & ~truth`, and the click excludes.",
            ),
            Mistake(
                "sign swapped",
                click_swapped,
                "The sign is the wrong way round: on what was missed one clicks to include, on what is too much to exclude.",
            ),
            Mistake(
                "the mean",
                click_mean,
                "This is the mean of the error's pixels, which may lie beside it (think of a ring). Take the pixel furthest from the edge: `distance_transform_edt`.",
            ),
            Mistake(
                "the smaller error",
                click_smaller_error,
                "This clicks on the smaller of the two errors. The larger one first.",
            ),
            Mistake(
                "any pixel of it",
                click_first_pixel,
                "This is the first pixel of the error, at its rim. A person clicks into its middle: `distance_transform_edt(...).argmax()`.",
            ),
        ),
        alternatives=(click_by_xor, click_by_border),
        hints=(
            "Two errors: what was missed, and what is too much. Which is larger? And which of its pixels is furthest from its edge?",
            "`missed = truth & ~mask`, `extra = mask & ~truth`, [H, W]. `distance_transform_edt(np.pad(area, 1))[1:-1, 1:-1]` is the distance to the edge, the picture's edge included; its argmax is the place. Equal sizes: include. No error: None.",
            "```python\nmissed, extra = ...\nif not (missed.any() or extra.any()):\n    return None\ninclude = bool(...)\ndepth = distance_transform_edt(np.pad(..., 1))[1:-1, 1:-1]\ny, x = np.unravel_index(depth.argmax(), depth.shape)\nreturn int(x), int(y), include\n```",
        ),
    ),
    Task(
        id="seem.memory_update",
        title="Where the memory attends",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=memory_update,
        used_at=("seem.model:memory_update",),
        make_inputs=memory_inputs,
        mistakes=(
            Mistake(
                "one pixel decides",
                memory_by_corner,
                'One pixel of each cell decides for all. Take the share of its pixels that are in the mask: `mode="area"`.',
            ),
            Mistake(
                "any pixel is enough",
                memory_any,
                "A single pixel of the mask fills its whole cell, so the memory leaks over the rim: more than `MIN_COVERAGE` of the cell must be in the mask.",
            ),
            Mistake(
                "everything but",
                memory_inverted,
                "The memory attends outside the last mask. True is where it may attend: inside.",
            ),
            Mistake(
                "transposed",
                memory_transposed,
                "Rows and columns of the mask are exchanged: it is [B, S, S] as (y, x), and the grid is (height, width).",
            ),
            Mistake(
                "column by column",
                memory_flat_columns,
                "The cells come column by column. The picture's features are flattened row by row: `.flatten(1)` of [B, height, width].",
            ),
            Mistake(
                "no threshold",
                memory_soft,
                "These are shares, and an attention mask is yes or no: compare with `MIN_COVERAGE`.",
            ),
        ),
        alternatives=(memory_by_pool, memory_by_blocks),
        hints=(
            "The mask has 64 × 64 pixels, the features that the memory attends to 8 × 8 cells. Which cells belong to the mask?",
            "Mean of the mask over each cell, $[B, height, width]$, greater than `MIN_COVERAGE`, flattened row by row: $[B, height \\cdot width]$ of bool.",
            '```python\ncoverage = F.interpolate(prev_mask[:, None].float(), ..., mode="area")  # [B, 1, h, w]\nreturn (...).flatten(1)\n```',
        ),
    ),
]
