"""Questions about a scene, with answers that are short and certainly true.

Yes and no are asked for equally often, and every other kind draws the thing asked about at random; so the best guess
without the picture is known: the most frequent answer of the kind.
"""

import random
from dataclasses import dataclass
from functools import cache

from .language import phrase
from .nouns import NUMBERS, article, is_plural, plural
from .scenes import Scene, Thing, relation
from .stickers import COLOURS, classes

KINDS = ("exist", "count", "colour", "relation", "place", "size", "read")
WORDINGS = {  # kind → (id, wording); the ids of test wordings begin with "test."
    "exist": (
        ("train.is_there", "is there {a}?"),
        ("train.do_you_see", "do you see {a}?"),
        ("test.can_you_find", "can you find {a} here?"),
    ),
    "count": (
        ("train.how_many", "how many {things} are there?"),
        ("train.count", "count the {things}."),
        ("test.number", "what is the number of {things}?"),
    ),
    "colour": (
        ("train.what_colour", "what colour {is} the {thing}?"),
        ("train.which_colour", "which colour {does} the {thing} have?"),
        ("test.tell_colour", "tell me the colour of the {thing}."),
    ),
    "relation": (
        ("train.where", "where is the {thing}, seen from the {other}?"),
        ("train.side", "on which side of the {other} is the {thing}?"),
        ("test.direction", "in which direction from the {other} does the {thing} lie?"),
    ),
    "place": (
        ("train.place", "where is this?"),
        ("train.what_place", "what place is this?"),
        ("test.setting", "what is the setting?"),
    ),
    "size": (
        ("train.bigger", "which is bigger, the {thing} or the {other}?"),
        ("train.larger", "what is larger, the {thing} or the {other}?"),
        ("test.size", "of the {thing} and the {other}, which one is bigger?"),
    ),
    "read": (
        ("train.says", "what does the sign say?"),
        ("train.written", "what is written on the sign?"),
        ("test.read", "read the sign."),
    ),
}


@dataclass(frozen=True)
class Question:
    """A question with its answer, and the numbers of the things that it is about."""

    kind: str
    text: str
    answer: str
    things: tuple[int, ...]


def questions(scene: Scene, rng: random.Random, templates: str = "train") -> list[Question]:
    """One question of every kind that can be asked of this scene without ambiguity."""
    makers = {
        "exist": _exist,
        "count": _count,
        "colour": _colour,
        "relation": _relation,
        "place": _place,
        "size": _size,
        "read": _read,
    }
    found = []
    for kind, make in makers.items():
        made = make(scene, rng)
        if made:
            words, answer, things = made
            wording = rng.choice([text for id, text in WORDINGS[kind] if id.startswith(templates)])
            found.append(Question(kind, wording.format(**words), answer, things))
    return found


def _unique(scene: Scene) -> list[int]:
    """Numbers of the things whose name stands alone in the scene."""
    names = [thing.name for thing in scene.things]
    return [number for number, name in enumerate(names) if names.count(name) == 1]


def _exist(scene: Scene, rng: random.Random):
    """Half yes, half no; the no half the time nearly true: another thing of the same group, or another colour."""
    number = int(rng.random() * len(scene.things))
    thing = scene.things[number]
    if rng.random() < 0.5:
        return {"a": phrase(thing, size=False)}, "yes", (number,)
    if rng.random() < 0.5 and (near := _nearly(scene, thing, rng)):
        return {"a": near}, "no", (number,)
    absent = [c.name for c in _of_split("base") if c.name not in {t.name for t in scene.things}]
    name = rng.choice(absent)
    return {"a": f"{article(name, name)} {name}"}, "no", ()


def _nearly(scene: Scene, thing: Thing, rng: random.Random) -> str | None:
    """What could be taken for the thing, and is not in the scene."""
    if thing.colour and thing.kind != "sign":
        there = {t.colour for t in scene.things if t.name == thing.name}
        if None not in there:
            colour = rng.choice([c for c in COLOURS if c not in there])
            return f"{article(colour, thing.name)} {colour} {thing.name}"
    group = next((c.supercategory for c in classes() if c.id == thing.class_id), None)
    present = {t.name for t in scene.things}
    near = [c.name for c in _of_split("base") if c.supercategory == group and c.name not in present]
    if not near:
        return None
    name = rng.choice(near)
    return f"{article(name, name)} {name}"


@cache
def _of_split(split: str) -> tuple:
    return tuple(c for c in classes() if c.split == split)


def _count(scene: Scene, rng: random.Random):
    number = int(rng.random() * len(scene.things))
    name = scene.things[number].name
    same = tuple(i for i, thing in enumerate(scene.things) if thing.name == name)
    if rng.random() < 0.25:
        absent = rng.choice([c.name for c in _of_split("base") if c.name not in {t.name for t in scene.things}])
        return {"things": plural(absent)}, NUMBERS[0], ()
    return {"things": plural(name)}, NUMBERS[len(same)], same


def _colour(scene: Scene, rng: random.Random):
    """Only of things that were painted: what colour a zebra has would be a matter of taste."""
    painted = [i for i in _unique(scene) if scene.things[i].colour]
    if not painted:
        return None
    number = rng.choice(painted)
    thing = scene.things[number]
    many = is_plural(thing.name)
    words = {"thing": thing.name, "is": "are" if many else "is", "does": "do" if many else "does"}
    return words, thing.colour, (number,)


def _relation(scene: Scene, rng: random.Random):
    pairs = [(i, j) for i in _unique(scene) for j in _unique(scene) if i != j]
    clear = [(i, j) for i, j in pairs if relation(scene.things[i], scene.things[j])]
    if not clear:
        return None
    i, j = rng.choice(clear)
    a, b = scene.things[i], scene.things[j]
    return {"thing": a.name, "other": b.name}, relation(a, b), (i, j)


def _place(scene: Scene, rng: random.Random):
    return {}, scene.backdrop, ()


def _size(scene: Scene, rng: random.Random):
    """Only where one is at least a third wider than the other."""
    alone = _unique(scene)
    pairs = [(i, j) for i in alone for j in alone if scene.things[i].width >= 1.33 * scene.things[j].width]
    if not pairs:
        return None
    i, j = rng.choice(pairs)
    big, small = scene.things[i].name, scene.things[j].name
    first, second = (big, small) if rng.random() < 0.5 else (small, big)
    return {"thing": first, "other": second}, big, (i, j)


def _read(scene: Scene, rng: random.Random):
    signs = [i for i in _unique(scene) if scene.things[i].text]
    return ({}, scene.things[signs[0]].text, (signs[0],)) if signs else None
