"""The grammar teacher's detailed descriptions: one paragraph of what is there, where it is, and how it lies."""

import random

from course_lib.instruct.teachers.grammar.facts import Facts, KnownThing
from course_lib.instruct.teachers.grammar.phrases import capital, listed, verbs
from course_lib.world.language import PLACES, RELATIONS

SETTINGS = (
    "The scene is set {place}",
    "We are {place}",
    "This picture takes us to a scene {place}",
    "All of this takes place {place}",
    "All that we see is {place}",
    "The picture shows a scene {place}",
)
CONTENTS = (
    "There is {all}.",
    "The picture holds {all}.",
    "One can see {all}.",
    "The eye falls on {all}.",
    "Its contents are quickly told: {all}.",
    "You get to see {all}.",
)
POSITIONS = (
    "The {thing} {is} {where}.",
    "{Where}, you find the {thing}.",
    "You see the {thing} {where}.",
    "{Where} {is} the {thing}.",
    "The place of the {thing} is {where}.",
    "If you look for the {thing}, {it_is} {where}.",
)
RELATED = (
    "The {thing} {is} {way} the {other}.",
    "Besides, the {thing} {is} {way} the {other}.",
    "Note that the {thing} {is} {way} the {other}.",
    "At the same time, the {thing} {is} {way} the {other}.",
    "From there it is not far to the {other}: the {thing} {is} {way} it.",
    "One also sees that the {thing} {is} {way} the {other}.",
)
LARGEST = (
    "The largest thing of all is the {thing}.",
    "Nothing else is as big as the {thing}.",
    "The {thing} takes up the most room.",
    "In size, the {thing} comes first.",
    "It is the {thing} that is biggest.",
    "Everything else is smaller than the {thing}.",
)
ROWS, COLUMNS = ("upper", "", "lower"), ("left", "", "right")


def describe(facts: Facts, rng: random.Random) -> str:
    """A paragraph. Without boxes it says less: what is there, and the relations that captions tell."""
    sentences = [_setting(facts, rng), _contents(facts, rng), *_positions(facts, rng)]
    sentences += [_relation(facts, rng), _largest(facts, rng)]
    return " ".join(sentence for sentence in sentences if sentence)


def _setting(facts: Facts, rng: random.Random) -> str:
    return rng.choice(SETTINGS).format(place=PLACES[facts.place]) + "." if facts.place else ""


def _contents(facts: Facts, rng: random.Random) -> str:
    if not facts.things:
        return capital(facts.captions[0].rstrip(".")) + "."
    return rng.choice(CONTENTS).format(all=listed(facts.things))


def _positions(facts: Facts, rng: random.Random) -> list[str]:
    """A sentence for every thing whose place is known (of the first six), each worded in its own way."""
    placed = [thing for thing in facts.unambiguous() if thing.x is not None]
    sentences = []
    for thing, wording in zip(placed, rng.sample(POSITIONS, len(POSITIONS)), strict=False):
        where = corner(thing)
        sentences.append(wording.format(thing=thing.name, where=where, Where=capital(where), **verbs(thing.name)))
    return sentences


def corner(thing: KnownThing) -> str:
    """Which ninth of the picture the thing's middle is in: "in the upper left", "on the right", "in the middle"."""
    row, column = ROWS[min(int(thing.y * 3), 2)], COLUMNS[min(int(thing.x * 3), 2)]
    if row and column:
        return f"in the {row} {column} corner"
    if row:
        return f"at the {'top' if row == 'upper' else 'bottom'}"
    return f"on the {column}" if column else "in the middle"


def _relation(facts: Facts, rng: random.Random) -> str:
    alone = {thing.name for thing in facts.unambiguous()}
    pairs = [(a, direction, b) for a, direction, b in facts.relations if a in alone and b in alone]
    if not pairs:
        return ""
    a, direction, b = rng.choice(pairs)
    return rng.choice(RELATED).format(thing=a, way=rng.choice(RELATIONS["train"][direction]), other=b, **verbs(a))


def _largest(facts: Facts, rng: random.Random) -> str:
    """Only where it is clearly larger than everything else."""
    pairs = facts.bigger_pairs()
    for thing in facts.unambiguous():
        if len(facts.things) > 1 and sum(a is thing for a, _ in pairs) == len(facts.things) - 1:
            return rng.choice(LARGEST).format(thing=thing.name)
    return ""
