"""Is it there? Many questions a picture about names alone, a good part of them about what only looks like something in it.

POPE (Li et al., 2023, arXiv 2305.10355) found that models affirm what is not there, and most easily what tempts them.
"""

import random
from functools import cache

from course_lib.world.nouns import article, could_be, is_plural
from course_lib.world.questions import Question, wordings
from course_lib.world.scenes import Scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import class_named, classes

HARD_FRAC = 0.6  # of the negatives: names of the same group as something in the picture


def existence_questions(scene: Scene, count: int, rng: random.Random) -> list[Question]:
    """`count` different questions in wordings for training, yes and no equally likely; none where there are only signs."""
    present = list(dict.fromkeys(thing.name for thing in scene.things if thing.kind != "sign"))
    if not present:
        return []
    absent = absent_names(scene)
    hard = same_group(scene, absent) or absent
    drawn = []
    for _ in range(count):
        there = rng.random() < 0.5
        name = rng.choice(present if there else hard if rng.random() < HARD_FRAC else absent)
        drawn.append(Question("exist", ask_for(name, "train", rng), "yes" if there else "no", ()))
    return list({question.text: question for question in drawn}.values())


def ask_for(name: str, templates: str, rng: random.Random) -> str:
    """ "can you find a cat here?", in a wording of those for "train" or "test"."""
    words = f"any {name}" if article(name, name) == "some" else f"{article(name, name)} {name}"
    is_there = f"{'are' if is_plural(name) else 'is'} there {words}"
    return rng.choice(wordings("exist", templates)).format(is_there=is_there, any=words)


def absent_names(scene: Scene) -> list[str]:
    """Names that are certainly not in the scene, of those that training may use."""
    possible = {name for thing in scene.things for name in could_be(thing.name)}
    return [name for name in trained_names() if name not in possible]


def same_group(scene: Scene, names: list[str]) -> list[str]:
    """Those of the names that are of a group that is in the scene: a wolf where there is a fox."""
    groups = {group_of(thing.name) for thing in scene.things if thing.kind != "sign"}
    return [name for name in names if group_of(name) in groups]


def group_of(name: str) -> str:
    """What a name is one of: "mammal", "vehicle", … or "shape"."""
    return "shape" if name in SHAPES else class_named(name).supercategory


@cache
def trained_names() -> tuple[str, ...]:
    """Every name that training may use, but for signs."""
    return tuple(dict.fromkeys([c.name for c in classes() if c.split == "base"] + list(SHAPES)))
