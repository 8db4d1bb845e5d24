"""Every picture and plot of the course."""

import math
import os
import sys
import time

from course_lib.show.alt_text import html_picture, in_notebook, show_figure, show_png
from course_lib.show.diagrams import Box, diagram
from course_lib.show.dot_chart import Dot, dots
from course_lib.show.plots import (
    annotated,
    bars,
    boxed,
    clouds,
    curves,
    heat,
    highest,
    history,
    masks,
    matrix,
    pictures,
    written,
)
from course_lib.show.similarities import similarity

__all__ = [
    "Box",
    "Dot",
    "LossCurve",
    "annotated",
    "bars",
    "boxed",
    "clouds",
    "curves",
    "diagram",
    "dots",
    "heat",
    "highest",
    "history",
    "in_notebook",
    "masks",
    "matrix",
    "pictures",
    "show_figure",
    "show_png",
    "similarity",
    "somebody_watches",
    "written",
]


def somebody_watches() -> bool:
    """Is there a terminal or a notebook to draw progress on? Not under CI, where outputs must not depend on time."""
    if os.environ.get("CI"):
        return False
    return in_notebook() or sys.stderr.isatty()


class LossCurve:
    """A callback for `training.fit`: draws the loss while it falls, beside the loss of guessing.

    In a notebook the picture is redrawn in place every few seconds; elsewhere `draw` says in a line how it went.
    """

    def __init__(self, chance: float, chance_name: str, every: float = 3.0) -> None:
        self.chance, self.chance_name, self.every = chance, chance_name, every
        self._display = None
        self._drawn = -math.inf

    def __call__(self, progress) -> None:
        """Redraw, if the last picture is old enough."""
        if somebody_watches() and in_notebook() and time.perf_counter() - self._drawn > self.every:
            self.draw(progress)

    def draw(self, progress) -> None:
        """Draw now, in place of the last picture; without a notebook, say it in words."""
        if not in_notebook():
            print(self.summary(progress))
            return
        from IPython.display import display

        bundle = html_picture(self.figure(progress), self.summary(progress))
        if self._display is None:
            self._display = display(bundle, raw=True, display_id=True)
        else:
            self._display.update(bundle, raw=True)
        self._drawn = time.perf_counter()

    def figure(self, progress):
        """The loss of every step, its running mean, and a dashed line at the loss of guessing → matplotlib Figure."""
        from matplotlib import pyplot

        figure, axes = pyplot.subplots(figsize=(6, 2.8), layout="constrained")
        axes.plot(progress.losses, color="0.8", linewidth=0.8)
        axes.plot(running_mean(progress.losses), color="C0", label=self.summary(progress))
        axes.axhline(self.chance, color="C3", linestyle="--", label=f"guessing: {self.chance_name} = {self.chance:.2f}")
        top = max(self.chance, *running_mean(progress.losses))
        axes.set(xlabel="step", ylabel="loss", ylim=(0, 1.45 * top))  # room for the legend above the dashed line
        axes.legend(frameon=False, loc="upper right")
        return figure

    def summary(self, progress) -> str:
        """The curve in words, also for those who can't see it."""
        smooth = running_mean(progress.losses)
        return f"loss {smooth[0]:.2f} → {smooth[-1]:.2f} in {progress.step} steps, {progress.seconds:.0f} s"


def running_mean(values: list[float], inertia: float = 0.95) -> list[float]:
    """An exponential mean without the bias of its start; as long as `values`."""
    total, weight, means = 0.0, 0.0, []
    for value in values:
        total = inertia * total + (1 - inertia) * value
        weight = inertia * weight + (1 - inertia)
        means.append(total / weight)
    return means
