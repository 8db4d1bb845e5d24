"""The canvas in the browser: canvas.js draws and listens, this side checks and answers."""

from pathlib import Path

import anywidget
import traitlets

from course_lib.canvas.still import data_url, overlay

HERE = Path(__file__).parent


class CanvasWidget(anywidget.AnyWidget):
    """The traits that both sides share. `marks` comes from the browser, or is set by `PromptCanvas.draw`; the rest is shown."""

    _esm = "".join((HERE / name).read_text(encoding="utf-8") for name in ("surface.js", "canvas.js"))
    _css = (HERE / "canvas.css").read_text(encoding="utf-8")

    picture = traitlets.Unicode().tag(sync=True)  # as a data: address
    alt = traitlets.Unicode().tag(sync=True)
    reference = traitlets.Unicode().tag(sync=True)  # empty: there is none
    reference_alt = traitlets.Unicode().tag(sync=True)
    tools = traitlets.List(traitlets.Unicode()).tag(sync=True)
    phrases = traitlets.Bool().tag(sync=True)
    marks = traitlets.Any().tag(sync=True)  # JSON of any kind: `PromptCanvas.take` checks it
    mask = traitlets.Unicode().tag(sync=True)  # the answer's mask, as a data: address to lay over the picture
    says = traitlets.Unicode().tag(sync=True)
    problem = traitlets.Unicode().tag(sync=True)

    def __init__(self, canvas) -> None:
        reference = "" if canvas.reference is None else data_url(canvas.reference)
        super().__init__(
            tools=list(canvas.tools), phrases=canvas.phrases, reference=reference, reference_alt=canvas.reference_alt
        )
        self._canvas, self._shown = canvas, None
        self.refresh()
        self.observe(self._taken, names="marks")

    @property
    def widget(self) -> "CanvasWidget":
        """What to display."""
        return self

    def refresh(self) -> None:
        """Show what the canvas holds now, in one message."""
        canvas = self._canvas
        mask = None if canvas.answer is None else canvas.answer.mask
        with self.hold_sync(), self.hold_trait_notifications():
            if canvas.picture is not self._shown:
                self.picture, self._shown = data_url(canvas.picture), canvas.picture
            self.alt, self.problem = canvas.alt, canvas.problem
            self.mask = "" if mask is None else data_url(overlay(mask))
            self.says = "" if canvas.answer is None else str(canvas.answer)
            self.marks = [mark.to_json() for mark in canvas.marks]

    def _taken(self, change) -> None:
        """Hand on what the browser sent; what `refresh` sets comes by here, too, and is known already."""
        if change["new"] != [mark.to_json() for mark in self._canvas.marks]:
            self._canvas.take(change["new"])
