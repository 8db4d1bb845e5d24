"""The exercise on memory: where its tokens attend in the next round."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.decoder import MIN_COVERAGE, memory_update

SIZES = (  # B, S, height, width; where S is 20, a cell may be covered by exactly 30 %
    *((3, 24, 4, 6), (5, 24, 6, 3), (4, 20, 4, 5), (1, 24, 3, 8), (2, 8, 8, 8), (3, 30, 1, 1), (4, 64, 8, 8)),
)


def memory_inputs(rng) -> tuple[Tensor, int, int]:
    """Masks, one of them empty and one full, and a coarser grid that is mostly not square."""
    batch, size, height, width = rng.in_turn(SIZES)
    prev_mask = torch.zeros(batch, size, size, dtype=torch.bool)
    for row in range(batch):
        y, x, h, w = (int(rng.integers(size // low, size // high)) for low, high in ((9, 3), (9, 3), (5, 2), (5, 2)))
        prev_mask[row, y : y + h, x : x + w] = True
    if batch > 2:
        prev_mask[0], prev_mask[1] = False, True
    prev_mask[-1, -2:, -3:] = size == 20  # 6 of the 20 pixels of the last cell
    return prev_mask, height, width


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


def memory_at_least(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) >= MIN_COVERAGE


def memory_half(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) > 0.5


def memory_full(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) == 1


def memory_smooth(prev_mask, height, width):
    return F.interpolate(prev_mask[:, None].float(), (height, width), mode="bilinear").flatten(1) > MIN_COVERAGE


def memory_sides_exchanged(prev_mask, height, width):
    return memory_update(prev_mask, width, height)


def memory_not_flat(prev_mask, height, width):
    return memory_update(prev_mask, height, width).unflatten(1, (height, width))


def memory_by_pool(prev_mask, height, width):
    return F.adaptive_avg_pool2d(prev_mask.float(), (height, width)).flatten(1) > MIN_COVERAGE


def memory_by_blocks(prev_mask, height, width):
    blocks = prev_mask.float().view(
        len(prev_mask), height, prev_mask.shape[1] // height, width, prev_mask.shape[2] // width
    )
    return blocks.mean(dim=(2, 4)).reshape(len(prev_mask), -1) > MIN_COVERAGE


TASKS = [
    Task(
        id="seem.memory_update",
        title="Where the memory attends",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=memory_update,
        used_at=("seem.model:memory_update",),
        make_inputs=memory_inputs,
        draws=len(SIZES),
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
            Mistake(
                "exactly enough",
                memory_at_least,
                "A cell that is covered by exactly `MIN_COVERAGE` counts here. It should be *more*: `>`.",
            ),
            Mistake(
                "half of the cell",
                memory_half,
                "A cell counts here when half of it is covered. `MIN_COVERAGE` is enough, so that thin things are remembered, too.",
            ),
            Mistake(
                "the whole cell",
                memory_full,
                "Only cells that lie wholly in the mask count. More than `MIN_COVERAGE` is enough, so that thin things are remembered, too.",
            ),
            Mistake(
                "between four pixels",
                memory_smooth,
                '`mode="bilinear"` looks at the few pixels around the cell\'s centre. Take the share of *all* its pixels: `mode="area"`.',
            ),
            Mistake(
                "height and width exchanged",
                memory_sides_exchanged,
                "Height and width of the grid are exchanged. First the number of rows: `(height, width)`.",
            ),
            Mistake(
                "not flattened",
                memory_not_flat,
                "This is [B, height, width]. The features stand in one row: `.flatten(1)` makes it [B, height · width].",
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
