"""One canvas for a person and an agent, after LLaVA-Interactive (arXiv 2311.00571): chat, masks and boxes share a picture."""

import html

import numpy as np

from course_lib import show
from course_lib.agents.loop import Planner, Workspace, run
from course_lib.agents.manual import check_call, manual, to_cells
from course_lib.canvas import Answer, Mark, PromptCanvas, still
from course_lib.seem.train import stages
from course_lib.seem.ui import Interactive


class SharedCanvas:
    """A picture that both change. End a notebook cell with it; `say`, `point` and `draw` do from code what a person does.

    planner: the agent. photo: uint8 [64, 64, 3]. What a person draws the agent's tools see, and what the agent draws is the picture
    that the person points at next. There is no plan: the person moves between the three, as the paper's demo has it.
    """

    def __init__(self, planner: Planner, photo: np.ndarray) -> None:
        self.planner, self.workspace, self.chat = planner, Workspace(photo), []
        self._seem, self._front = Interactive(stages.load()), None
        self._seem.look(photo)
        self.canvas = PromptCanvas(
            photo, tools=("click", "box"), ask=self._marked, phrases=True, alt="the picture that you share"
        )

    def say(self, words: str) -> str:
        """Chat: one episode of the agent, whose tools look at the canvas and may draw on it. Its value."""
        [episode] = run(self.planner, [words], [self.workspace])
        value = episode.value or "no answer"
        tools = ", ".join(action["name"] for action in episode.actions)
        self.chat += [("you", words), ("agent", f"{value} ({tools or 'no tool'})")]
        self._changed()
        return value

    def point(self, x: float, y: float) -> Answer:
        """Mask: what SEEM finds at a place, in shares of the side."""
        self.canvas.draw([Mark("click", ((x, y),))])
        return self.canvas.answer

    def draw(self, phrase: str, box: tuple[float, float, float, float]) -> None:
        """Box: GLIGEN draws what a phrase names. ValueError, with one sentence, for what its manual does not allow."""
        arguments = {"phrase": phrase, "box": to_cells(box)}
        if problem := check_call({"name": "draw", "arguments": arguments}, manual()):
            raise ValueError(problem)
        self.workspace.use("draw", arguments)
        self.chat.append(("you", f"drew {phrase}"))
        self._changed()

    def _marked(self, marks: list[Mark]) -> Answer | None:
        """A box with a phrase is drawn at once; clicks give a mask."""
        for mark in marks:
            if mark.kind == "box" and mark.text.strip():
                self.draw(mark.text.strip(), mark.xyxy)
                return Answer(note=f"{mark.text.strip()}: drawn")
        clicks = [mark for mark in marks if mark.kind == "click"]
        return self._seem.ask(clicks) if clicks else None

    def _changed(self) -> None:
        """All three see the new picture; marks on the old one are gone."""
        self._seem.look(self.workspace.picture)
        self.canvas.show(self.workspace.picture, self.canvas.alt)
        if self._front is not None:
            self._log.value = self._lines()

    def _lines(self) -> str:
        return "".join(f"<p><b>{who}</b> {html.escape(words)}</p>" for who, words in self.chat)

    @property
    def widget(self):
        """The canvas, a line to type, and what was said (ipywidgets 7.7 or 8)."""
        if self._front is None:
            import ipywidgets as widgets

            line, self._log = widgets.Text(description="Say", continuous_update=False), widgets.HTML(self._lines())
            line.observe(lambda change: change["new"].strip() and self.say(change["new"].strip()), names="value")
            self._front = widgets.VBox([self.canvas.widget, line, self._log])
        return self._front

    def _ipython_display_(self) -> None:
        """The widget where somebody can draw; a picture on a page that is only read."""
        if not show.somebody_watches():
            show.show_png(still.png(self.canvas.still()), self.canvas.described())
            return
        from IPython.display import display

        display(self.widget)
