"""The drawing board's fields, its button and its pictures, in plain ipywidgets around the canvas."""

import html
from collections.abc import Sequence

import ipywidgets as widgets
import numpy as np
from PIL import Image

from course_lib.canvas import Mark, still
from course_lib.gligen.ui.pipeline import NUM_PICTURES

INSTRUCTIONS = "Draw a box for each thing, type what it is in the list below the page, and press Generate."
EDIT_INSTRUCTIONS = "In a scene, a box with a phrase adds a thing, and an exclude box takes away what is there."
SLIDER_RANGES = {
    "guidance_scale": (1.0, 10.0, 0.5),
    "strength": (0.0, 1.0, 0.05),
    "grounded_fraction": (0.0, 1.0, 0.05),
}  # lowest, highest, step
SLIDER_LABELS = {"guidance_scale": "guidance", "strength": "strength β", "grounded_fraction": "on for"}
SIDE, GAP = 320, 8  # pixels of a picture, and between two


class DrawingFront:
    """Fields write into the board; the board's pictures and sentences are shown."""

    def __init__(self, board) -> None:
        self._board = board
        self.caption = widgets.Text(value=board.caption, description="Caption", placeholder="the whole picture")
        self.caption.layout.width, self.caption.layout.max_width = "100%", "640px"
        self.seed = widgets.BoundedIntText(value=board.seed, min=0, max=999_999, description="seed")
        self.sliders = {name: slider(name, value) for name, value in board.settings.items()}
        self.button = widgets.Button(description="Generate", button_style="primary")
        self.progress = widgets.IntProgress(min=0, max=board.pipeline.steps, description="")
        self.progress.layout.visibility = "hidden"
        self.show_boxes = widgets.Checkbox(value=True, description="boxes over the pictures", indent=False)
        self.message, self.pictures = widgets.HTML(), widgets.HTML()
        self.caption.observe(lambda change: setattr(board, "caption", change["new"]), names="value")
        self.seed.observe(lambda change: setattr(board, "seed", change["new"]), names="value")
        for name, field in self.sliders.items():
            field.observe(lambda change, name=name: board.settings.update({name: change["new"]}), names="value")
        self.button.on_click(lambda _: self._generate())
        self.show_boxes.observe(lambda _: self.refresh(), names="value")
        instructions = widgets.HTML(
            f"<p>{INSTRUCTIONS} {EDIT_INSTRUCTIONS if board.pipeline.supports_editing else ''}</p>"
        )
        inputs = [instructions, self.caption, widgets.HBox([self.button, self.progress])]
        outputs = [
            self.message,
            self.pictures,
            self.show_boxes,
            self._continue_buttons(),
        ]  # above the settings: in sight without scrolling
        settings = [self.seed, *self.sliders.values()]
        self.widget = widgets.HBox([board.canvas.widget, widgets.VBox([*inputs, *outputs, *settings])])
        self.widget.layout.flex_flow = "row wrap"
        self.refresh()

    def refresh(self) -> None:
        """Show what the board holds now."""
        board = self._board
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in board.notes)
        problem = f'<p role="alert">✗ {html.escape(board.problem)}</p>' if board.problem else ""
        self.message.value = f'<div aria-live="polite">{problem or notes}</div>'
        if board.pictures is None:
            return
        alt = html.escape(board.summary, quote=True)
        picture = sheet(board.pictures, board.drawn_marks if self.show_boxes.value else ())
        self.pictures.value = f'<img alt="{alt}" width="{picture.width}" src="{still.data_url(picture)}">'
        self.continue_from.layout.display = None if board.pipeline.supports_editing else "none"

    def _generate(self) -> None:
        """Count the steps while they are done; nobody presses twice."""
        self.button.disabled, self.progress.layout.visibility = True, "visible"
        try:
            self._board.generate(lambda step: setattr(self.progress, "value", step))
        finally:
            self.button.disabled, self.progress.layout.visibility = False, "hidden"

    def _continue_buttons(self) -> widgets.HBox:
        """Buttons that make one of the pictures the scene to be changed; shown once there are pictures."""
        buttons = [
            widgets.Button(description="empty page"),
            *(widgets.Button(description=f"picture {n + 1}") for n in range(NUM_PICTURES)),
        ]
        for number, button in enumerate(buttons):
            button.layout.width = "auto"
            button.on_click(lambda _, number=number: self._board.take(number or None))
        self.continue_from = widgets.HBox([widgets.Label("Go on from"), *buttons])
        self.continue_from.layout.display, self.continue_from.layout.flex_flow = "none", "row wrap"
        return self.continue_from


def slider(name: str, value: float) -> widgets.FloatSlider:
    """One setting."""
    low, high, step = SLIDER_RANGES[name]
    return widgets.FloatSlider(
        value=value, min=low, max=high, step=step, description=SLIDER_LABELS[name], continuous_update=False
    )


def sheet(pictures: Sequence[np.ndarray], marks: Sequence[Mark] = (), columns: int = 2) -> Image.Image:
    """Pictures uint8 [S, S, 3], enlarged, row by row; over each of them the boxes among `marks`."""
    rows = -(-len(pictures) // columns)
    grid = Image.new("RGB", (columns * (SIDE + GAP) - GAP, rows * (SIDE + GAP) - GAP), "white")
    for number, picture in enumerate(pictures):
        way = (
            Image.Resampling.NEAREST if len(picture) < SIDE else Image.Resampling.LANCZOS
        )  # small ones keep their pixels
        large = Image.fromarray(picture).resize((SIDE, SIDE), way)
        for mark in marks:
            if mark.kind == "box":
                still.draw_mark(large, mark)
        row, column = divmod(number, columns)
        grid.paste(large, (column * (SIDE + GAP), row * (SIDE + GAP)))
    return grid
