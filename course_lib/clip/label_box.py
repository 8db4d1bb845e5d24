"""A small widget: choose a picture, type labels, see the probabilities move."""

import html

import numpy as np
import torch

from course_lib.clip.labels import LabelError, check_labels
from course_lib.clip.pictures import PictureError, prepare
from course_lib.clip.zero_shot import classify, zero_shot_classifier

MOST_SHOWN = 12


@torch.no_grad()
def probabilities(model, tokenizer, picture, labels: str | list[str]) -> list[tuple[str, float]]:
    """What the model makes of a picture, by these labels: (label, probability), the most probable first."""
    labels = check_labels(labels)
    weights = zero_shot_classifier(model, tokenizer, labels, ["{}", "a picture of {}"])
    features = model.encode_image(prepare(picture)[None])
    chances = classify(features, weights, model.logit_scale.exp())[0].tolist()
    return sorted(zip(labels, chances, strict=True), key=lambda pair: -pair[1])


def bars_html(ranked: list[tuple[str, float]]) -> str:
    """The probabilities as text with bars, readable by eye and by screen reader."""
    rows = []
    for label, chance in ranked[:MOST_SHOWN]:
        percent = f"{100 * chance:.1f} %"
        bar = f'<div style="background:#1f3b73;height:10px;width:{max(100 * chance, 0.5):.1f}%"></div>'
        rows.append(
            f'<tr aria-label="{html.escape(label, quote=True)}: {percent}"><td>{html.escape(label)}</td>'
            f'<td style="width:240px">{bar}</td><td>{percent}</td></tr>'
        )
    rest = len(ranked) - MOST_SHOWN
    more = f"<p>and {rest:,} more labels, each less probable</p>" if rest > 0 else ""
    return f'<table role="table">{"".join(rows)}</table>{more}'


def label_box(model, tokenizer, pictures: dict[str, np.ndarray], labels: str = "a cat, a dog"):
    """Choose one of `pictures` (uint8 [H, W, 3]) or upload one, and type labels. Returns the widget (ipywidgets 7.7 or 8)."""
    import ipywidgets as widgets

    choice = widgets.Dropdown(options=list(pictures), description="Picture")
    upload = widgets.FileUpload(accept="image/*", multiple=False, description="or your own")
    words = widgets.Text(value=labels, description="Labels", continuous_update=False)
    words.layout.width = "420px"
    image, answer = widgets.Image(format="png", width=128, height=128), widgets.HTML()
    own: dict[str, bytes] = {}

    def refresh(_=None) -> None:
        picture = own.get("picture") or pictures[choice.value]
        try:
            image.value = _png(picture)
            answer.value = bars_html(probabilities(model, tokenizer, picture, words.value))
        except (LabelError, PictureError) as error:
            answer.value = f'<p role="alert">✗ {html.escape(str(error))}</p>'

    def chosen(_) -> None:
        own.clear()
        refresh()

    def uploaded(change) -> None:
        content = uploaded_bytes(change["new"])
        if content is not None:
            own["picture"] = content
            refresh()

    choice.observe(chosen, names="value")
    words.observe(refresh, names="value")
    upload.observe(uploaded, names="value")
    refresh()
    return widgets.VBox([widgets.HBox([choice, upload]), words, widgets.HBox([image, answer])])


def uploaded_bytes(value) -> bytes | None:
    """What a FileUpload holds: ipywidgets 7 gives a dict by file name, ipywidgets 8 a tuple; None when it was cleared."""
    entries = list(value.values()) if isinstance(value, dict) else list(value)
    return bytes(entries[-1]["content"]) if entries else None


def _png(picture) -> bytes:
    import io

    from PIL import Image

    from course_lib.clip.pictures import open_picture

    stream = io.BytesIO()
    upright = open_picture(picture)
    upright.thumbnail((256, 256))
    upright.resize((128, 128 * upright.height // upright.width or 1), Image.Resampling.NEAREST).save(stream, "PNG")
    return stream.getvalue()
