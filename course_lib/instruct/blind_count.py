"""The blind-teacher test: what captions don't tell, a teacher can only guess. Here it is how many there are.

Each picture holds two to four of one thing, and every caption says "some dogs". With boxes, who can count knows. Without
them nobody does: the best that any teacher can do is to say, every time, the number that is most frequent.
"""

import random
from collections import Counter
from dataclasses import dataclass, replace

from course_lib.instruct.context import ImageContext, from_scene
from course_lib.instruct.conversation import Turn
from course_lib.instruct.grammar_facts import read
from course_lib.instruct.grammar_questions import ask
from course_lib.instruct.serialise import serialise
from course_lib.world.language import TRAIN_TEMPLATES
from course_lib.world.nouns import NUMBERS, plural
from course_lib.world.scenes import Recipe, make_scene
from course_lib.world.stickers import classes

COUNTS = (2, 3, 4)


@dataclass(frozen=True)
class Counted:
    """A picture in words that name no number, and the number."""

    context: ImageContext
    number: int


def pictures(stream: str, count: int) -> list[Counted]:
    """Pictures of several things of one kind, each number equally often."""
    rng = random.Random(f"blind count/{stream}")
    names = [c.name for c in classes() if c.split == "base" and plural(c.name) != c.name]
    found = []
    for index in range(count):
        name = rng.choice(names)
        recipe = Recipe(stream=stream, names=(name,) * rng.choice(COUNTS), colour=None)
        context = from_scene(make_scene(index, recipe))
        wordings = rng.sample(TRAIN_TEMPLATES, 5)
        said = tuple(wording.format(f"some {plural(name)}") for _, wording in wordings)
        found.append(Counted(replace(context, captions=said), len(context.boxes)))
    return found


def blind_guesses(tests: list[Counted], practice: list[Counted]) -> list[bool]:
    """Is the number right that was most frequent in other pictures?"""
    guess = Counter(picture.number for picture in practice).most_common(1)[0][0]
    return [picture.number == guess for picture in tests]


def grammar_counts(tests: list[Counted], boxes: bool) -> list[bool | None]:
    """Is the grammar teacher's number right? None where it rightly refuses to say one."""
    turns = [ask("count", read(serialise(picture.context, boxes)), random.Random(0)) for picture in tests]
    return [turn and _says(turn, picture.number) for turn, picture in zip(turns, tests, strict=True)]


def _says(turn: Turn, number: int) -> bool:
    return NUMBERS[number] in turn.answer.lower().rstrip(".").split()
