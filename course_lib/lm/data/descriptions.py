"""A perfect description of a scene: everything that questions can be asked about, in sentences, without its count.

Where things are is said in one of two ways: by relations ("the cat is left of the dog"), or by places on a grid of 16 ("at
3, 12": column 3, row 12, from the top left), from which relations must be worked out.
"""

import random

from course_lib.world.language import PLACES, RELATIONS, join, phrase
from course_lib.world.nouns import is_plural
from course_lib.world.questions import clear_relations
from course_lib.world.scenes import Scene, Thing

GRID = 16
OPENINGS = ("There is {}.", "You see {}.", "The picture shows {}.", "Here we have {}.", "There you find {}.")
SETTINGS = ("We are {}.", "This is {}.", "It all happens {}.", "The setting: {}.", "The place: {}.")


def describe(scene: Scene, rng: random.Random, places: bool = False) -> str:
    """The description in random wordings and order; `places` gives grid places instead of relations.

    Relations are told from both sides: "the cat is left of the dog", "the dog is right of the cat".
    """
    order = rng.sample(range(len(scene.things)), len(scene.things))
    listed = [_placed(scene.things[i]) if places else phrase(scene.things[i]) for i in order]
    setting = rng.choice(SETTINGS).format(PLACES[scene.backdrop])
    what = rng.choice(OPENINGS).format(join(listed))
    sentences = [setting, what] if rng.random() < 0.5 else [what, setting]
    return " ".join(sentences if places else [*sentences, *_relations(scene, rng)])


def _placed(thing: Thing) -> str:
    """ "a small red car at 3, 12"."""
    column, row = (min(int(share * GRID), GRID - 1) for share in (thing.x, thing.y))
    return f"{phrase(thing)} at {column}, {row}"


def _relations(scene: Scene, rng: random.Random) -> list[str]:
    """Every clear relation between two things, in random order."""
    sentences, relations = [], clear_relations(scene)
    for i, j, how in rng.sample(relations, len(relations)):
        wording = rng.choice(RELATIONS["train"][how])
        a, b = scene.things[i].name, scene.things[j].name
        sentences.append(f"The {a} {'are' if is_plural(a) else 'is'} {wording} the {b}.")
    return sentences
