"""One picture, what a person drew on it, and what the model answered; shown by the best front that is installed."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from course_lib import show
from course_lib.canvas import still
from course_lib.canvas.marks import Mark, MarkError, marks_from_json
from course_lib.canvas.still import Answer

TOOLS = ("click", "scribble", "box", "polygon", "text", "reference")


class PromptCanvas:
    """A picture to draw prompts on. End a notebook cell with it, or put its `widget` among other widgets.

    picture: uint8 [H, W, 3]. tools: some of TOOLS; "reference" needs a `reference` picture to point at.
    ask: called with the marks (list of Mark) after each change; returns an Answer, or None.
    phrases: every box has a text field of its own (for GLIGEN).
    Whatever `ask` raises as ValueError, and a mark that means nothing, is said beside the picture in one sentence.
    """

    def __init__(
        self,
        picture: np.ndarray,
        *,
        tools: tuple[str, ...] = ("click", "scribble", "box", "text"),
        reference: np.ndarray | None = None,
        ask: Callable[[list[Mark]], Answer | None] | None = None,
        phrases: bool = False,
        alt: str = "the picture",
        reference_alt: str = "the reference picture",
    ) -> None:
        if unknown := set(tools) - set(TOOLS):
            raise ValueError(f"tools: {', '.join(sorted(unknown))} is none of {', '.join(TOOLS)}.")
        if ("reference" in tools) != (reference is not None):
            raise ValueError('tools: "reference" and a picture `reference=` need each other.')
        self.picture, self.reference = checked(picture), None if reference is None else checked(reference)
        self.tools, self.phrases, self.alt, self.reference_alt = tuple(tools), phrases, alt, reference_alt
        self.ask = ask
        self.marks: list[Mark] = []
        self.answer: Answer | None = None
        self.problem = ""  # why the last marks got no answer
        self._front = None
        self._answer()

    def draw(self, marks: list) -> None:
        """Replace all marks, by Marks or their JSON. Raises MarkError unless all of them mean something."""
        self.marks = self._allowed(marks_from_json(marks))
        self._answer()
        self._refresh()

    def take(self, message: object) -> None:
        """What a front sends after each change: marks as JSON. A problem is said on the page, and the old marks stay."""
        try:
            self.marks = self._allowed(marks_from_json(message))
        except MarkError as error:
            self.problem = str(error)
        else:
            self._answer()
        self._refresh()

    def show(self, picture: np.ndarray, alt: str) -> None:
        """Take another picture, with nothing drawn on it."""
        self.picture, self.alt, self.marks = checked(picture), alt, []
        self._answer()
        self._refresh()

    @property
    def widget(self):
        """The front: anywidget where it is installed, else fields of ipywidgets."""
        if self._front is None:
            try:
                from course_lib.canvas.widget import CanvasWidget as Front
            except ImportError:
                from course_lib.canvas.fields import CanvasFields as Front
            self._front = Front(self)
        return self._front.widget

    def still(self) -> Image.Image:
        """The canvas as it is now, as a picture."""
        return still.drawn(self.picture, self.marks, self.answer, self.reference)

    def described(self) -> str:
        """The canvas as it is now, in words."""
        return still.described(self.alt, self.marks, self.answer)

    def _ipython_display_(self) -> None:
        """The widget where somebody can draw; a picture on a page that is only read."""
        if not show.somebody_watches():
            show.show_png(still.png(self.still()), self.described())
            return
        from IPython.display import display

        display(self.widget)

    def _allowed(self, marks: list[Mark]) -> list[Mark]:
        for mark in marks:
            if mark.kind not in self.tools:
                raise MarkError(f"this canvas takes {', '.join(self.tools)}, and no {mark.kind}.")
        return marks

    def _answer(self) -> None:
        """Ask about the marks."""
        self.problem, self.answer = "", None
        if self.ask is not None:
            try:
                self.answer = self.ask(self.marks)
            except ValueError as error:
                self.problem = str(error)

    def _refresh(self) -> None:
        if self._front is not None:
            self._front.refresh()


def checked(picture: np.ndarray) -> np.ndarray:
    """A picture as uint8 [H, W, 3], or ValueError."""
    picture = np.asarray(picture)
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(f"a canvas shows pictures uint8 [H, W, 3], and this is {picture.dtype} {list(picture.shape)}.")
    return picture
