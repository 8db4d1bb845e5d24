"""A small widget: choose a picture, type labels, see the probabilities move."""

import html
import warnings

import numpy as np
import torch

from course_lib.clip.labels import LabelError, check_labels, split_labels
from course_lib.clip.picture_choice import PictureChoice, problem_html
from course_lib.clip.pictures import PictureError, prepare
from course_lib.clip.zero_shot import classify, zero_shot_classifier

MOST_SHOWN = 12


@torch.no_grad()
def probabilities(model, tokenizer, picture, labels: str | list[str]) -> list[tuple[str, float]]:
    """What the model makes of a picture, by these labels: (label, probability), the most probable first.

    Raises PictureError or LabelError, each with one sentence, when it can't be asked.
    """
    labels, ready = check_labels(labels), prepare(picture)
    weights = zero_shot_classifier(model, tokenizer, labels, ["{}", "a picture of {}"])  # [D, C]
    features = model.encode_image(ready[None].to(weights.device))  # [1, D]
    chances = classify(features, weights, model.logit_scale.exp())[0].tolist()
    return sorted(zip(labels, chances, strict=True), key=lambda pair: -pair[1])


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
    for label, chance in ranked[:MOST_SHOWN]:
        bar = f"background:currentColor;opacity:0.7;height:10px;width:{max(100 * chance, 0.5):.1f}%"
        rows.append(
            f'<tr><th scope="row" style="text-align:left;font-weight:normal">{html.escape(label)}</th>'
            f'<td style="width:240px" aria-hidden="true"><div style="{bar}"></div></td><td>{100 * chance:.1f} %</td></tr>'
        )
    rest = len(ranked) - MOST_SHOWN
    more = f"<p>and {rest:,} more labels, each less probable</p>" if rest > 0 else ""
    return (
        f'<div aria-live="polite"><table aria-label="Probabilities of the labels">{"".join(rows)}</table>{more}</div>'
    )
