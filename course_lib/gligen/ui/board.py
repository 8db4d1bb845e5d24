"""Draw boxes and generate: a page to draw boxes on, a phrase in each, and four pictures that should obey them."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from course_lib import show
from course_lib.canvas import Answer, Mark, PromptCanvas, still
from course_lib.canvas.marks import covered
from course_lib.clip.data.images import middle_square
from course_lib.gligen.layouts import Box, GroundedPhrase
from course_lib.gligen.ui.pipeline import Request
from course_lib.gligen.ui.widgets import sheet

PAPER = 236  # grey of the empty page


class DrawBoxes:
    """The board. End a notebook cell with it; `draw` and `generate` do from code what a person does with the mouse.

    pipeline: a `PocketPipeline`, or `full.PublishedPipeline`. scene: a picture uint8 [H, W, 3] to be changed: a box
    with a phrase puts a thing there, an *exclude* box takes away what is there. reference: a picture in which a region can
    be marked; it fills the boxes that have no phrase. Raises ValueError where the pipeline takes no scene or no reference.
    """

    def __init__(
        self,
        pipeline,
        *,
        caption: str = "",
        seed: int = 0,
        scene: np.ndarray | None = None,
        reference: np.ndarray | None = None,
    ) -> None:
        if reference is not None and not pipeline.supports_reference:
            raise ValueError("this generator takes no reference picture: type a phrase for each box")
        self.pipeline, self.caption, self.seed = pipeline, caption, seed
        self.settings: dict[str, float] = dict(pipeline.settings)
        self.scene = None if scene is None else self._fit_scene(scene)
        self.pictures: np.ndarray | None = None  # uint8 [4, S, S, 3], once generated
        self.drawn_marks: list[Mark] = []  # the marks that they should obey
        self.summary = ""  # they in words
        self.problem, self.notes = "", []  # why there are no pictures; what is to be said of them
        self._reference, self._front = reference, None
        self.canvas = PromptCanvas(
            self._page(),
            tools=("box",) if reference is None else ("box", "reference"),
            reference=reference,
            ask=self._check,
            phrases=True,
            alt=self._alt(),
        )

    def draw(self, marks: list) -> None:
        """Replace all boxes by these Marks (or their JSON). Raises MarkError unless all of them mean something."""
        self.canvas.draw(marks)

    def generate(self, on_step: Callable[[int], None] = lambda step: None) -> None:
        """Four pictures of what is drawn now. What can't be drawn is said in `problem`, and the old pictures stay."""
        self.problem, self.notes = "", []
        try:
            request = self.request()
            self.notes = self.pipeline.notes(request)
            self.pictures, self.drawn_marks = self.pipeline.generate(request, on_step), list(self.canvas.marks)
            self.summary = self._summary()
        except ValueError as error:
            self.problem = str(error)
        if self._front is not None:
            self._front.refresh()

    def take(self, number: int | None) -> None:
        """Go on from picture 1, 2, 3 or 4 as the scene to be changed; None: the empty page. ValueError if there is none."""
        if number is not None and (self.pictures is None or not 1 <= number <= len(self.pictures)):
            raise ValueError(
                f"there is no picture {number} to go on from: generate four first, and choose 1, 2, 3 or 4"
            )
        self.scene = None if number is None else self._fit_scene(self.pictures[number - 1])
        self.canvas.show(self._page(), self._alt())

    def request(self) -> Request:
        """What is drawn and set now. Raises ValueError, with one sentence, for a box that says nothing."""
        layout, erased = self._layout_and_erased(self.canvas.marks)
        return Request(self.caption, layout, erased, self.scene, self.seed, **self.settings)

    def still(self) -> Image.Image:
        """The board as a picture: what is drawn, and right of it what was generated."""
        left = self.canvas.still()
        if self.pictures is None:
            return left
        right = sheet(self.pictures, self.drawn_marks)
        both = Image.new("RGB", (left.width + right.width + 12, max(left.height, right.height)), "white")
        both.paste(left, (0, 0))
        both.paste(right, (left.width + 12, 0))
        return both

    def described(self) -> str:
        """The board in words."""
        return " ".join(filter(None, [self.canvas.described(), self.summary, self.problem]))

    @property
    def widget(self):
        """The board in a notebook: the canvas with fields, a button and the pictures (ipywidgets 7.7 or 8)."""
        if self._front is None:
            from course_lib.gligen.ui.widgets import DrawingFront

            self._front = DrawingFront(self)
        return self._front.widget

    def _ipython_display_(self) -> None:
        """The widget where somebody can draw; a picture on a page that is only read."""
        if not show.somebody_watches():
            show.show_png(still.png(self.still()), self.described())
            return
        from IPython.display import display

        display(self.widget)

    def _check(self, marks: list[Mark]) -> Answer | None:
        """What the canvas says of the boxes while they are drawn."""
        layout, erased = self._layout_and_erased(marks)
        if not layout and not erased:
            return None
        notes = self.pipeline.notes(Request(self.caption, layout, erased, self.scene))
        return Answer(note=" ".join([f"{len(layout) + len(erased)} box(es) ready.", *notes]))

    def _layout_and_erased(self, marks: list[Mark]) -> tuple[tuple[GroundedPhrase, ...], tuple[Box, ...]]:
        """What shall be where, and the boxes in which things shall be erased."""
        regions = [mark for mark in marks if mark.kind == "reference"]
        boxes = [mark for mark in marks if mark.kind == "box"]
        erased = tuple(mark.xyxy for mark in boxes if not mark.positive)
        if erased and self.scene is None:
            raise ValueError("there is nothing to exclude on an empty page: a box says what shall be in it")
        return tuple(self._grounded(mark, regions) for mark in boxes if mark.positive), erased

    def _grounded(self, mark: Mark, regions: list[Mark]) -> GroundedPhrase:
        """A box with its phrase, or with what is marked on the reference picture."""
        if mark.text.strip():
            return GroundedPhrase(mark.text, mark.xyxy)
        if not regions:
            marking = "" if self._reference is None else ", or mark a region of the reference picture"
            raise ValueError(f"the {mark} has no phrase yet: type what shall be in it, such as “a frog”{marking}")
        rows, columns = np.nonzero(covered(regions[-1], *self._reference.shape[:2]))
        crop = self._reference[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        return GroundedPhrase("", mark.xyxy, self.pipeline.embed_reference(crop))

    def _fit_scene(self, scene: np.ndarray) -> np.ndarray:
        """The square in the middle of a picture, at the generator's size. Raises ValueError if it takes none."""
        if not self.pipeline.supports_editing:
            raise ValueError("this generator changes no scene: begin with an empty page")
        return np.asarray(middle_square(scene, self.pipeline.side))

    def _summary(self) -> str:
        """What the four pictures should show."""
        boxes = "; ".join(str(mark) for mark in self.drawn_marks if mark.kind == "box")
        return " ".join([f"Four pictures for the caption “{self.caption}” and {boxes or 'no box'}.", *self.notes])

    def _page(self) -> np.ndarray:
        """What the boxes are drawn on."""
        side = self.pipeline.side
        return np.full((side, side, 3), PAPER, np.uint8) if self.scene is None else self.scene

    def _alt(self) -> str:
        return "an empty page" if self.scene is None else "the scene to be changed"
