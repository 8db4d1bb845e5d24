"""Chat with mini-LLaVA about a picture: its answer, and beside it an occlusion map, the parts that the answer depends on."""

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from course_lib import show
from course_lib.clip.data.images import PictureError, middle_square, prepare
from course_lib.clip.ui import PictureChoice, problem_html
from course_lib.llava.evaluate.patches import occlusion_map

MAX_QUESTION_LETTERS = 200
MAP_SIZE = 160  # pixels a side of an occlusion map on the page


class QuestionError(ValueError):
    """A question that can't be asked; the message says why, and what would do."""


@dataclass(frozen=True)
class ChatTurn:
    """A question, its answer, and what the answer depends on."""

    question: str
    answer: str
    importance: np.ndarray  # float [8, 8]: the log-probability that the answer loses without each part of the picture


def ask(model, picture, question: str) -> ChatTurn:
    """The model's answer about a picture (a file, its bytes, an array or a PIL image), with its occlusion map.

    Every question is answered on its own: the model is not told what was said before. Raises QuestionError or
    PictureError, each with one sentence.
    """
    question = " ".join(question.split())
    if not question:
        raise QuestionError("Nothing was asked: type a question about the picture.")
    if len(question) > MAX_QUESTION_LETTERS:
        raise QuestionError(
            f"The question has {len(question)} letters; {MAX_QUESTION_LETTERS} are the most that it reads."
        )
    pixels = prepare(picture)[None]  # [1, 3, 64, 64]
    answer = model.answer(model.image_features(pixels), [question])[0]
    return ChatTurn(question, answer, occlusion_map(model, pixels, question, answer))


def show_turns(model, picture, questions: Sequence[str]) -> None:
    """The chat as a plain picture, where there are no widgets: a column for every question."""
    turns = [ask(model, picture, question) for question in questions]
    image = np.asarray(middle_square(picture, 64))
    spoken = "; ".join(f"{turn.question} {turn.answer} ({brightest_part(turn.importance)})" for turn in turns)
    titles = [f"{turn.question}\n{turn.answer.partition('.')[0]}" for turn in turns]  # there is room for one sentence
    maps = [turn.importance for turn in turns]
    show.heat([image] * len(turns), maps, titles, alt=f"A picture, asked and answered: {spoken}.")


def chat(model, pictures: dict[str, np.ndarray], question: str = "where is this?"):
    """Choose one of `pictures` (uint8 [H, W, 3]) or upload one, and ask. Returns the widget (ipywidgets 7.7 or 8)."""
    import ipywidgets as widgets

    log: list[str] = []
    text = widgets.Text(value=question, description="Question", continuous_update=False)
    text.layout.width, text.layout.max_width = "100%", "640px"
    button = widgets.Button(description="Ask")
    image, output = widgets.HTML(), widgets.HTML()

    def refresh() -> None:
        """Show the chosen picture; the answers about another one go."""
        log.clear()
        image.value, output.value = choice.html(), ""

    def refused(error: Exception) -> None:
        """One sentence says what is missing, above the earlier answers."""
        output.value = problem_html(error) + "".join(log)

    def answer(_=None) -> None:
        """Ask, and put the answer above the earlier ones."""
        try:
            log.insert(0, turn_html(ask(model, choice.picture(), text.value), choice.picture()))
            output.value = f'<div aria-live="polite">{"".join(log)}</div>'
        except (QuestionError, PictureError) as error:
            refused(error)

    choice = PictureChoice(pictures, refresh, refused)
    text.observe(answer, names="value")
    button.on_click(answer)
    refresh()
    return widgets.VBox([choice.bar, widgets.HBox([text, button]), widgets.HBox([image, output])])


def turn_html(turn: ChatTurn, picture) -> str:
    """Question, answer, and the picture bright where the answer depends on it."""
    alt = f"Where it looked: {brightest_part(turn.importance)}"
    data = base64.b64encode(overlay_png(picture, turn.importance)).decode()
    return (
        f"<p>{html.escape(turn.question)}<br><b>{html.escape(turn.answer) or '(no answer)'}</b></p>"
        f'<img alt="{alt}" width="{MAP_SIZE}" src="data:image/png;base64,{data}">'
    )


def overlay_png(picture, importance: np.ndarray) -> bytes:
    """The picture as PNG, as bright as `importance` [8, 8] says; a quarter of the light stays everywhere."""
    image = np.asarray(middle_square(picture, MAP_SIZE), dtype=np.float32)
    light = np.clip(importance / (importance.max() + 1e-9), 0, 1).astype(np.float32)
    smooth = np.asarray(Image.fromarray(light).resize((MAP_SIZE, MAP_SIZE), Image.Resampling.BILINEAR))
    stream = io.BytesIO()
    Image.fromarray((image * (0.25 + 0.75 * smooth[..., None])).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def brightest_part(importance: np.ndarray) -> str:
    """The brightest part in words: "most of all at the top left"; "nowhere in particular" where nothing mattered."""
    if importance.max() <= 0:
        return "nowhere in particular"
    row, column = np.unravel_index(importance.argmax(), importance.shape)
    rows, columns = ("top", "", "bottom"), ("left", "", "right")
    parts = (rows[3 * int(row) // importance.shape[0]], columns[3 * int(column) // importance.shape[1]])
    return f"most of all at the {' '.join(filter(None, parts))}" if any(parts) else "most of all in the middle"
