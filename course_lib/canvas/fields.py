"""The canvas made of plain ipywidgets (7.7 or 8), where anywidget is missing: fields for the numbers, a picture of the marks."""

import base64
import html

import ipywidgets as widgets

from course_lib.canvas.marks import CORNERS
from course_lib.canvas.still import png

NEEDS_END = (*CORNERS, "scribble")  # a scribble is a straight stroke here
DRAWABLE = ("click", "scribble", "box", "reference")


class CanvasFields:
    """Choose a kind, set the places, press Add."""

    def __init__(self, canvas) -> None:
        self._canvas = canvas
        kinds = [kind for kind in DRAWABLE if kind in canvas.tools]
        self.kind = widgets.Dropdown(options=kinds, description="Draw")
        self.start = [slider(name, 0.4) for name in ("x", "y")]
        self.end = [slider(name, 0.6) for name in ("to x", "to y")]
        self.exclude = widgets.Checkbox(description="exclude", value=False)
        self.words = widgets.Text(description="Words", continuous_update=False)
        self.add, self.undo, self.clear = (widgets.Button(description=text) for text in ("Add", "Undo", "Clear"))
        self.page = widgets.HTML()
        self.add.on_click(lambda _: self._send([*self._json(), self._mark()]))
        self.undo.on_click(lambda _: self._send(self._json()[:-1]))
        self.clear.on_click(lambda _: self._send([]))
        self.kind.observe(lambda _: self._show_fields(), names="value")
        typed = "text" in canvas.tools or canvas.phrases
        if "text" in canvas.tools:
            self.words.observe(lambda change: self._typed(change["new"]), names="value")
        controls = [self.kind, *self.start, *self.end, self.exclude] if kinds else []
        buttons = widgets.HBox([*([self.add] if kinds else []), self.undo, self.clear])
        self.widget = widgets.HBox([self.page, widgets.VBox([*controls, *([self.words] if typed else []), buttons])])
        self._show_fields()
        self.refresh()

    def refresh(self) -> None:
        """Show what the canvas holds now."""
        canvas = self._canvas
        picture = base64.b64encode(png(canvas.still())).decode()
        alt = html.escape(canvas.described(), quote=True)
        status = f'<p role="alert">✗ {html.escape(canvas.problem)}</p>' if canvas.problem else ""
        if canvas.answer is not None:
            status += f'<p role="status">{html.escape(str(canvas.answer))}</p>'
        self.page.value = f'<img alt="{alt}" src="data:image/png;base64,{picture}">{status}'

    def _json(self) -> list[dict]:
        return [mark.to_json() for mark in self._canvas.marks]

    def _mark(self) -> dict:
        """The mark that the fields describe."""
        kind = self.kind.value
        points = [[field.value for field in self.start]]
        if kind in NEEDS_END:
            points.append([field.value for field in self.end])
        if kind in CORNERS:
            points = [
                [min(pair) for pair in zip(*points, strict=True)],
                [max(pair) for pair in zip(*points, strict=True)],
            ]
        phrase = self.words.value.strip() if kind == "box" and self._canvas.phrases else ""
        return {
            "kind": kind,
            "points": points,
            "positive": kind == "reference" or not self.exclude.value,
            "text": phrase,
        }

    def _typed(self, text: str) -> None:
        """The words are one text mark, in place of the last."""
        others = [mark for mark in self._json() if mark["kind"] != "text"]
        self._send([*others, {"kind": "text", "text": text.strip()}] if text.strip() else others)

    def _send(self, marks: list[dict]) -> None:
        self._canvas.take(marks)

    def _show_fields(self) -> None:
        """A click has no second point."""
        for field in self.end:
            field.layout.display = None if self.kind.value in NEEDS_END else "none"


def slider(name: str, value: float) -> widgets.FloatSlider:
    """A place along one side of the picture, 0–1."""
    return widgets.FloatSlider(value=value, min=0, max=1, step=0.01, description=name, continuous_update=False)
