"""Exercise of Lesson 09 → a tiny run of the course's own room that uses it."""

import random

from course_lib.emergence import tokenizer, train
from course_lib.emergence.arms import ALL
from course_lib.emergence.evaluate import arms, asking, controls
from course_lib.emergence.languages import get_language
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.world.scenes import make_scene

FRENCH = get_language("fr")
READERS = [arm for row in controls.READING for arm in row]

PRODUCT = {
    "emergence.merge": lambda: tokenizer.continue_bpe(["une voiture rouge"], num_new=1),
    "emergence.tag": lambda: train.about_picture(get_tokenizer(), make_scene(1), ALL, random.Random(0), 90),
    "emergence.judge": lambda: asking.is_in(["rouge"], FRENCH),
    "emergence.follows": lambda: arms.follows(["rouge"], asking.examples("colour", 1), ALL, "fr"),
    "emergence.interaction": lambda: controls.reading_interaction(dict.fromkeys(READERS, (1, 2))),
}

AS_MANY = "the check gives as many answers as replies"
PYTHONS = "a number of numpy's is a number"

EQUIVALENT = {
    "emergence.judge": {
        "function: `said.split()` → `said.rsplit()`": "without a limit, both split at all white space",
    },
    "emergence.follows": {
        "left out: `zip(replies, true, turned, strict=True)` → `zip(replies, true, turned)`": AS_MANY,
        "constant: `True` → `False`": AS_MANY,
    },
    "emergence.interaction": {
        "left out: `float(difference)` → `difference`": PYTHONS,
        "left out: `float(difference - half)` → `difference - half`": PYTHONS,
        "left out: `float(difference + half)` → `difference + half`": PYTHONS,
    },
}
