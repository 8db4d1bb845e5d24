"""A measured figure, never without its company: chance, control, baseline, ceiling."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache

from course_lib.session import REPO

MIME = "application/vnd.multimodal-course.figures+json"  # how `python -m course_lib run` finds figures among outputs
COLUMNS = ("figure", "value", "interval", "n", "chance", "control", "baseline", "ceiling", "bar", "paper", "note")
PAPERS = REPO / "data" / "papers.json"


WORDED_BARS = {  # bars that are no single number
    "llava.pope.yes_ratio": "45 to 55 %",
    "seem.noc90": "below noc90_no_memory",
    "seem.wrong_prompt_iou": "50 points below click1",
}


@dataclass(frozen=True)
class Figure:
    """One measured number. Shares are 0–1. Fields that have no meaning for it stay None."""

    id: str  # "room.measure.condition", such as "clip.zero_shot_top1.trained"
    value: float
    low: float | None = None  # 95 % confidence interval
    high: float | None = None
    n: int | None = None  # how many things were measured
    chance: float | None = None
    control: float | None = None  # must fail: shuffled pairs, an untrained twin, a blank picture
    baseline: float | None = None  # the best that ignores the input, or the usual method
    ceiling: float | None = None  # the truth, through the same measure
    bar: float | None = None  # what the course set out to reach
    unit: str | None = None  # None: a share
    note: str | None = None

    def to_json(self) -> str:
        """One line of JSON with all fields, null where there is nothing to say."""
        return json.dumps(asdict(self), ensure_ascii=False)


def share(id: str, right: Sequence[bool], **company) -> Figure:
    """The share of True in `right`, with its 95 % interval; `company` is the figure's other fields."""
    value = sum(map(bool, right)) / len(right)
    low, high = wilson(value, len(right))
    return Figure(id, round(value, 4), round(low, 4), round(high, 4), len(right), **company)


def from_json(line: str) -> Figure:
    """The figure that `to_json` wrote."""
    return Figure(**json.loads(line))


def table(figures: Iterable[Figure], columns: Iterable[str] | None = None, *, padded: bool = True) -> str:
    """The figures as a Markdown table, with those of the columns (default: all) that at least one of them fills.

    padded: its columns stand below each other where it is read as text; for a page it only makes the file larger.
    """
    rows = [_cells(figure) for figure in figures]
    used = [column for column in columns or COLUMNS if any(row[column] for row in rows)]
    if not used:
        return "(no figures)"
    lines = [used, *([row[column] for column in used] for row in rows)]
    widths = [max(len(line[i]) for line in lines) if padded else 1 for i in range(len(used))]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    ]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def show(figures: Iterable[Figure]) -> None:
    """Print the table; in a notebook also leave the numbers beside it, for `python -m course_lib run` to collect."""
    figures = list(figures)
    from course_lib.show import in_notebook

    if not in_notebook():
        print(table(figures))
        return
    from IPython.display import display

    text = table(figures)
    page = text.replace(" %", "\N{NO-BREAK SPACE}%")  # as plain text its long rows would wrap, so it is Markdown there
    display({"text/markdown": page, "text/plain": text, MIME: [asdict(figure) for figure in figures]}, raw=True)


def _cells(figure: Figure) -> dict[str, str]:
    """Every column of a figure as text, empty where there is nothing to say."""
    cells = {"figure": figure.id, "value": _number(figure.value, figure.unit), "note": figure.note or ""}
    cells["interval"] = _interval(figure.low, figure.high, figure.unit)
    cells["n"] = "" if figure.n is None else f"{figure.n:,}"
    for name in ("chance", "control", "baseline", "ceiling", "bar"):
        cells[name] = _number(getattr(figure, name), figure.unit)
    cells["bar"] = WORDED_BARS.get(figure.id, cells["bar"])
    paper = papers().get(figure.id)
    return cells | {"paper": f"{paper['value']} ({paper['of']})" if paper else ""}


@cache
def papers() -> dict[str, dict[str, str]]:
    """What papers report of their own models on their own data: figure id → value, of what, source. Another task, so no bar."""
    return json.loads(PAPERS.read_text(encoding="utf-8"))


def _number(value: float | None, unit: str | None) -> str:
    """A share as a percentage, any other number with its unit."""
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if unit is None else f"{value:,.4g} {unit}"


def _interval(low: float | None, high: float | None, unit: str | None) -> str:
    """Both ends with their unit said once, such as "98.2 to 99.2 %"."""
    if low is None or high is None:
        return ""
    return f"{_number(low, unit).removesuffix(' ' + (unit or '%'))} to {_number(high, unit)}"


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson interval of a share measured on n things (E. B. Wilson, 1927): (low, high)."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
