"""Exercise of Lesson 14's first half → a tiny run of the course's own room that uses it."""

import numpy as np
import torch

from course_lib.llava.chat_format import caption_segments
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.small.data.sets import SetBatches
from course_lib.small.evaluate import recovery_figure
from course_lib.small.quantise import Int8Linear
from course_lib.small.recipes import SHORT_RUN


def picks() -> object:
    """The rows of a step, of pictures that have one conversation each."""
    one = caption_segments(get_tokenizer(), "a cat", "write a caption.")
    return SetBatches(get_tokenizer(), torch.zeros(20, 64, 3), [[one]] * 20, SHORT_RUN).picks(0)


def recovery() -> object:
    """Half of what noise cost comes back."""
    arms = [np.arange(8) < right for right in (8, 4, 6, 4)]
    return list(recovery_figure("small.recovery", *arms))


PRODUCT = {
    "small.fill_budget": picks,
    "small.filter_recovery": recovery,
    "small.quantise_rows": lambda: Int8Linear(torch.ones(2, 3), None),
}
SAME_RATIO, NUMPY = "a ratio, or its sign, is the same of sums and of means", "numpy's floats are floats"
TINY = "any tiny number keeps 0 / 0 away"
EQUIVALENT = {
    "small.filter_recovery": {
        "function: `gap.mean()` → `gap.sum()`": SAME_RATIO,
        "function: `one[resamples].mean(axis=1)` → `one[resamples].sum(axis=1)`": SAME_RATIO,
        "left out: `float(gain.mean() / gap.mean())` → `gain.mean() / gap.mean()`": NUMPY,
        "left out: `float(low)` → `low`": NUMPY,
        "left out: `float(high)` → `high`": NUMPY,
    },
    "small.quantise_rows": {
        "order: `weight - scale * quantised` → `scale * quantised - weight`": "the norm has no sign",
        "constant: `1e-12` → `2e-12`": TINY,
        "constant: `1e-12` → `5e-13`": TINY,
    },
}
