"""The letter reader: Lesson 07's letter head finds which letter stands in which cell; here cells become a word.

A sign's letters have equal shares of its width. For one to five letters, each share takes the letter that its cells agree on most; the
number of letters is the one that fits best, given how wide a letter usually is. No list of words helps: it reads letters.
"""

import math

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava.letters import ALPHABET, PocketVisionTowerWithLetters

MAX_LETTERS = 5
PITCH, PITCH_WEIGHT = 2.6, 2.0  # cells a letter, and what it costs to be wider or narrower; chosen on the stream "val"
STEPS = 8  # a cell, so that a letter's share may end inside it


@torch.no_grad()
def read_signs(vision: PocketVisionTowerWithLetters, images: np.ndarray) -> list[str]:
    """The word on the sign of each picture uint8 [B, 64, 64, 3]; "" where there is no letter."""
    probs = vision.letter_logits(normalise(to_tensor(images))).softmax(dim=-1)  # [B, 16, 16, 37]
    return [_read(one) for one in probs]


def _read(probs: Tensor) -> str:
    """The word in one picture: probabilities [16, 16, 37], class 0 for no letter."""
    letters = 1 - probs[..., 0]  # [16, 16]
    if letters.max() <= 0.5:
        return ""
    band = _band(letters.sum(dim=1), 0.5)
    columns = (letters[band].mean(dim=0) > 0.4).nonzero()[:, 0]  # [W]
    if not len(columns):
        return ""
    first, last = int(columns[0]), int(columns[-1]) + 1
    log_probs = probs[band, first:last, 1:].clamp(min=1e-3).log().mean(dim=0)  # [w, 36]
    steps = log_probs.repeat_interleave(STEPS, dim=0) / STEPS  # [w·8, 36]
    width = float(letters[band, first:last].mean(dim=0).sum())
    return max(_spelled(steps, n, width) for n in range(1, MAX_LETTERS + 1))[1]


def _band(strength: Tensor, share: float) -> slice:
    """The rows around the strongest one [H] that have at least this share of its strength."""
    first = last = int(strength.argmax())
    least = share * strength[first]
    while first > 0 and strength[first - 1] > least:
        first -= 1
    while last + 1 < len(strength) and strength[last + 1] > least:
        last += 1
    return slice(first, last + 1)


def _spelled(steps: Tensor, count: int, width: float) -> tuple[float, str]:
    """(score, word) with so many letters of equal width: steps [w·8, 36] are log-probabilities."""
    share = torch.arange(len(steps)) * count // len(steps)  # [w·8], which letter
    sums = torch.zeros(count, len(ALPHABET)).index_add(0, share, steps)  # [count, 36]
    best, letters = sums.max(dim=1)
    score = STEPS * float(best.sum()) / len(steps) - PITCH_WEIGHT * math.log(width / count / PITCH) ** 2
    return score, "".join(ALPHABET[i] for i in letters.tolist())
