"""The exercise on what stands in a picture's place: its captions, and its boxes as shares of width and height."""

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.formats import serialise

NUM_CAPTIONS_AND_BOXES = ((5, 4), (1, 1), (5, 0), (2, 2), (5, 3), (3, 1))
SIDES = (211, 233, 281, 307, 401, 433, 541, 613)  # primes: no share lies halfway between two thousandths


def serialise_inputs(rng) -> tuple[list[str], list, int, int]:
    """A picture, wide or tall, with captions and boxes in pixels: two of one name, one that fills it, none at all."""
    num_captions, num_boxes = rng.in_turn(NUM_CAPTIONS_AND_BOXES)
    width, height = (int(side) for side in rng.choice(SIDES, size=2, replace=False))
    names = [str(name) for name in rng.permutation(["dog", "palm tree", "owl", "ice cream", "ship"])]
    names[1] = names[0]
    boxes = []
    for name in names[:num_boxes]:
        w, h = int(rng.integers(20, 150)), int(rng.integers(20, 150))
        boxes.append((name, (int(rng.integers(0, width - w)), int(rng.integers(0, height - h)), w, h)))
    if num_boxes > 1:
        boxes[-1] = names[-1], (0, 0, width, height)
        boxes[0] = names[0], tuple(edge + 0.25 for edge in boxes[0][1])
    captions = [f"{opening} {names[0]}" for opening in ("we see a", "one", "a picture of a", "a lonely", "look: a")]
    return captions[:num_captions], boxes, width, height


def _text(captions, boxes, edges, form="{:.3f}", comma=", ") -> str:
    """The text with another way to get at the four numbers of a box, or to write them."""
    listed = [f"{name}: [{comma.join(form.format(edge) for edge in edges(*box))}]" for name, box in boxes]
    return "\n".join([*captions, *([""] if boxes else []), *listed])


def _shares(width, height):
    """What makes the right four numbers of a box in a picture of this size."""
    return lambda x, y, w, h: (x / width, y / height, (x + w) / width, (y + h) / height)


def serialise_pixels(captions, boxes, width, height):
    return _text(captions, boxes, _shares(1, 1))


def serialise_as_stored(captions, boxes, width, height):
    return _text(captions, boxes, lambda *box: box)


def serialise_xywh(captions, boxes, width, height):
    return _text(captions, boxes, lambda x, y, w, h: (x / width, y / height, w / width, h / height))


def serialise_centre(captions, boxes, width, height):
    def edges(x, y, w, h):
        return (x + w / 2) / width, (y + h / 2) / height, w / width, h / height

    return _text(captions, boxes, edges)


def serialise_y_first(captions, boxes, width, height):
    def edges(*box):
        left, top, right, bottom = _shares(width, height)(*box)
        return top, left, bottom, right

    return _text(captions, boxes, edges)


def serialise_sides_swapped(captions, boxes, width, height):
    return serialise(captions, boxes, height, width)


def serialise_by_width(captions, boxes, width, height):
    return serialise(captions, boxes, width, width)


def serialise_without_gap(captions, boxes, width, height):
    return "\n".join(line for line in serialise(captions, boxes, width, height).split("\n") if line)


def serialise_gap_always(captions, boxes, width, height):
    return serialise(captions, boxes, width, height) + ("" if boxes else "\n")


def serialise_ends_with_newline(captions, boxes, width, height):
    return serialise(captions, boxes, width, height) + "\n"


def serialise_rounded(captions, boxes, width, height):
    def edges(*box):
        return (round(edge, 3) for edge in _shares(width, height)(*box))

    return _text(captions, boxes, edges, form="{}")


def serialise_two_decimals(captions, boxes, width, height):
    return _text(captions, boxes, _shares(width, height), form="{:.2f}")


def serialise_no_spaces(captions, boxes, width, height):
    return _text(captions, boxes, _shares(width, height), comma=",")


def serialise_half_divided(captions, boxes, width, height):
    return _text(captions, boxes, lambda x, y, w, h: (x / width, y / height, x / width + w, y / height + h))


def serialise_one_line(captions, boxes, width, height):
    return serialise([" ".join(captions)], boxes, width, height)


def serialise_by_addition(captions, boxes, width, height):
    text = "\n".join(captions) + ("\n" if boxes else "")
    for name, (x, y, w, h) in boxes:
        x0, y0, x1, y1 = x / width, y / height, (x + w) / width, (y + h) / height
        text += "\n%s: [%.3f, %.3f, %.3f, %.3f]" % (name, x0, y0, x1, y1)  # noqa: UP031  (the old way is right, too)
    return text


def serialise_step_by_step(captions, boxes, width, height):
    """Line after line, each corner computed for itself."""
    lines = list(captions)
    lines += [""] * bool(boxes)
    for name, box in boxes:
        left, top = box[0], box[1]
        right, bottom = left + box[2], top + box[3]
        numbers = [
            format(round(edge, 3), ".3f") for edge in (left / width, top / height, right / width, bottom / height)
        ]
        lines.append(name + ": [" + ", ".join(numbers) + "]")
    return str.join("\n", lines)


def serialise_in_blocks(captions, boxes, width, height):
    def line(name, x, y, w, h):
        return f"{name}: [{x / width:.3f}, {y / height:.3f}, {(x + w) / width:.3f}, {(y + h) / height:.3f}]"

    blocks = ["\n".join(captions), "\n".join(line(name, *box) for name, box in boxes)]
    return "\n\n".join(block for block in blocks if block)


TASKS = [
    Task(
        id="instruct.serialise",
        title="A picture in words",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=serialise,
        used_at=("instruct.formats:serialise",),
        make_inputs=serialise_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "boxes as COCO stores them",
                serialise_as_stored,
                "The four numbers are COCO's own: pixels, and width and height for the last two. The teacher is promised left, top, *right, bottom*, as *shares* of the picture: add, then divide.",
            ),
            Mistake(
                "pixels",
                serialise_pixels,
                "The edges are right, but in pixels: 320 means the middle in one picture and the margin in another. Divide by the picture's `width` and `height`, so that all lie in 0–1.",
            ),
            Mistake(
                "width and height instead of right and bottom",
                serialise_xywh,
                "The last two numbers are the box's width and height. The reader takes them for its right and bottom edge, and sees a small box far from where it is. Write `x + w` and `y + h`, divided.",
            ),
            Mistake(
                "width and height swapped",
                serialise_sides_swapped,
                "Across is divided by the height, and down by the width. It shows only in pictures that aren't square, so in tests it often hides. `x` goes with `width`.",
            ),
            Mistake(
                "no empty line",
                serialise_without_gap,
                "Captions and boxes run into each other. An empty line between them tells where the one ends and the other begins.",
            ),
            Mistake(
                "decimals by round",
                serialise_rounded,
                "`round` drops zeros at the end, so one number has three decimals and the next has one. Fix the form, not the value: `f'{edge:.3f}'`.",
            ),
            Mistake(
                "two decimals",
                serialise_two_decimals,
                "The numbers have two decimals. Three are asked for: `f'{edge:.3f}'`.",
            ),
            Mistake(
                "centre and size",
                serialise_centre,
                "The first two numbers are the box's centre, the last two its size. Asked for are its edges: left, top, right, bottom.",
            ),
            Mistake(
                "y before x",
                serialise_y_first,
                "Each pair stands the wrong way round: top before left, bottom before right. The order is left, top, right, bottom.",
            ),
            Mistake(
                "all by the width",
                serialise_by_width,
                "All four numbers are divided by the width. Top and bottom are shares of the *height*.",
            ),
            Mistake(
                "an empty line without boxes",
                serialise_gap_always,
                "A picture without boxes ends with an empty line. It belongs between captions and boxes: only `if boxes`.",
            ),
            Mistake(
                "a line break at the end",
                serialise_ends_with_newline,
                'There is a line break behind the last line. Collect the lines, and put `"\\n"` between them: `"\\n".join(lines)`.',
            ),
            Mistake(
                "no space behind the comma",
                serialise_no_spaces,
                "There is no space behind the commas between the numbers. Join them with `', '`.",
            ),
            Mistake(
                "sizes not divided",
                serialise_half_divided,
                "Left and top are divided, the width and height that are added to them are not. Add first, then divide: `(x + w) / width`.",
            ),
            Mistake(
                "captions in one line",
                serialise_one_line,
                "The captions stand in one line. Each has a line of its own.",
            ),
        ),
        alternatives=(serialise_by_addition, serialise_step_by_step, serialise_in_blocks),
        hints=(
            "First turn one box into four numbers, on paper: a box at (100, 50), 40 wide and 20 high, in a picture of 400 × 200. All four must lie between 0 and 1.",
            '$\\left(\\frac{x}{W},\\ \\frac{y}{H},\\ \\frac{x+w}{W},\\ \\frac{y+h}{H}\\right)$, each as `f\'{edge:.3f}\'`; lines joined by `"\\n"`, with `""` as the line between captions and boxes.',
            "```python\nlines = list(captions)\nif boxes:\n    lines.append(...)\nfor name, (x, y, w, h) in boxes:\n    edges = (..., ..., ..., ...)\n    lines.append(f\"{name}: [{', '.join(...)}]\")\nreturn '\\n'.join(lines)\n```",
        ),
    ),
]
