"""Signs with random letters, for the letter head and for OCR: words that no test asks to read."""

import random
from dataclasses import replace
from functools import cache

from course_lib.llava.letters import ALPHABET
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.signs import letter_boxes
from course_lib.world.splits import training_may_use_text

NUM_WORDS = 600  # different ones
LETTERS_FRAC, MAX_LETTERS, MAX_DIGITS = 0.6, 5, 4  # the share of words of letters; the rest are numbers
SIGN_SPEC = SceneSpec(count=(1, 3), kinds=(0.45, 0.1, 0.45))


@cache
def practice_words() -> tuple[str, ...]:
    """Letters or digits at random, short enough for a sign, and none that a test asks to read. Always the same."""
    rng, words = random.Random("practice words"), {}
    while len(words) < NUM_WORDS:
        of_letters = rng.random() < LETTERS_FRAC
        alphabet, max_length = (ALPHABET[:26], MAX_LETTERS) if of_letters else (ALPHABET[26:], MAX_DIGITS)
        word = "".join(rng.choices(alphabet, k=rng.randint(1, max_length)))
        if training_may_use_text(word) and fits(word):
            words[word] = True
    return tuple(words)


def fits(word: str) -> bool:
    """Is there room for it on a sign?"""
    try:
        return bool(letter_boxes(word))
    except ValueError:
        return False


def practice_scene(rng: random.Random) -> Scene:
    """A training scene with a sign or two, which say practice words."""
    while True:
        scene = make_scene(rng.randrange(1_000_000_000), SIGN_SPEC)
        if any(thing.text for thing in scene.things):
            words = practice_words()
            things = (replace(t, text=rng.choice(words)) if t.text else t for t in scene.things)
            return replace(scene, things=tuple(things))
