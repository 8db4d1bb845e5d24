"""The exercise on what stands in a picture's place: its captions, and its boxes as shares of width and height."""

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.formats import serialise


def serialise_inputs(rng) -> tuple[list[str], list, int, int]:
    """A picture of any size with five captions and none to four boxes, in pixels."""
    width, height = int(rng.integers(300, 640)), int(rng.integers(200, 300))
    names = [str(name) for name in rng.permutation(["dog", "palm tree", "owl", "ice cream", "ship"])]
    boxes = []
    for name in names[: int(rng.integers(0, 5))]:
        w, h = int(rng.integers(20, 150)), int(rng.integers(20, 150))
        boxes.append((name, (int(rng.integers(0, width - w)), int(rng.integers(0, height - h)), w, h)))
    captions = [f"{opening} {names[0]}" for opening in ("a picture of a", "one", "we see a", "a lonely", "look, a")]
    return captions, boxes, width, height


def _lines(captions, boxes, edges, form="{:.3f}", gap=True) -> str:
    """The text with another way to get at the four numbers of a box, or to write them."""
    listed = [f"{name}: [{', '.join(form.format(edge) for edge in edges(*box))}]" for name, box in boxes]
    return "\n".join([*captions, *([""] if gap and boxes else []), *listed])


def serialise_pixels(captions, boxes, width, height):
    return _lines(captions, boxes, lambda x, y, w, h: (x, y, x + w, y + h))


def serialise_as_stored(captions, boxes, width, height):
    return _lines(captions, boxes, lambda x, y, w, h: (x, y, w, h))


def serialise_xywh(captions, boxes, width, height):
    return _lines(captions, boxes, lambda x, y, w, h: (x / width, y / height, w / width, h / height))


def serialise_sides_swapped(captions, boxes, width, height):
    return serialise(captions, boxes, height, width)


def serialise_without_gap(captions, boxes, width, height):
    def edges(x, y, w, h):
        return x / width, y / height, (x + w) / width, (y + h) / height

    return _lines(captions, boxes, edges, gap=False)


def serialise_rounded(captions, boxes, width, height):
    def edges(x, y, w, h):
        return (round(edge, 3) for edge in (x / width, y / height, (x + w) / width, (y + h) / height))

    return _lines(captions, boxes, edges, form="{}")


def serialise_by_addition(captions, boxes, width, height):
    text = "\n".join(captions) + ("\n" if boxes else "")
    for name, (x, y, w, h) in boxes:
        x0, y0, x1, y1 = x / width, y / height, (x + w) / width, (y + h) / height
        text += "\n%s: [%.3f, %.3f, %.3f, %.3f]" % (name, x0, y0, x1, y1)  # noqa: UP031  (the old way is right, too)
    return text


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
                "fewer than three decimals",
                serialise_rounded,
                "`round` drops zeros at the end, so one number has three decimals and the next has one. Fix the form, not the value: `f'{edge:.3f}'`.",
            ),
        ),
        alternatives=(serialise_by_addition, serialise_in_blocks),
        hints=(
            "First turn one box into four numbers, on paper: a box at (100, 50), 40 wide and 20 high, in a picture of 400 × 200. All four must lie between 0 and 1.",
            '$\\left(\\frac{x}{W},\\ \\frac{y}{H},\\ \\frac{x+w}{W},\\ \\frac{y+h}{H}\\right)$, each as `f\'{edge:.3f}\'`; lines joined by `"\\n"`, with `""` as the line between captions and boxes.',
            "```python\nlines = list(captions)\nif boxes:\n    lines.append(...)\nfor name, (x, y, w, h) in boxes:\n    edges = (..., ..., ..., ...)\n    lines.append(f\"{name}: [{', '.join(...)}]\")\nreturn '\\n'.join(lines)\n```",
        ),
    ),
]
