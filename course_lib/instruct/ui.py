"""A small widget: the picture, what the teacher saw of it, what it wrote, and which filters fired."""

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from course_lib.instruct import prompts
from course_lib.instruct.filters import check_sample
from course_lib.instruct.formats import Defect, ImageContext, Sample, Turn, serialise_context

SIDE = 224  # pixels of the picture's longer side
Check = Callable[[Sample, ImageContext], Sequence[Defect]]


def viewer(
    samples: Sequence[tuple[Sample, ImageContext]],
    pictures: Mapping[str, np.ndarray],
    boxes_for_all: bool = False,
    check: Check = check_sample,
):
    """Leaf through samples; `pictures` (uint8 [H, W, 3]) by file name. Returns the widget (ipywidgets 7.7 or 8).

    `boxes_for_all` as when the teacher was asked. A box to tick leaves only the samples in which a filter fired.
    """
    import ipywidgets as widgets

    defects = [list(check(sample, context)) for sample, context in samples]
    dropdown = widgets.Dropdown(options=choices(samples, defects, False), description="Sample")
    dropdown.layout.width, dropdown.layout.max_width = "100%", "480px"
    only_defects = widgets.Checkbox(value=False, description="Only where a filter fired", indent=False)
    image, context_box, reply_box = widgets.HTML(), widgets.HTML(), widgets.HTML()
    context_box.layout.margin = "0 0 0 16px"

    def refresh(_=None) -> None:
        """Show the chosen sample."""
        if dropdown.value is None:
            image.value = context_box.value = ""
            reply_box.value = '<p role="status">No filter fired in any of these samples.</p>'
            return
        sample, context = samples[dropdown.value]
        image.value = picture_html(pictures.get(sample.image), sample.image)
        context_box.value = seen_html(context, prompts.shows_boxes(sample.type, boxes_for_all))
        reply_box.value = written_html(sample, defects[dropdown.value])

    def restrict(_) -> None:
        """Offer all samples, or only those with defects."""
        options = choices(samples, defects, only_defects.value)
        dropdown.options = options
        dropdown.value = options[0][1] if options else None  # ipywidgets 8 would stay with none after an empty list
        refresh()  # also when the choice is the same number as before

    dropdown.observe(refresh, names="value")
    only_defects.observe(restrict, names="value")
    refresh()
    return widgets.VBox([widgets.HBox([dropdown, only_defects]), widgets.HBox([image, context_box]), reply_box])


def choices(
    samples: Sequence[tuple[Sample, ImageContext]], defects: Sequence[Sequence[Defect]], only_defects: bool
) -> list[tuple[str, int]]:
    """What there is to choose: ("train_0_00000007, detail ✗ leakage", its number)."""
    options = []
    for number, ((sample, _), own) in enumerate(zip(samples, defects, strict=True)):
        if own or not only_defects:
            names = sorted({defect.name for defect in own})
            options.append((f"{sample.id}, {sample.type}{' ✗ ' if names else ''}{', '.join(names)}", number))
    return options


def picture_html(picture: np.ndarray | None, name: str) -> str:
    """The picture, enlarged or reduced, with its file name as alt text; a note where there is none."""
    if picture is None:
        return f"<p>The picture {html.escape(name)} is not at hand.</p>"
    image = Image.fromarray(picture)
    factor = SIDE / max(image.size)
    size = tuple(max(1, round(side * factor)) for side in image.size)
    stream = io.BytesIO()
    image.resize(size, Image.Resampling.NEAREST if factor > 1 else Image.Resampling.BOX).save(stream, "PNG")
    data = base64.b64encode(stream.getvalue()).decode()
    return f'<img alt="The picture {html.escape(name, quote=True)}" src="data:image/png;base64,{data}">'


def seen_html(context: ImageContext, boxes: bool) -> str:
    """The text that stood in the picture's place."""
    text = html.escape(serialise_context(context, boxes))
    return f'<h4>What the teacher saw</h4><pre style="white-space:pre-wrap;word-break:normal">{text}</pre>'


def written_html(sample: Sample, defects: Sequence[Defect]) -> str:
    """The turns, each with what the filters say of it; at the end what they say of the sample as a whole."""
    turns = [turn_html(turn, [d for d in defects if d.turn == number]) for number, turn in enumerate(sample.turns)]
    whole = defects_html([defect for defect in defects if defect.turn is None])
    verdict = "" if defects else "<p>✓ No filter fired.</p>"
    return f'<div aria-live="polite"><h4>What it wrote</h4>{"".join(turns)}{whole}{verdict}</div>'


def turn_html(turn: Turn, defects: Sequence[Defect]) -> str:
    """A question, its answer, and what is wrong with them."""
    question, answer = html.escape(turn.question), html.escape(turn.answer)
    return f"<p><b>Question:</b> {question}<br><b>Answer:</b> {answer}</p>{defects_html(defects)}"


def defects_html(defects: Sequence[Defect]) -> str:
    """A list of defects, marked by more than colour; nothing if there are none."""
    items = [f"<li>✗ <b>{html.escape(d.name)}</b>: {html.escape(d.message)}</li>" for d in defects]
    style = "list-style:none;margin:0 0 0.5em 1em;border-left:3px solid currentColor;padding-left:0.6em"
    return f'<ul style="{style}">{"".join(items)}</ul>' if items else ""
