"""Chat with mini-LLaVA about a picture: its answer, and beside it where it looked."""

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
from course_lib.llava.evaluate.occlusion import look

LONGEST = 200  # letters of a question
SIDE = 160  # pixels of a heat map on the page


class QuestionError(ValueError):
    """A question that can't be asked; the message says why, and what would do."""


@dataclass(frozen=True)
class Reply:
    """One turn of the chat."""

    question: str
    answer: str
    looked: np.ndarray  # float [8, 8]: how much each part of the picture mattered to the answer, 0 or more


def ask(model, picture, question: str) -> Reply:
    """The model's answer about a picture (a file, its bytes, an array or a PIL image), and where it looked.

    Every question is answered on its own: the model is not told what was said before. Raises QuestionError or
    PictureError, each with one sentence.
    """
    question = " ".join(question.split())
    if not question:
        raise QuestionError("Nothing was asked: type a question about the picture.")
    if len(question) > LONGEST:
        raise QuestionError(f"The question has {len(question)} letters; {LONGEST} are the most that it reads.")
    pixels = prepare(picture)[None]  # [1, 3, 64, 64]
    said = model.answer(model.image_features(pixels), [question])[0]
    return Reply(question, said, look(model, pixels, question, said))


def show_replies(model, picture, questions: Sequence[str]) -> None:
    """The chat as a plain picture, where there are no widgets: a column for every question."""
    replies = [ask(model, picture, question) for question in questions]
    image = np.asarray(middle_square(picture, 64))
    spoken = "; ".join(f"{one.question} {one.answer} ({where(one.looked)})" for one in replies)
    titles = [f"{one.question}\n{one.answer}" for one in replies]
    show.heat(
        [image] * len(replies), [one.looked for one in replies], titles, alt=f"A picture, asked and answered: {spoken}."
    )


def chat(model, pictures: dict[str, np.ndarray], question: str = "where is this?"):
    """Choose one of `pictures` (uint8 [H, W, 3]) or upload one, and ask. Returns the widget (ipywidgets 7.7 or 8)."""
    import ipywidgets as widgets

    log: list[str] = []
    words = widgets.Text(value=question, description="Question", continuous_update=False)
    words.layout.width, words.layout.max_width = "100%", "640px"
    button = widgets.Button(description="Ask")
    image, said = widgets.HTML(), widgets.HTML()

    def refresh() -> None:
        """Show the chosen picture; what was said of another one goes."""
        log.clear()
        image.value, said.value = choice.html(), ""

    def refused(error: Exception) -> None:
        """One sentence says what is missing, above what was said before."""
        said.value = problem_html(error) + "".join(log)

    def answer(_=None) -> None:
        """Ask, and put the answer above the earlier ones."""
        try:
            log.insert(0, reply_html(ask(model, choice.picture(), words.value), choice.picture()))
            said.value = f'<div aria-live="polite">{"".join(log)}</div>'
        except (QuestionError, PictureError) as error:
            refused(error)

    choice = PictureChoice(pictures, refresh, refused)
    words.observe(answer, names="value")
    button.on_click(answer)
    refresh()
    return widgets.VBox([choice.bar, widgets.HBox([words, button]), widgets.HBox([image, said])])


def reply_html(reply: Reply, picture) -> str:
    """Question, answer, and the picture bright where the model looked."""
    alt = f"Where it looked: {where(reply.looked)}"
    data = base64.b64encode(lit(picture, reply.looked)).decode()
    return (
        f"<p>{html.escape(reply.question)}<br><b>{html.escape(reply.answer) or '(no answer)'}</b></p>"
        f'<img alt="{alt}" width="{SIDE}" src="data:image/png;base64,{data}">'
    )


def lit(picture, looked: np.ndarray) -> bytes:
    """The picture as PNG, as bright as `looked` [8, 8] says; a quarter of the light stays everywhere."""
    image = np.asarray(middle_square(picture, SIDE), dtype=np.float32)
    light = np.clip(looked / (looked.max() + 1e-9), 0, 1).astype(np.float32)
    smooth = np.asarray(Image.fromarray(light).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    stream = io.BytesIO()
    Image.fromarray((image * (0.25 + 0.75 * smooth[..., None])).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def where(looked: np.ndarray) -> str:
    """The brightest part in words: "most of all at the top left"; "nowhere in particular" where nothing mattered."""
    if looked.max() <= 0:
        return "nowhere in particular"
    row, column = np.unravel_index(looked.argmax(), looked.shape)
    rows, columns = ("top", "", "bottom"), ("left", "", "right")
    parts = (rows[3 * int(row) // looked.shape[0]], columns[3 * int(column) // looked.shape[1]])
    return f"most of all at the {' '.join(filter(None, parts))}" if any(parts) else "most of all in the middle"
