"""CLIP's defining picture: every picture of a batch beside every text, as a table of cosines."""

import textwrap

import numpy as np

from course_lib.show.alt_text import show_figure

FRAME = "#c44e00"
LOWEST, HIGHEST = -0.3, 0.9  # cosines that are drawn lightest and darkest: the same in all tables


def similarity(tables: dict[str, np.ndarray], images: list[np.ndarray], texts: list[str], *, alt: str) -> None:
    """Tables [B, B] side by side, with a title above each: row i is picture i, column j text j.

    images uint8 [H, W, 3] stand at the left of their rows. The right pairs, on the diagonal, are framed.
    """
    from matplotlib import pyplot

    size = len(texts)
    figure, axes = pyplot.subplots(
        1,
        1 + len(tables),
        figsize=(0.55 + 4.4 * len(tables), 5.2),
        width_ratios=[1] + [size] * len(tables),
        layout="constrained",
        sharey=True,
    )
    strip = np.concatenate(images)  # B × [H, W, 3] → [B·H, W, 3]
    axes[0].imshow(strip, extent=(0, 1, size - 0.5, -0.5), aspect="auto")
    axes[0].axis("off")
    wrapped = ["\n".join(textwrap.wrap(text, 20)) for text in texts]
    for cell, (title, table) in zip(axes[1:], tables.items(), strict=True):
        cell.imshow(table, cmap="Blues", vmin=LOWEST, vmax=HIGHEST, aspect="auto")
        cell.set_title(title, fontsize=10)
        cell.set_xticks(range(size), wrapped, rotation=60, ha="right", rotation_mode="anchor", fontsize=8)
        cell.tick_params(left=False)
        for (row, column), value in np.ndenumerate(table):
            ink = "white" if value > 0.5 else "black"
            cell.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink, fontsize=7.5)
        for i in range(size):
            cell.add_patch(pyplot.Rectangle((i - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=FRAME, linewidth=2))
    show_figure(figure, alt)
