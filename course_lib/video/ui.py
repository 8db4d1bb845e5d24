"""A clip as a learner sees it: a moving picture, or all frames side by side; and what the model says about it."""

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from course_lib import show
from course_lib.llava.chat_format import in_one_word
from course_lib.video.data.batches import to_pixels
from course_lib.video.data.clips import Clip, caption, render_clip
from course_lib.video.model import MiniLlavaVideo

SIDE = 192  # pixels on the page, three for each that the model sees
MILLISECONDS, PAUSE = 500, 2000  # a frame; the last one, before the clip begins again
STRIP_COLUMNS = 8


def gif(frames: np.ndarray, milliseconds: int = MILLISECONDS) -> bytes:
    """Frames uint8 [T, H, W, 3] as a GIF that plays over and over, with a pause between; each pixel as large as three."""
    first, *others = (Image.fromarray(frame).resize((SIDE, SIDE), Image.Resampling.NEAREST) for frame in frames)
    stream = io.BytesIO()
    durations = [*[milliseconds] * len(others), PAUSE]
    first.save(stream, "GIF", save_all=True, append_images=others, duration=durations, loop=0)
    return stream.getvalue()


def player_html(clip: Clip) -> str:
    """The clip as a moving picture, with what happens as alt text."""
    data = base64.b64encode(gif(render_clip(clip))).decode()
    return f'<img alt="A clip: {html.escape(caption(clip), quote=True)}." src="data:image/gif;base64,{data}">'


def play(clip: Clip) -> None:
    """Show the clip as a moving picture; without a notebook, say in words what happens."""
    if not show.in_notebook():
        print(f"A clip: {caption(clip)}.")
        return
    from IPython.display import display

    display({"text/html": player_html(clip), "text/plain": f"A clip: {caption(clip)}."}, raw=True)


def strip(clip: Clip) -> None:
    """Show all frames side by side, with their numbers."""
    titles = [f"frame {number}" for number in range(1, len(clip.frames) + 1)]
    alt = f"The {len(clip.frames)} frames of a clip: {caption(clip)}."
    show.pictures(list(render_clip(clip)), alt=alt, titles=titles, columns=STRIP_COLUMNS)


def ask(model: MiniLlavaVideo, clip: Clip, questions: Sequence[str]) -> list[str]:
    """What the model answers, in a word each."""
    features = model.image_features(to_pixels([render_clip(clip)])).expand(len(questions), -1, -1)
    return model.answer(features, [in_one_word(question) for question in questions])
