"""The picture, what the teacher saw of it, what it wrote, and which filters fired: as a still picture, and as a widget."""

import base64
import html
import io
import textwrap
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from PIL import Image

from course_lib import show
from course_lib.instruct import prompts
from course_lib.instruct.filters import check_sample
from course_lib.instruct.formats import Defect, ImageContext, Sample, Turn, serialise_context

SIDE = 224  # pixels of the picture's longer side
Check = Callable[[Sample, ImageContext], Sequence[Defect]]


def pipeline_diagram() -> None:
    """From a picture to LLaVA's training set, with what the learner writes."""
    show.diagram(
        {
            "picture": show.Box(0, 0, "picture", "[H, W, 3]"),
            "words": show.Box(1.2, 0, "captions, boxes", "5 texts, N × xywh"),
            "prompt": show.Box(2.5, 0, "prompt", "messages", "learned"),
            "teacher": show.Box(3.8, 0, "teacher", "text → text", "frozen"),
            "turns": show.Box(3.8, 1.2, "parsed turns", "[(question, answer)]", "learned", 1.15),
            "filters": show.Box(2.5, 1.2, "filters", "keep or drop", "learned"),
            "mix": show.Box(1.2, 1.2, "mixture", "58 : 23 : 77", "learned"),
            "json": show.Box(0, 1.2, "training set", "LLaVA's JSON", "result"),
        },
        [
            ("picture", "words", "people"),
            ("words", "prompt", "serialise"),
            ("prompt", "teacher"),
            ("teacher", "turns", "reply"),
            ("turns", "filters"),
            ("filters", "mix"),
            ("mix", "json"),
        ],
        legend={"learned": "you write it", "frozen": "somebody else's model"},
        alt="People put a picture into captions and boxes. Serialised into a prompt they go to the teacher. Its reply is parsed into turns, "
        "filtered, mixed in three types, and written as LLaVA's JSON. No pixel ever reaches the teacher.",
    )


def show_in_words(picture: np.ndarray, context: ImageContext) -> None:
    """A picture uint8 [H, W, 3] with its boxes, and beside it the text that stands in its place."""
    text = serialise_context(context, boxes=True)
    _show_beside(
        [(picture, context, text)], alt=f"The picture {context.image} with its boxes, and what is said of it: {text}"
    )


def show_samples(samples: Sequence[tuple[Sample, ImageContext]], pictures: Mapping[str, np.ndarray]) -> None:
    """The viewer as a still picture: a row for each sample, with what was written and which filters fired."""
    rows = []
    for sample, context in samples:
        defects = check_sample(sample, context)
        lines = [f"caption: {context.captions[0]}", ""]
        for turn in sample.turns:
            lines += [f"Question: {turn.question}", f"Answer: {turn.answer}", ""]
        lines += [f"✗ {defect.name}: {defect.message}" for defect in defects] or ["✓ No filter fired."]
        rows.append((pictures[sample.image], None, "\n".join(lines)))
    _show_beside(rows, alt=" ".join(f"Sample {number}: {text}" for number, (_, _, text) in enumerate(rows, start=1)))


def _show_beside(rows: Sequence[tuple[np.ndarray, ImageContext | None, str]], *, alt: str) -> None:
    """In each row a picture uint8 [H, W, 3], with a context's boxes if there is one, and a text at its right."""
    from matplotlib import patheffects, pyplot

    figure, axes = pyplot.subplots(
        len(rows), 2, figsize=(9.6, 3.3 * len(rows)), width_ratios=(1, 1.15), layout="constrained", squeeze=False
    )
    rim = [patheffects.withStroke(linewidth=2.5, foreground="black")]  # white on any picture
    for (left, right), (picture, context, text) in zip(axes, rows, strict=True):
        height, width = picture.shape[:2]
        left.imshow(picture, extent=(0, width, height, 0), interpolation="nearest")
        for box in context.boxes if context else ():
            x0, y0, x1, y1 = box.x0 * width, box.y0 * height, box.x1 * width, box.y1 * height
            frame = pyplot.Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, edgecolor="white", path_effects=rim)
            left.add_patch(frame)
            left.text(x0 + 4, y0 + 4, box.name, fontsize=9, va="top", color="white", path_effects=rim)
        wrapped = ["\n".join(textwrap.wrap(line, 62)) for line in text.splitlines()]
        right.text(0, 1, "\n".join(wrapped), fontsize=9, va="top", family="monospace", linespacing=1.35)
        left.axis("off")
        right.axis("off")
    show.show_figure(figure, alt)


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
