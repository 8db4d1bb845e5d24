"""The proofs of Lesson 13: does the planner answer and edit, does it follow its tools, and does looking at one's work help?"""

from collections.abc import Iterator

from course_lib.agents.evaluate.answering import answer_figures, smollm2_figures, trained_figures
from course_lib.agents.evaluate.drawing import draw_figure, edit_figures, retry_figures
from course_lib.agents.evaluate.tools import tool_figures
from course_lib.figures import Figure


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; `live` adds many careful drawings, the lesson's own run, the ablation of thoughts, and SmolLM2."""
    yield from tool_figures()
    yield from answer_figures()
    yield from edit_figures()
    yield from retry_figures()
    if live:
        yield draw_figure()
        yield from trained_figures()
        yield from smollm2_figures()
