"""The chart of all measured figures: a dot for a value, a line for its interval, small marks for what it is compared with."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field

from course_lib.show.alt_text import html_picture
from course_lib.show.plots import INK, SOFT, WARN

MARKS = {  # told apart by shape; what they mean is said once, in Lesson 00
    "chance": {"marker": "D", "color": "#5b5b5b", "markersize": 4},
    "control": {"marker": "x", "color": "#5b5b5b", "markersize": 7, "markeredgewidth": 1.8},
    "baseline": {"marker": "s", "color": "#5b5b5b", "markersize": 6, "markerfacecolor": "white"},
    "ceiling": {"marker": "^", "color": "#5b5b5b", "markersize": 6, "markerfacecolor": "white"},
    "bar": {"marker": "|", "color": WARN, "markersize": 15, "markeredgewidth": 2.2},
}
ROW, EDGE = 0.34, 0.55  # inches for a row, and for the axis below a panel


@dataclass(frozen=True)
class Dot:
    """A row of the chart."""

    label: str
    value: float  # where its dot is, in `unit`
    text: str  # how its value is written
    unit: str
    interval: tuple[float, float] | None = None
    marks: dict[str, float] = field(default_factory=dict)  # of MARKS, what it is compared with


def dots(rows: Sequence[Dot], *, alt: str) -> dict[str, str]:
    """The chart as what Jupyter displays: a panel for each unit."""
    from matplotlib import pyplot

    panels = [[row for row in rows if row.unit == unit] for unit in dict.fromkeys(row.unit for row in rows)]
    heights = [EDGE + ROW * len(panel) for panel in panels]
    figure, axes = pyplot.subplots(
        len(panels), 1, figsize=(8, sum(heights) + 0.35), height_ratios=heights, layout="constrained", squeeze=False
    )
    for cell, panel in zip(axes.flat, panels, strict=True):
        _draw_panel(cell, panel)
    handles = {handle.get_label(): handle for cell in axes.flat for handle in cell.get_legend_handles_labels()[0]}
    figure.legend(handles=list(handles.values()), loc="outside upper right", ncols=7, frameon=False, fontsize=8)
    return html_picture(figure, alt)


def _draw_panel(axes, rows: Sequence[Dot]) -> None:
    """Rows of one unit on one axis; a value is written at the right of its row."""
    for y, row in enumerate(rows):
        if row.interval:
            axes.plot(row.interval, (y, y), color=SOFT, linewidth=6, solid_capstyle="round", label="95 % interval")
        for name, at in row.marks.items():
            axes.plot(at, y, linestyle="", label=name, **MARKS[name])
        axes.plot(row.value, y, "o", color=INK, markersize=7, label="measured")
        axes.text(1.02, y, row.text, transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    axes.set_yticks(range(len(rows)), ["\n".join(textwrap.wrap(row.label, 46)) for row in rows], fontsize=9)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        if row.label.endswith("(bar missed)"):
            label.set(color=WARN, weight="bold")
    every = [at for row in rows for at in (row.value, *(row.interval or ()), *row.marks.values())]
    low, high = min(0, *every), 100 if rows[0].unit == "%" else max(every)
    room = 0.03 * (high - low or 1)
    axes.set(xlim=(low - room, high + room), ylim=(len(rows) - 0.4, -0.6), xlabel=rows[0].unit)
    axes.grid(axis="both", color="0.9", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
