"""A sound as a learner meets it: heard, seen, named; and a widget that asks three models what they make of it."""

import html

import numpy as np
import torch

from course_lib.clip.data.images import normalise, to_images, to_tensor
from course_lib.clip.ui import picture_html
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.sampling import sample
from course_lib.imagebind.data.mel import log_mel
from course_lib.imagebind.data.voices import RATE
from course_lib.imagebind.evaluate.alignment import embed
from course_lib.imagebind.evaluate.swaps import as_phrases, segment_by
from course_lib.imagebind.model import PocketBind

BOX = (0.25, 0.25, 0.75, 0.75)
HALF = 2  # every second sample is kept: 8 kHz are enough to know a voice, and keep a notebook small


def player(sound: np.ndarray):
    """Something to click on and hear: a sound [N] at 16 kHz, as IPython's Audio at 8 kHz."""
    from IPython.display import Audio

    return Audio(sound[::HALF], rate=RATE // HALF, normalize=False)


def hear(model: PocketBind, sound: np.ndarray) -> torch.Tensor:
    """A sound [16000] → its embedding [1, 128] of length 1."""
    return embed(model.audio, log_mel(sound)[None])


def draw(gated, embedding: torch.Tensor, box=BOX, seed: int = 0) -> np.ndarray:
    """What one hears, drawn into a box: embedding [1, 128] → uint8 [64, 64, 3]."""
    layout = [GroundedPhrase("", box, as_phrases(embedding)[0])]
    return to_images(sample(gated, [""], [layout], seed=seed))[0]


def sound_box(
    model: PocketBind, seem, gated, sounds: dict[str, np.ndarray], images: np.ndarray, features: torch.Tensor
):
    """Choose one of `sounds` [16000]: the nearest of the pictures uint8 [N, 64, 64, 3], its mask there, and a drawing.

    features [N, 128]: of the pictures, of length 1. Returns the widget (ipywidgets 7.7 or 8).
    """
    import ipywidgets as widgets

    choice, shown = widgets.Dropdown(options=list(sounds), description="Sound"), widgets.HTML()

    def refresh(_=None) -> None:
        """Ask the three models anew."""
        shown.value = answer_html(model, seem, gated, sounds[choice.value], images, features)

    choice.observe(refresh, names="value")
    refresh()
    return widgets.VBox([choice, shown])


@torch.no_grad()
def answer_html(model: PocketBind, seem, gated, sound: np.ndarray, images: np.ndarray, features: torch.Tensor) -> str:
    """The sound to play, then three pictures side by side: the nearest, what in it sounds, and a drawing."""
    embedding = hear(model, sound)
    nearest = images[int((embedding @ features.T).argmax())]
    mask = segment_by(seem, seem.encode(normalise(to_tensor(nearest[None]))), embedding)[0]
    masked = np.where(mask[..., None], nearest, nearest // 4)
    pictures = {"the nearest picture": nearest, "what sounds in it": masked, "a drawing of it": draw(gated, embedding)}
    cells = (f"<td>{picture_html(one, name)}<br>{html.escape(name)}</td>" for name, one in pictures.items())
    return f'{player(sound)._repr_html_()}<table aria-live="polite"><tr>{"".join(cells)}</tr></table>'
