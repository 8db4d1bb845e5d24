"""What a person drew on a picture: plain JSON on its way from the browser, checked here before anything uses it."""

import math
from dataclasses import asdict, dataclass

import numpy as np
from PIL import Image, ImageDraw

from course_lib.common.text import readable

MOST_MARKS, MOST_POINTS, MOST_LETTERS = 64, 500, 200


POINTS = {  # kind → how many points it has, at least and at most
    "click": (1, 1),
    "scribble": (1, MOST_POINTS),
    "box": (2, 2),
    "polygon": (3, MOST_POINTS),
    "text": (0, 0),
    "reference": (2, 2),
}
CORNERS = ("box", "reference")
KEYS = ("kind", "points", "positive", "text")


class MarkError(ValueError):
    """A mark that means nothing, with one sentence that says what is wrong with it."""


@dataclass(frozen=True)
class Mark:
    """One thing that was drawn or typed. Coordinates are shares of the picture's width and height: (x, y), 0–1, y down."""

    kind: str  # one of POINTS
    points: tuple[tuple[float, float], ...] = ()  # of a box: the left top and the right bottom corner
    positive: bool = True  # False: not this
    text: str = ""  # the words of a text, or what a box shall hold

    @property
    def xyxy(self) -> tuple[float, float, float, float]:
        """A box as (x0, y0, x1, y1)."""
        (x0, y0), (x1, y1) = self.points
        return x0, y0, x1, y1

    def to_json(self) -> dict:
        """What `marks_from_json` reads."""
        return asdict(self) | {"points": [list(point) for point in self.points]}

    def __str__(self) -> str:
        """In words, for those who can't see it."""
        if self.kind == "text":
            return f"the words “{self.text}”"
        (x0, y0), (x1, y1) = self.points[0], self.points[-1]
        where = f"at {percent(x0, y0)}" if self.kind == "click" else f"from {percent(x0, y0)} to {percent(x1, y1)}"
        name = "region of the reference" if self.kind == "reference" else self.kind
        return ("" if self.positive else "excluding ") + f"{name} {where}" + (f": {self.text}" if self.text else "")


def percent(x: float, y: float) -> str:
    """A place as a person says it: so much from the left, so much from the top."""
    return f"{100 * x:.0f} %, {100 * y:.0f} %"


def marks_from_json(value: object) -> list[Mark]:
    """A list of marks from whatever the browser sent. Raises MarkError, with one sentence, unless all of it is right."""
    if not isinstance(value, (list, tuple)):
        raise MarkError(f"marks come as a list, and this is {_short(value)}.")
    if len(value) > MOST_MARKS:
        raise MarkError(f"{len(value)} marks are too many: at most {MOST_MARKS} are taken.")
    return [_mark(entry, f"mark {number}") for number, entry in enumerate(value, start=1)]


def _mark(entry: object, which: str) -> Mark:
    if isinstance(entry, Mark):
        entry = entry.to_json()
    if not isinstance(entry, dict):
        raise MarkError(f"{which} should have a kind and points, and is {_short(entry)}.")
    if unknown := [key for key in entry if key not in KEYS]:
        raise MarkError(f"{which} has {_short(unknown[0])}, which is none of {', '.join(KEYS)}.")
    kind, positive = entry.get("kind"), entry.get("positive", True)
    if not isinstance(kind, str) or kind not in POINTS:
        raise MarkError(f"{which} is of kind {_short(kind)}, which is none of {', '.join(POINTS)}.")
    if not isinstance(positive, bool):
        raise MarkError(f"{which}: positive is true or false, and not {_short(positive)}.")
    points = _points(entry.get("points", ()), kind, which)
    return Mark(kind, points, positive, _text(entry.get("text", ""), kind, which))


def _points(value: object, kind: str, which: str) -> tuple[tuple[float, float], ...]:
    """The points of a mark, as many as its kind has, all inside the picture."""
    least, most = POINTS[kind]
    if not isinstance(value, (list, tuple)) or not least <= len(value) <= most:
        wanted = f"{least}" if least == most else f"{least} to {most}"
        has = len(value) if isinstance(value, (list, tuple)) else _short(value)
        raise MarkError(f"{which}: a {kind} has {wanted} point(s), and this one has {has}.")
    points = tuple(_point(point, which) for point in value)
    if kind in CORNERS and not (points[0][0] < points[1][0] and points[0][1] < points[1][1]):
        raise MarkError(f"{which}: a {kind} goes from its left top to its right bottom corner, and has an area.")
    return points


def _point(value: object, which: str) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2 or not all(_number(part) for part in value):
        raise MarkError(f"{which}: a point is two numbers (x, y), and not {_short(value)}.")
    if not all(0 <= part <= 1 for part in value):  # nan is not, either
        raise MarkError(f"{which} lies outside the picture: x and y go from 0 to 1, and this is {_short(value)}.")
    return float(value[0]), float(value[1])


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _text(value: object, kind: str, which: str) -> str:
    if not isinstance(value, str) or len(value) > MOST_LETTERS:
        raise MarkError(f"{which}: its text is up to {MOST_LETTERS} letters, and not {_short(value)}.")
    if kind == "text" and not value.strip():
        raise MarkError(f"{which} is an empty text: type what to look for.")
    if value and kind not in ("text", "box"):
        raise MarkError(f"{which}: a {kind} has no text; only boxes and texts have.")
    return readable(value)


def _short(value: object) -> str:
    """A value as it fits into a sentence."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def covered(mark: Mark, height: int, width: int) -> np.ndarray:
    """Pixels under a mark, bool [height, width]: at least one; of a text none. x runs along the width, y down the height."""
    canvas = Image.new("1", (width, height))
    pen = ImageDraw.Draw(canvas)
    points = [(column(x, width), column(y, height)) for x, y in mark.points]
    if mark.kind in CORNERS:
        x1, y1 = mark.points[1]
        right, bottom = math.ceil(x1 * width) - 1, math.ceil(y1 * height) - 1
        pen.rectangle((points[0], (max(right, points[0][0]), max(bottom, points[0][1]))), fill=1)
    elif mark.kind == "polygon":
        pen.polygon(points, fill=1, outline=1)
    elif mark.kind == "scribble":
        pen.line(points, fill=1)
    if mark.kind in ("click", "scribble"):
        pen.point(points, fill=1)
    return np.asarray(canvas, dtype=bool)


def column(share: float, pixels: int) -> int:
    """The pixel in which a place lies; the right edge belongs to the last one."""
    return min(int(share * pixels), pixels - 1)
