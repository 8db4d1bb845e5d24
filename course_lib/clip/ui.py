"""A small widget: choose a picture, type labels, see the probabilities move."""

import base64
import html
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterable

import numpy as np
import torch

from course_lib.clip.data.images import PictureError, middle_square, prepare
from course_lib.clip.zero_shot import classify, zero_shot_classifier
from course_lib.common.text import readable

MAX_SHOWN = 12  # labels
MAX_LETTERS = 200  # of a label
SEPARATORS = re.compile(r"[,\n，、،;；]")  # the commas of several scripts
OWN = "your own"


@torch.no_grad()
def probabilities(model, tokenizer, picture, labels: str | list[str]) -> list[tuple[str, float]]:
    """What the model makes of a picture, by these labels: (label, probability), the most probable first.

    Raises PictureError or LabelError, each with one sentence, when it can't be asked.
    """
    labels, ready = check_labels(labels), prepare(picture)
    weights = zero_shot_classifier(model, tokenizer, labels, ["{}", "a picture of {}"])  # [D, C]
    features = model.encode_image(ready[None].to(weights.device))  # [1, D]
    probs = classify(features, weights, model.logit_scale.exp())[0].tolist()
    return sorted(zip(labels, probs, strict=True), key=lambda pair: -pair[1])


def label_box(model, tokenizer, pictures: dict[str, np.ndarray], labels: str = "a cat, a dog"):
    """Choose one of `pictures` (uint8 [H, W, 3]) or upload one, and type labels. Returns the widget (ipywidgets 7.7 or 8)."""
    import ipywidgets as widgets

    words = widgets.Text(value=labels, description="Labels", continuous_update=False)
    words.layout.width, words.layout.max_width = "100%", "640px"
    image, answer = widgets.HTML(), widgets.HTML()

    def refresh(_=None) -> None:
        """Show the chosen picture, and ask the model anew."""
        image.value = choice.html()
        answer.value = answer_html(model, tokenizer, choice.picture(), words.value)

    def refused(error: Exception) -> None:
        answer.value = problem_html(error)

    choice = PictureChoice(pictures, refresh, refused)
    words.observe(refresh, names="value")
    refresh()
    return widgets.VBox([choice.bar, words, widgets.HBox([image, answer])])


def answer_html(model, tokenizer, picture, labels: str) -> str:
    """The probabilities with notes on what was done to the labels, or the one sentence that says what is missing."""
    try:
        with warnings.catch_warnings(record=True) as cut:  # the tokenizer warns of labels that are too long for it
            warnings.simplefilter("always")
            ranked = probabilities(model, tokenizer, picture, labels)
    except (LabelError, PictureError) as error:
        return problem_html(error)
    notes = [str(warning.message) for warning in cut]
    if repeats := len(split_labels(labels)) - len(ranked):
        notes.append(f"{repeats} repeated label(s) left out")
    if len(ranked) == 1:
        notes.append("with a single label there is nothing to choose: add another")
    return bars_html(ranked) + "".join(f"<p>Note: {html.escape(note)}.</p>" for note in notes)


def bars_html(ranked: list[tuple[str, float]]) -> str:
    """The probabilities as a table of text with bars; a screen reader reads the text, and skips the bars."""
    rows = []
    for label, prob in ranked[:MAX_SHOWN]:
        bar = f"background:currentColor;opacity:0.7;height:10px;width:{max(100 * prob, 0.5):.1f}%"
        rows.append(
            f'<tr><th scope="row" style="text-align:left;font-weight:normal">{html.escape(label)}</th>'
            f'<td style="width:240px" aria-hidden="true"><div style="{bar}"></div></td><td>{100 * prob:.1f} %</td></tr>'
        )
    rest = len(ranked) - MAX_SHOWN
    more = f"<p>and {rest:,} more labels, each less probable</p>" if rest > 0 else ""
    return (
        f'<div aria-live="polite"><table aria-label="Probabilities of the labels">{"".join(rows)}</table>{more}</div>'
    )


class PictureChoice:
    """`bar` holds a list of `pictures` (uint8 [H, W, 3]) and an upload button (ipywidgets 7.7 or 8).

    `changed()` is called when another picture is chosen; `refused(error)` when an upload is none: the choice then stays.
    """

    def __init__(
        self, pictures: dict[str, np.ndarray], changed: Callable[[], None], refused: Callable[[Exception], None]
    ) -> None:
        import ipywidgets as widgets

        self.pictures, self.changed, self.refused = dict(pictures), changed, refused
        self.names = widgets.Dropdown(options=list(self.pictures), description="Picture")
        self.upload = widgets.FileUpload(accept="image/*", multiple=False, description="Upload")
        self.upload.tooltip = "Choose a picture of your own"  # ipywidgets 8 else says "null"; 7 knows no tooltip here
        self.bar = widgets.HBox([self.names, self.upload])
        self.names.observe(lambda change: changed(), names="value")
        self.upload.observe(lambda change: self._uploaded(change["new"]), names="value")

    def picture(self) -> np.ndarray:
        """The chosen one, uint8 [H, W, 3]."""
        return self.pictures[self.names.value]

    def html(self) -> str:
        """The chosen one, as the model sees it."""
        return picture_html(self.picture(), self.names.value)

    def _uploaded(self, value) -> None:
        """Add the upload to the choices, and choose it."""
        content = uploaded_bytes(value)
        if content is None:
            return
        try:
            self.pictures[OWN] = np.asarray(middle_square(content, 256))
        except PictureError as error:
            self.refused(error)
            return
        self.names.options = list(self.pictures)
        self.names.value = OWN
        self.changed()  # also when one upload follows another


def problem_html(error: Exception) -> str:
    """One sentence, which a screen reader says at once."""
    return f'<p role="alert">✗ {html.escape(str(error))}</p>'


def picture_html(picture, name: str) -> str:
    """The square that the model sees, twice as large, with its name as alt text."""
    stream = io.BytesIO()
    middle_square(picture, 128).save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="The chosen picture: {html.escape(name, quote=True)}" src="data:image/png;base64,{data}">'


def uploaded_bytes(value) -> bytes | None:
    """What a FileUpload holds: ipywidgets 7 gives a dict by file name, ipywidgets 8 a tuple; None when it was cleared."""
    entries = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(entries[-1]["content"]) if entries else None


class LabelError(ValueError):
    """Labels that can't be used; the message says why, and what would do."""


def split_labels(labels: str | Iterable[str]) -> list[str]:
    """Labels as typed (commas or lines between them), or as a list → tidy ones; repeats stay, empty ones go."""
    parts = SEPARATORS.split(labels) if isinstance(labels, str) else _as_list(labels)
    tidy = (" ".join(unicodedata.normalize("NFC", readable(part)).split()) for part in parts)
    return [label for label in tidy if label]


def check_labels(labels: str | Iterable[str]) -> list[str]:
    """What `split_labels` finds, each label once, in order; "Cat" is "cat" again, since the tokenizer reads small letters.

    Raises LabelError when none is left, or one is too long to be a label.
    """
    once: dict[str, str] = {}
    for label in split_labels(labels):
        once.setdefault(label.casefold(), label)
    if not once:
        raise LabelError("There is no label yet. Type one or more, with commas between them: a cat, a dog.")
    long = next((label for label in once.values() if len(label) > MAX_LETTERS), None)
    if long:
        raise LabelError(f"“{long[:40]}…” has {len(long):,} letters; a label may have {MAX_LETTERS}.")
    return list(once.values())


def _as_list(labels: Iterable[str]) -> list[str]:
    parts = list(labels) if isinstance(labels, Iterable) else [labels]
    if not all(isinstance(part, str) for part in parts):
        raise LabelError("Labels are texts, such as: a cat, a dog.")
    return parts
