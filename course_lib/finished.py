"""The systems of this course, finished, a function for each: the first look in Lesson 00, before any of them is built.

Each loads its shipped checkpoint when it is first called.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np


def clip(picture: np.ndarray, captions: Sequence[str]) -> list[tuple[str, float]]:
    """Which caption fits a picture uint8 [H, W, 3]? (caption, probability), the most probable first. Lesson 02."""
    from course_lib.clip.tokenizer import get_tokenizer
    from course_lib.clip.ui import probabilities

    return probabilities(_clip(), get_tokenizer(), picture, list(captions))


def llava(picture: np.ndarray, question: str) -> str:
    """The answer to a question about a picture uint8 [H, W, 3]. Lessons 06 and 07."""
    from course_lib.clip.data.images import prepare

    return _llava().answer(_llava().image_features(prepare(picture)[None]), [question])[0]


def gligen(caption: str, things: dict[str, tuple[float, float, float, float]], seed: int = 0) -> np.ndarray:
    """A picture uint8 [64, 64, 3] of the caption, each thing drawn into its box: left, top, right, bottom, 0–1. Lesson 10."""
    from course_lib.clip.data.images import to_images
    from course_lib.gligen.layouts import GroundedPhrase
    from course_lib.gligen.sampling import sample

    layout = [GroundedPhrase(phrase, box) for phrase, box in things.items()]
    return to_images(sample(_gligen(), [caption], [layout], seed=seed))[0]


def seem(picture: np.ndarray, words: str) -> np.ndarray:
    """The mask, bool [64, 64], of what these words name in a picture uint8 [H, W, 3]; empty if it finds none. Lesson 11."""
    from course_lib.canvas import Mark

    answer = _seem().look(picture).ask([Mark("text", text=words)])
    return np.zeros((64, 64), bool) if answer.mask is None else answer.mask


@cache
def _clip():
    from course_lib.clip.pretrained import load_clip

    return load_clip()


@cache
def _llava():
    from course_lib.llava.train import saved

    return saved.load("2")


@cache
def _gligen():
    from course_lib.gligen.train import gates

    return gates.load_gated()


@cache
def _seem():
    from course_lib.seem.train import stages
    from course_lib.seem.ui import Interactive

    return Interactive(stages.load())
