"""Diagrams: boxes with shapes on them, and arrows between them. All lessons draw theirs in this one style."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from course_lib.show.alt_text import show_figure

KINDS = {  # kind → (fill, edge, dash): told apart by lightness and dash, too
    "data": ("#ffffff", "#5b5b5b", "-"),
    "frozen": ("#dfe8f5", "#1f3b73", "--"),
    "learned": ("#ffcf8f", "#c44e00", "-"),
    "result": ("#e8e8e8", "#1a1a1a", "-"),
}
COLUMN, ROW = 2.1, 1.05  # inches from one cell of the grid to the next
BOX = 1.55, 0.66  # width and height of a box one cell wide, in inches


@dataclass(frozen=True)
class Box:
    """A box in a grid: its column and row (0 is left, and top; halves are fine), its words, and below them a tensor's shape."""

    column: float
    row: float
    text: str
    shape: str = ""
    kind: str = "data"  # "frozen": it never learns; "learned": it is trained here; "result": what comes out
    width: float = 1.0  # in columns


Arrow = tuple[str, str] | tuple[str, str, str]  # from the box of this name to that one, and what is written beside it


def diagram(boxes: dict[str, Box], arrows: Sequence[Arrow], *, alt: str, legend: Mapping[str, str] = {}) -> None:
    """Draw boxes by name and the arrows between them; `alt` says the same in a sentence or two.

    legend: what a kind is called below the diagram, where it is not by its own name.
    """
    from matplotlib import pyplot

    last_column = max(box.column + (box.width - 1) / 2 for box in boxes.values())
    last_row = max(box.row for box in boxes.values())
    width, height = (last_column + 1) * COLUMN, (last_row + 1) * ROW + 0.3
    figure, axes = pyplot.subplots(figsize=(width, height))
    figure.subplots_adjust(0, 0, 1, 1)
    axes.set(xlim=(-COLUMN / 2, width - COLUMN / 2), ylim=(height - ROW / 2, -ROW / 2), aspect="equal")
    axes.axis("off")
    patches = {name: _draw_box(axes, box) for name, box in boxes.items()}
    for start, end, *label in arrows:
        _draw_arrow(axes, boxes[start], boxes[end], patches[start], patches[end], "".join(label))
    _draw_legend(axes, {kind: legend.get(kind, kind) for kind in KINDS if any(b.kind == kind for b in boxes.values())})
    show_figure(figure, alt)


def _centre(box: Box) -> tuple[float, float]:
    return box.column * COLUMN, box.row * ROW


def _draw_box(axes, box: Box):
    """The box's patch, for arrows to end at."""
    from matplotlib.patches import FancyBboxPatch

    (x, y), (fill, edge, dash) = _centre(box), KINDS[box.kind]
    width, height = BOX[0] + (box.width - 1) * COLUMN, BOX[1]
    corner, style = (x - width / 2, y - height / 2), "round,pad=0,rounding_size=0.1"
    patch = FancyBboxPatch(
        corner, width, height, boxstyle=style, facecolor=fill, edgecolor=edge, linestyle=dash, linewidth=1.4
    )
    axes.add_patch(patch)
    axes.text(x, y - (0.13 if box.shape else 0), box.text, ha="center", va="center", fontsize=9, linespacing=1.05)
    if box.shape:
        axes.text(x, y + 0.2, box.shape, ha="center", va="center", fontsize=7.5, family="monospace", color="#333333")
    return patch


def _draw_arrow(axes, start: Box, end: Box, start_patch, end_patch, label: str) -> None:
    """From edge to edge, straight; the label stands on its middle."""
    (x0, y0), (x1, y1) = _centre(start), _centre(end)
    style = {"arrowstyle": "-|>", "color": "#333333", "linewidth": 1.2, "shrinkA": 1, "shrinkB": 1}
    axes.annotate("", (x1, y1), (x0, y0), arrowprops={**style, "patchA": start_patch, "patchB": end_patch})
    if label:
        behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        axes.text(x, y, label, fontsize=7.5, color="#333333", ha="center", va="center", bbox=behind)


def _draw_legend(axes, names: Mapping[str, str]) -> None:
    from matplotlib.patches import Patch

    handles = [
        Patch(facecolor=f, edgecolor=e, linestyle=d, label=names[kind]) for kind in names for f, e, d in [KINDS[kind]]
    ]
    axes.legend(handles=handles, loc="lower left", ncols=len(names), frameon=False, fontsize=8, borderaxespad=0.2)
