"""Plots for the lessons. Each is shown with its alt text, and means the same without its colours."""

import itertools
import textwrap
from collections.abc import Iterable

import numpy as np

from course_lib.show.alt_text import show_figure

INK = "#1f3b73"  # dark blue: told from the others by lightness, too
SOFT = "#9db7e0"
WARN = "#c44e00"
MASKS = ("#f2f2f2", "#332288", "#ddaa33", "#117733", "#56b4e9")  # the background, and up to four things
LINE_STYLES = (("-", "o", INK), ("--", "", WARN), (":", "s", "#5b5b5b"))  # dash, marker, colour


def pictures(images: list[np.ndarray], *, alt: str, titles: list[str] | None = None, columns: int = 6) -> None:
    """A grid of pictures uint8 [H, W, 3], with a title above each."""
    figure, cells, letters = _grid(len(images), columns, titles)
    for number, (cell, image) in enumerate(zip(cells, images, strict=False)):
        cell.imshow(image, interpolation=_sharp(image))
        if titles:
            cell.set_title("\n".join(textwrap.wrap(titles[number], letters)), fontsize=9)
    show_figure(figure, alt)


def _grid(count: int, columns: int, titles: list[str] | None):
    """A figure as wide as the page, a cell for each picture with room for its title, and how many letters fit into a line of one."""
    from matplotlib import pyplot

    columns = min(columns, count)
    rows, side = (
        -(-count // columns),
        min(2.6, 9.6 / columns),
    )  # inches: a picture of 64 pixels becomes four times as large
    letters = int(12 * side)
    above = 0.17 * max((len(textwrap.wrap(title, letters)) for title in titles or ()), default=0) + 0.1
    size = side * columns, (side + above) * rows
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False)
    figure.subplots_adjust(0.005, 0.005, 0.995, 1 - above / size[1], wspace=0.04, hspace=above / side)
    for cell in axes.flat:
        cell.axis("off")
    return figure, list(axes.flat), letters


def _sharp(image: np.ndarray) -> str:
    """How to enlarge a picture: small ones show their pixels, as the models get them."""
    return "nearest" if image.shape[0] <= 128 else "antialiased"


def annotated(image: np.ndarray, boxes: np.ndarray, instances: np.ndarray, names: list[str], *, alt: str) -> None:
    """A picture uint8 [H, W, 3] with its boxes [N, 4] and names, and beside it the masks that `instances` [H, W] numbers."""
    from matplotlib import pyplot
    from matplotlib.colors import to_rgb

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(8, 4), layout="constrained")
    left.imshow(image, interpolation=_sharp(image))
    for (x0, y0, x1, y1), name in zip(boxes.tolist(), names, strict=True):
        left.add_patch(
            pyplot.Rectangle((x0 - 0.5, y0 - 0.5), x1 - x0, y1 - y0, fill=False, edgecolor="white", linewidth=1.5)
        )
        left.text(x0, max(y0 - 1, 3), name, fontsize=8, color="white", backgroundcolor=(0, 0, 0, 0.6))
    right.imshow(np.array([to_rgb(colour) for colour in MASKS])[np.minimum(instances, len(MASKS) - 1)])
    for number, name in enumerate(names, start=1):
        rows, columns = np.nonzero(instances == number)
        if len(rows):
            right.text(
                columns.mean(),
                rows.mean(),
                name,
                ha="center",
                fontsize=8,
                color="white",
                backgroundcolor=(0, 0, 0, 0.6),
            )
    for axes in (left, right):
        axes.axis("off")
    show_figure(figure, alt)


def masks(image: np.ndarray, found: list[tuple[np.ndarray, str]], *, alt: str) -> None:
    """A picture uint8 [H, W, 3], and beside it each mask bool [H, W] that was found, in a colour of its own, with its name."""
    from matplotlib import pyplot
    from matplotlib.colors import to_rgb

    coloured = image / 255 * 0.35 + 0.6
    for (mask, _), colour in zip(found, itertools.cycle(MASKS[1:]), strict=False):
        coloured[mask] = 0.3 * image[mask] / 255 + 0.7 * np.array(to_rgb(colour))
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(7.4, 3.8), layout="constrained")
    left.imshow(image, interpolation="nearest")
    right.imshow(coloured, interpolation="nearest")
    for mask, name in found:
        y, x = np.argwhere(mask).mean(axis=0)
        right.text(
            x, y, name, ha="center", va="center", fontsize=9, bbox={"facecolor": "white", "alpha": 0.8, "pad": 1.5}
        )
    for axes in (left, right):
        axes.axis("off")
    show_figure(figure, alt)


def bars(
    values: dict[str, float],
    *,
    alt: str,
    chance: float | None = None,
    limit: float = 1.0,
    unit: str = "",
    intervals: dict[str, tuple[float, float]] | None = None,
) -> None:
    """A horizontal bar for every name, its value written at its right; a dashed line at chance. Shares are drawn in per cent.

    intervals: the 95 % interval of each, such as `figures.wilson` gives; drawn as a line across the bar's end.
    """
    from matplotlib import pyplot

    scale, shown = (1, unit.strip()) if unit else (100, "%")
    figure, axes = pyplot.subplots(figsize=(7.5, 0.75 + 0.36 * len(values)), layout="constrained")
    axes.barh(list(values), [scale * number for number in values.values()], color=SOFT, edgecolor=INK)
    for row, (name, number) in enumerate(values.items()):
        if intervals:
            axes.plot([scale * end for end in intervals[name]], (row, row), color=INK, linewidth=2.5)
        text = f"{100 * number:.0f} %" if not unit else f"{number:.3g} {unit}"
        axes.text(1.01, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=9)
    if chance is not None:
        axes.axvline(100 * chance, color=WARN, linestyle="--", linewidth=1.2, label=f"chance {100 * chance:.1f} %")
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), fontsize=8)
    axes.set(xlim=(0, 1.02 * scale * limit), xlabel=shown)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    show_figure(figure, alt)


def matrix(
    values: np.ndarray, rows: list[str], columns: list[str], *, alt: str, framed: Iterable[tuple[int, int]] = ()
) -> None:
    """A table of numbers [R, C], shaded by value, each number written in its cell; some cells (row, column) get a frame."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(1.6 + 0.75 * len(columns), 1.2 + 0.42 * len(rows)), layout="constrained")
    axes.imshow(values, cmap="Blues", aspect="auto")
    axes.set_xticks(range(len(columns)), columns, rotation=35, ha="right", fontsize=8)
    axes.set_yticks(range(len(rows)), rows, fontsize=8)
    middle = (values.max() + values.min()) / 2
    for (row, column), value in np.ndenumerate(values):
        colour = "white" if value > middle else "black"
        axes.text(column, row, f"{value:.2f}", ha="center", va="center", color=colour, fontsize=8)
    for row, column in framed:
        axes.add_patch(
            pyplot.Rectangle((column - 0.46, row - 0.44), 0.92, 0.88, fill=False, color="#D55E00", linewidth=2.5)
        )
    show_figure(figure, alt)


def written(values: np.ndarray, rows: Iterable[str], columns: list[str]) -> str:
    """All numbers of a matrix [R, C] as it shows them, for its description: "English: cat 2.00, dog 1.50; French: cat …"."""
    lines = (", ".join(f"{column} {value:.2f}" for column, value in zip(columns, line, strict=True)) for line in values)
    return "; ".join(f"{row}: {line}" for row, line in zip(rows, lines, strict=True)) + "."


def highest(values: np.ndarray, rows: Iterable[str], columns: list[str]) -> str:
    """A sentence for a matrix [R, C] of probabilities: the highest of each row."""
    best = zip(rows, values.argmax(axis=1), values.max(axis=1), strict=True)
    return f"The highest of each row: {'; '.join(f'{row}: {columns[at]}, {value:.2f}' for row, at, value in best)}."


def curves(x: list[float], lines: dict[str, list[float]], *, alt: str, xlabel: str, ylabel: str) -> None:
    """Lines over a logarithmic x axis, told apart by dashes and markers as well as by colour."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3), layout="constrained")
    for (name, values), (dash, marker, colour) in zip(lines.items(), LINE_STYLES, strict=False):
        axes.plot(x, values, linestyle=dash, marker=marker, color=colour, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(x, [str(value) for value in x])
    axes.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    show_figure(figure, alt)


def heat(pictures: list[np.ndarray], maps: list[np.ndarray], titles: list[str], *, alt: str) -> None:
    """Pictures uint8 [H, W, 3], and beside each where a value [h, w] is high: bright there, dark elsewhere."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        2, len(pictures), figsize=(2.4 * len(pictures), 5), layout="constrained", squeeze=False
    )
    for column, (picture, values, title) in enumerate(zip(pictures, maps, titles, strict=True)):
        axes[0, column].imshow(picture, interpolation=_sharp(picture))
        axes[0, column].set_title(title, fontsize=9)
        side = picture.shape[0]
        axes[1, column].imshow(picture, extent=(0, side, side, 0), interpolation=_sharp(picture))
        shade = np.clip((values - values.min()) / (np.ptp(values) + 1e-9), 0, 1)
        axes[1, column].imshow(
            1 - shade, extent=(0, side, side, 0), cmap="gray_r", alpha=0.75, interpolation="bilinear"
        )
    for cell in axes.flat:
        cell.axis("off")
    show_figure(figure, alt)


def boxed(
    images: list[np.ndarray],
    boxes: list[list[tuple[str, tuple[float, float, float, float]]]],
    *,
    alt: str,
    titles: list[str] | None = None,
    columns: int = 6,
) -> None:
    """A grid of pictures uint8 [H, W, 3], over each its boxes: a name, and left, top, right, bottom as shares of the side."""
    from matplotlib import patheffects, pyplot

    figure, cells, letters = _grid(len(images), columns, titles)
    rim = [patheffects.withStroke(linewidth=2.5, foreground="black")]  # white on any picture
    for number, (cell, image, asked) in enumerate(zip(cells, images, boxes, strict=False)):
        cell.imshow(image, extent=(0, 1, 1, 0), interpolation=_sharp(image))
        for name, (x0, y0, x1, y1) in asked:
            frame = pyplot.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="white", path_effects=rim)
            cell.add_patch(frame)
            above = y0 > 0.09  # outside the box, where there is room
            x, side = (x0, "left") if x0 < 0.6 else (x1, "right")
            y, edge = (y0 - 0.015, "bottom") if above else (y1 + 0.02, "top")
            cell.text(x, y, name, fontsize=7, ha=side, va=edge, color="white", path_effects=rim)
        if titles:
            cell.set_title("\n".join(textwrap.wrap(titles[number], letters)), fontsize=9)
    show_figure(figure, alt)


def clouds(panels: dict[str, np.ndarray], *, alt: str, reach: float = 2.6) -> None:
    """A row of point clouds [N, 2], all on the same square from -reach to reach, with a title above each."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(panels), figsize=(1.75 * len(panels), 2.1), layout="constrained")
    for cell, (title, points) in zip(np.atleast_1d(axes), panels.items(), strict=True):
        cell.scatter(points[:, 0], points[:, 1], s=2, color=INK)
        cell.set(xlim=(-reach, reach), ylim=(-reach, reach), xticks=(), yticks=(), aspect="equal")
        cell.set_title(title, fontsize=8)
    show_figure(figure, alt)


def history(x: list[float], lines: dict[str, list[float]], *, alt: str, xlabel: str, ylabel: str) -> None:
    """How several things went over a run: told apart by dashes, markers and lightness, named at the right."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 2.8), layout="constrained")
    shades = pyplot.get_cmap("cividis")(np.linspace(0, 0.8, len(lines)))
    for number, ((name, values), shade) in enumerate(zip(lines.items(), shades, strict=True)):
        axes.plot(
            x, values, color=shade, label=name, linestyle=("-", "--", ":")[number % 3], marker="os^Dv"[number % 5]
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    show_figure(figure, alt)
