"""Exercises of Lesson 08: the padding goes, and every row ends with a newline."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava_next.anyres import Size, add_newlines, unpad

GRIDS = ((8, 8), (4, 8), (8, 4), (6, 12), (10, 10))
RATIOS = (0.4, 1.0, 2.5, 0.7, 1.6, 0.25, 30.0, 0.5, 4.0)  # of width to height; one is too thin for any grid


def unpad_inputs(rng) -> tuple[Tensor, Size]:
    """Token maps [B, rows, columns, D], and the size of the picture that was fitted into them, now and then too thin."""
    rows, columns = rng.in_turn(GRIDS)
    ratio, side = rng.in_turn(RATIOS), int(rng.integers(100, 900))
    size = max(1, round(side / ratio**0.5)), max(1, round(side * ratio**0.5))
    return normal(rng, int(rng.integers(1, 3)), rows, columns, int(rng.integers(3, 6))), size


def _cut(features, rows: int, columns: int):
    """`rows` off the top and bottom each, `columns` off the left and right each."""
    return features[:, rows : features.shape[1] - rows, columns : features.shape[2] - columns]


def _padding(features, size) -> tuple[int, int]:
    """How much of it lies above and below, and left and right."""
    (rows, columns), (height, width) = features.shape[1:3], size
    if width / height > columns / rows:
        return (rows - int(round(height * columns / width, 7))) // 2, 0
    return 0, (columns - int(round(width * rows / height, 7))) // 2


def unpad_width_first(features, size):
    return unpad(features, size[::-1])


def unpad_nothing(features, size):
    unpad(features, size)
    return features


def unpad_one_side(features, size):
    unpad(features, size)
    rows, columns = _padding(features, size)
    return features[:, 2 * rows :, 2 * columns :]


def unpad_other_axis(features, size):
    unpad(features, size)
    rows, columns = _padding(features, size)
    return _cut(features, min(columns, (features.shape[1] - 1) // 2), min(rows, (features.shape[2] - 1) // 2))


def unpad_minus_zero(features, size):
    unpad(features, size)
    rows, columns = _padding(features, size)
    return features[:, rows:-rows] if rows else features[:, :, columns:-columns]


def unpad_thin_unnoticed(features, size):
    return _cut(features, *_padding(features, size))


def unpad_square_assumed(features, size):
    unpad(features, size)
    (rows, columns), (height, width) = features.shape[1:3], size
    if width > height:
        return _cut(features, max(0, rows - int(rows * height / width)) // 2, 0)
    return _cut(features, 0, max(0, columns - int(columns * width / height)) // 2)


def unpad_by_hand(features, size):
    rows, columns = features.shape[1:3]
    height, width = size
    scale = min(columns / width, rows / height)
    if columns / width < rows / height:
        gone = (rows - int(round(height * scale, 7))) // 2
        kept = features[:, gone : rows - gone]
    else:
        gone = (columns - int(round(width * scale, 7))) // 2
        kept = features[:, :, gone : columns - gone]
    if 0 in kept.shape:
        raise ValueError("too thin")
    return kept


def unpad_by_narrow(features, size):
    (rows, columns), (height, width) = features.shape[1:3], size
    axis, length, used = (1, rows, height * columns / width) if width * rows > columns * height else (2, columns, 0)
    used = int(round(used or width * rows / height, 7))
    padding = (length - used) // 2
    if length - 2 * padding <= 0:
        raise ValueError("nothing is left")
    return features.narrow(axis, padding, length - 2 * padding)


def newline_inputs(rng) -> tuple[Tensor, Tensor]:
    """Token maps [B, rows, columns, D], rows and columns different, and a newline [D]."""
    rows, columns = rng.in_turn(((2, 3), (4, 2), (1, 4), (3, 5)))
    width = int(rng.integers(3, 6))
    return normal(rng, int(rng.integers(1, 4)), rows, columns, width), normal(rng, width)


def newline_before(tokens, newline):
    ends = newline.expand(*tokens.shape[:2], 1, -1)
    return torch.cat([ends, tokens], dim=2).flatten(1, 2)


def newline_a_column(tokens, newline):
    ends = newline.expand(len(tokens), 1, tokens.shape[2], -1)
    return torch.cat([tokens, ends], dim=1).flatten(1, 2)


def newline_once(tokens, newline):
    return torch.cat([tokens.flatten(1, 2), newline.expand(len(tokens), 1, -1)], dim=1)


def newline_column_order(tokens, newline):
    return torch.cat([tokens, newline.expand(*tokens.shape[:2], 1, -1)], dim=2).transpose(1, 2).flatten(1, 2)


def newline_left_out(tokens, newline):
    return tokens.flatten(1, 2)


def newline_by_loop(tokens, newline):
    rows = [torch.cat([row, newline.expand(len(row), 1, -1)], dim=1) for row in tokens.unbind(1)]
    return torch.cat(rows, dim=1)


def newline_into_place(tokens, newline):
    batch, rows, columns, width = tokens.shape
    joined = newline.repeat(batch, rows, columns + 1, 1)  # [B, R, C + 1, D]
    joined[:, :, :columns] = tokens
    return joined.reshape(batch, rows * (columns + 1), width)


TASKS = [
    Task(
        id="llava_next.unpad",
        title="Without the padding",
        difficulty=3,
        importance=4,
        minutes=12,
        reference=unpad,
        used_at=("llava_next.anyres:unpad",),
        make_inputs=unpad_inputs,
        refuses=(ValueError,),
        special_cases=(("nothing of the picture is left", lambda f, s: max(s) > 15 * min(s)),),
        draws=45,
        mistakes=(
            Mistake(
                "width first",
                unpad_width_first,
                "The picture's size is read as (width, height). It is (height, width), as in transformers: an upright picture loses columns, not rows.",
            ),
            Mistake(
                "nothing taken away",
                unpad_nothing,
                "The padding is still there: it costs tokens and says nothing. Compare the proportions of picture and map.",
            ),
            Mistake(
                "one side only",
                unpad_one_side,
                "All of the padding is taken from one side. The picture stands in the middle: half of it lies on either side.",
            ),
            Mistake(
                "the other axis",
                unpad_other_axis,
                "Rows and columns are mixed up: a picture that is wider than the map has its padding above and below.",
            ),
            Mistake(
                "minus zero",
                unpad_minus_zero,
                "Where there is no padding, nothing is left: `[0:-0]` is empty. Write the end as `rows - padding`.",
            ),
            Mistake(
                "too thin, unnoticed",
                unpad_thin_unnoticed,
                "A picture thinner than one token leaves nothing, and an empty map is returned. Raise a `ValueError`, or the language model is asked about a picture that isn't there.",
            ),
            Mistake(
                "a square map assumed",
                unpad_square_assumed,
                "The picture's height is compared with its width. Compare its proportions with those of the *map*, which is no square for every grid.",
            ),
        ),
        alternatives=(unpad_by_hand, unpad_by_narrow),
        hints=(
            "Is the picture relatively wider than the map? Then it fills all columns, and the padding lies above and below.",
            "If $w/h > C/R$: used rows $r = \\lfloor hC/w \\rfloor$, padding $(R - r) // 2$ at the top and at the bottom. Else the same with columns.",
            "```python\nif width / height > columns / rows:\n    padding = (rows - int(round(height * columns / width, 7))) // 2\n    features = features[:, padding : rows - padding]\nelse:\n    ...\nif not features.numel():\n    raise ValueError(...)\n```",
        ),
    ),
    Task(
        id="llava_next.add_newlines",
        title="A newline for each row",
        difficulty=2,
        importance=3,
        minutes=6,
        reference=add_newlines,
        used_at=("llava_next.anyres:add_newlines",),
        make_inputs=newline_inputs,
        check_gradient=True,
        draws=8,
        mistakes=(
            Mistake(
                "before the row",
                newline_before,
                "The newline stands before each row. It is an *end* of line: behind its row.",
            ),
            Mistake(
                "a row of newlines",
                newline_a_column,
                "A whole row of newlines stands below the map. Each row gets one, at its end: join along the columns.",
            ),
            Mistake(
                "once",
                newline_once,
                "One newline at the very end. Without one for each row the language model can't tell how wide the picture is.",
            ),
            Mistake(
                "column by column",
                newline_column_order,
                "The tokens come column by column, and all newlines together at the end. Flatten the rows one after the other.",
            ),
            Mistake("none", newline_left_out, "There is no newline: rows · (columns + 1) tokens, please."),
        ),
        alternatives=(newline_by_loop, newline_into_place),
        hints=(
            "Make a column of newlines, one row high for each row, and put it on the right.",
            "$[B, R, C, D]$ and $[B, R, 1, D]$ joined along the third axis, then $[B, R, C+1, D] \\to [B, R(C+1), D]$.",
            "```python\nends = newline.expand(*tokens.shape[:2], 1, -1)\nreturn torch.cat([...], dim=2).flatten(1, 2)\n```",
        ),
    ),
]
