"""A measured figure, never without its company: chance, control, baseline, ceiling."""

import html
import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache

from course_lib.session import REPO, quick

MIME = "application/vnd.multimodal-course.figures+json"  # how `python -m course_lib run` finds figures among outputs
COLUMNS = ("figure", "value", "interval", "n", "chance", "control", "baseline", "ceiling", "bar", "paper", "note", "id")
PAPERS = REPO / "data" / "papers.json"
NAMES = REPO / "data" / "figure_names.json"
RECORDED = REPO / "data" / "figures.jsonl"


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


AT_MOST = {  # here less is better; all other bars are to be reached
    "world.held_out_leaks", "lm.follow.before", "llava.vqa_blank.mean", "llava.vqa_shuffled.mean", "gligen.ap50.no_boxes",
    "gligen.ap50.shuffled", "gligen.fidelity_ratio", "gligen.seconds_4x20", "seem.noc85", "seem.round_ms", "course.minutes.total",
    "next.control.upsampled", "next.control.permuted.relation",
    "llava.describe.repeats", "llava.describe.repeats_beams", "imagebind.seem_iou.other", "failures.zero_shot.lost",
    "failures.companions.uniform.gap", "failures.repair.after.coverage_lost", "failures.repair.after.vqa_lost",
    "failures.repair.after.text_lost", "small.tokens", "small.int8_loss.half", "small.int8_loss.one", "small.int8_loss.two",
    "emergence.none.fr", "emergence.none.ci", "emergence.blank.fr", "emergence.blank.ci",
}  # fmt: skip
Rule = Callable[[Figure], bool] | None  # who met it; None: it needs another figure
WORDED_BARS: dict[str, tuple[str, Rule]] = {  # bars that are no single number
    "llava.pope.yes_ratio": ("45 to 55 %", lambda figure: 0.45 <= figure.value <= 0.55),
    "failures.repair.after.yes_ratio": ("45 to 55 %", lambda figure: 0.45 <= figure.value <= 0.55),
    "failures.repair.shuffled.chair_cut": ("no gain", lambda figure: figure.low <= 0),
    "video.shuffled.temporal": ("not above chance", lambda figure: figure.low <= figure.chance),
    "next.pope.yes_ratio": ("45 to 55 %", lambda figure: 0.45 <= figure.value <= 0.55),
    "small.claim.half": ("interval reaches two million, faulty × 4", lambda figure: figure.high >= figure.baseline),
    "small.claim.one": ("interval reaches two million, faulty × 4", lambda figure: figure.high >= figure.baseline),
    "agents.gain.own": ("interval above 0 points", lambda figure: figure.low > 0),
    "seem.noc90": ("fewer than without memory", lambda figure: figure.value < figure.control),
    "seem.wrong_prompt_iou": ("50 points below one click", None),
}


def missed(figure: Figure) -> bool:
    """Has it a bar that it does not reach?"""
    if figure.id in WORDED_BARS:
        met = WORDED_BARS[figure.id][1]
        return met is not None and not met(figure)
    if figure.bar is None:
        return False
    return figure.value > figure.bar if figure.id in AT_MOST else figure.value < figure.bar


def share(id: str, right: Sequence[bool], **company) -> Figure:
    """The share of True in `right`, with its 95 % interval; `company` is the figure's other fields."""
    value = sum(map(bool, right)) / len(right)
    low, high = wilson(value, len(right))
    return Figure(id, round(value, 4), round(low, 4), round(high, 4), len(right), **company)


def from_json(line: str) -> Figure:
    """The figure that `to_json` wrote."""
    return Figure(**json.loads(line))


def recorded(*ids: str) -> list[Figure]:
    """These figures as they were last measured, from data/figures.jsonl. "clip.lab." stands for all whose ids begin so."""
    known = {figure.id: figure for figure in map(from_json, RECORDED.read_text(encoding="utf-8").splitlines())}
    asked = [[one for one in known if one.startswith(id)] if id.endswith(".") else [id] for id in ids]
    return [known[id] for group in asked for id in group]


def name(id: str) -> str:
    """What people call it: the name of the longest known beginning of its id, and the rest of the id in words."""
    parts = id.split(".")
    for length in range(len(parts), 0, -1):
        if known := names().get(".".join(parts[:length])):
            rest = " ".join(parts[length:]).replace("_", " ")
            return f"{known}: {rest}" if rest else known
    return id


def table(figures: Iterable[Figure], columns: Iterable[str] = COLUMNS, *, padded: bool = True) -> str:
    """The figures as a Markdown table, with those of the columns that at least one of them fills.

    padded: its columns stand below each other where it is read as text; for a page it only makes the file larger.
    """
    rows = _rows(figures, columns)
    widths = [max(map(len, column)) if padded else 1 for column in zip(*rows, strict=True)]
    text = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text) if widths else "(no figures)"


def show(figures: Iterable[Figure], *, slow: bool = False) -> None:
    """Print the table. In a notebook: a chart, and the table folded; beside them the numbers, for `python -m course_lib run`.

    slow: it takes long to measure them, so where budgets are tiny nobody does.
    """
    from course_lib.show import dots, in_notebook

    if slow and quick():
        return
    figures = list(figures)
    told = [figure for figure in figures if not figure.id.endswith(".ceiling")]  # a column of the others
    text = table(told)
    if not in_notebook() or not told:
        print(text)
        return
    from IPython.display import display

    picture = dots([_dot(figure) for figure in told], alt=_alt(told))["text/html"]
    folded = f"<details><summary>The same as a table</summary>{_html_table(told)}</details>"
    display({"text/html": picture + folded, "text/plain": text, MIME: [asdict(one) for one in figures]}, raw=True)


def _dot(figure: Figure):
    """What the chart draws of a figure."""
    from course_lib.show import Dot

    factor = 100 if figure.unit is None else 1
    fields = ("chance", "control", "baseline", "ceiling", "bar")
    marks = {field: factor * getattr(figure, field) for field in fields if getattr(figure, field) is not None}
    if marks.get("ceiling") == 100:
        del marks["ceiling"]
    interval = None if figure.low is None or figure.high is None else (factor * figure.low, factor * figure.high)
    label = f"{name(figure.id)} (bar missed)" if missed(figure) else name(figure.id)
    text = number(figure.value, figure.unit).removesuffix(f" {figure.unit}")  # a unit stands below the axis
    return Dot(label, factor * figure.value, text, figure.unit or "%", interval, marks)


def _alt(figures: Iterable[Figure]) -> str:
    """The chart in words."""
    said = [
        f"{name(figure.id)} {number(figure.value, figure.unit)}{' (bar missed)' * missed(figure)}" for figure in figures
    ]
    return f"A chart of measured figures, with intervals and what each is compared with: {'; '.join(said)}."


def _rows(figures: Iterable[Figure], columns: Iterable[str]) -> list[list[str]]:
    """A row of column names and one for each figure, of the columns that at least one figure fills."""
    rows = [_cells(figure) for figure in figures]
    used = [column for column in columns if any(row[column] for row in rows)]
    return [used, *([row[column] for column in used] for row in rows)]


def _html_table(figures: Iterable[Figure]) -> str:
    """The table for a page. Values don't wrap; names and notes may."""
    head, *rows = ([html.escape(cell).replace(" %", "&nbsp;%") for cell in row] for row in _rows(figures, COLUMNS))
    lines = [
        "".join(f"<th>{cell}</th>" for cell in head),
        *("".join(f"<td>{cell}</td>" for cell in row) for row in rows),
    ]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _cells(figure: Figure) -> dict[str, str]:
    """Every column of a figure as text, empty where there is nothing to say."""
    cells = {"figure": name(figure.id), "value": number(figure.value, figure.unit), "note": figure.note or ""}
    cells |= {"id": figure.id, "interval": _interval(figure.low, figure.high, figure.unit)}
    cells["n"] = "" if figure.n is None else f"{figure.n:,}"
    for field in ("chance", "control", "baseline", "ceiling"):
        cells[field] = number(getattr(figure, field), figure.unit)
    if figure.ceiling == 1 and figure.unit is None:
        cells["ceiling"] = ""  # 100 % says nothing
    cells["bar"] = f"{bar(figure)}, missed" if missed(figure) else bar(figure)
    paper = papers().get(figure.id)
    return cells | {"paper": f"{paper['value']} ({paper['of']})" if paper else ""}


def bar(figure: Figure) -> str:
    """Its bar in words, such as "≥ 85.0 %"; "" if it has none."""
    if figure.id in WORDED_BARS:
        return WORDED_BARS[figure.id][0]
    if figure.bar is None:
        return ""
    return f"{'≤' if figure.id in AT_MOST else '≥'} {number(figure.bar, figure.unit)}"


@cache
def papers() -> dict[str, dict[str, str]]:
    """What papers report of their own models on their own data: figure id → value, of what, source. Another task, so no bar."""
    return json.loads(PAPERS.read_text(encoding="utf-8"))


@cache
def names() -> dict[str, str]:
    """A figure's id, or its beginning → what people call it."""
    return json.loads(NAMES.read_text(encoding="utf-8"))


def number(value: float | None, unit: str | None) -> str:
    """A share as a percentage, any other number with its unit."""
    if value is None:
        return ""
    return f"{100 * value:.1f} %" if unit is None else f"{value:,.4g} {unit}"


def _interval(low: float | None, high: float | None, unit: str | None) -> str:
    """Both ends with their unit said once, such as "98.2 to 99.2 %"."""
    if low is None or high is None:
        return ""
    return f"{number(low, unit).removesuffix(' ' + (unit or '%'))} to {number(high, unit)}"


def wilson(share: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % Wilson interval of a share measured on n things (E. B. Wilson, 1927): (low, high)."""
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, centre - half), min(1.0, centre + half)
