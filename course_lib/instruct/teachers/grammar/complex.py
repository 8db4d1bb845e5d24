"""Questions that take two facts and a step of thought, with the reason in the answer."""

import itertools
import math
import random
from collections.abc import Callable

from course_lib.instruct.formats import Turn
from course_lib.instruct.resources import complex_wordings
from course_lib.instruct.teachers.grammar.facts import Facts, KnownThing
from course_lib.instruct.teachers.grammar.phrases import bare, capital, listed, number, verbs
from course_lib.world.language import PLACES
from course_lib.world.nouns import is_plural
from course_lib.world.stickers import class_named, classes

MARGIN = 0.14  # the world's own margin for what lies farther left, or nearer
SIDES = {  # side → how far a thing is from it
    "the left": lambda thing: thing.x,
    "the right": lambda thing: 1 - thing.x,
    "the top": lambda thing: thing.y,
    "the bottom": lambda thing: 1 - thing.y,
}
AMBIGUOUS_GROUPS = ("mammal", "bird", "creature", "plant")  # some of them can be eaten or ridden
HALVES = {"left": "right", "right": "left", "upper": "lower", "lower": "upper"}


def reason(facts: Facts, rng: random.Random) -> Turn:
    """One question with its answer, of any kind that these facts allow."""
    for kind in rng.sample(list(GENERATORS), len(GENERATORS)):
        words = GENERATORS[kind](facts, rng)
        if words:
            return _worded(kind, words, rng)
    # where nothing can be concluded, what there is has to do; in words that people used, if no thing was recognised
    return _worded("simplest", {"all": listed(facts.things) or facts.captions[0].rstrip(".")}, rng)


def _worded(kind: str, words: dict[str, str], rng: random.Random) -> Turn:
    words = words | {key.capitalize(): capital(value) for key, value in words.items()}
    wordings = complex_wordings()
    question = rng.choice(wordings.questions[kind]).format(**words)
    return Turn(question, rng.choice(wordings.answers[kind]).format(**words))


def _placed(facts: Facts) -> list[KnownThing]:
    """Things with a place that "the <name>" can only mean, if that is all of them."""
    alone = facts.unambiguous()
    return alone if facts.boxes and len(alone) == len(facts.things) else []


def _sweep(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    side, distance = rng.choice(list(SIDES.items()))
    order = sorted(_placed(facts), key=distance)
    if len(order) < 2 or distance(order[1]) - distance(order[0]) < MARGIN:
        return None
    comes, comes1 = ("come" if is_plural(thing.name) else "comes" for thing in (order[1], order[0]))
    words = {"side": side, "what": bare(order[0]), "next": bare(order[1]), "comes": comes, "comes1": comes1}
    return {**words, **verbs(order[1].name)}


def _without(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    count = len(facts.things)
    largest = [a for a in facts.unambiguous() if sum(a is big for big, _ in facts.bigger_pairs()) == count - 1]
    if not facts.complete or count < 2 or not largest:
        return None
    others = listed([thing for thing in facts.things if thing is not largest[0]])
    name, left = largest[0].name, number(count - 1)
    return {"thing": name, "all": number(count), "left": left, "others": others, **verbs(name)}


def _half(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    """Only where nothing lies across the line; what is left is at least one, and not all."""
    side, other = rng.choice(list(HALVES.items()))
    if not facts.complete:
        return None
    places = [thing.x if side in ("left", "right") else thing.y for thing in facts.things]
    pairs = zip(facts.things, places, strict=True)
    remaining = [thing for thing, place in pairs if (place > 0.5) == (side in ("left", "upper"))]
    if not 1 < len(remaining) < len(places) or any(abs(place - 0.5) < MARGIN for place in places):
        return None
    num_left = number(len(remaining))
    return {"side": side, "other": other, "all": number(len(places)), "left": num_left, "others": listed(remaining)}


def _between(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    order = sorted(_placed(facts), key=lambda thing: thing.x)
    gaps = [b.x - a.x for a, b in itertools.pairwise(order)]
    if len(order) != 3 or min(gaps) < MARGIN / 2:
        return None
    first, thing, last = (thing.name for thing in order)
    return {"first": first, "thing": thing, "last": last, "is1": verbs(first)["is"]}


def _use(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    """A thing that one can eat, say, beside one that nobody eats."""
    class_names = {c.name for c in classes()}
    alone = [thing.name for thing in facts.unambiguous() if thing.name in class_names]
    all_uses = complex_wordings().uses
    uses = {name: all_uses.get(class_named(name).supercategory) for name in alone}
    for name in rng.sample(alone, len(alone)):
        others = [
            other
            for other in alone
            if uses[other] != uses[name] and class_named(other).supercategory not in AMBIGUOUS_GROUPS
        ]
        if uses[name] and others and list(uses.values()).count(uses[name]) == 1:
            other = rng.choice(others)
            phrases = {thing.name: bare(thing) for thing in facts.unambiguous()}
            words = {"use": uses[name], "what": phrases[name], "other": phrases[other], "is1": verbs(other)["is"]}
            return {**words, **verbs(name)}
    return None


def _advice(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    rules = complex_wordings().advice
    if facts.place not in rules or not facts.things:
        return None
    are = "are" if len(facts.things) > 1 else verbs(facts.names[0])["is"]
    advice = rng.choice(rules[facts.place])
    return {"advice": advice, "place": PLACES[facts.place], "seen": listed(facts.things), "are": are}


def _nearest(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    """Of three things, the two that are clearly closer to one another than to the third."""
    things = _placed(facts)
    if len(things) != 3:
        return None
    ways = [(math.dist((a.x, a.y), (b.x, b.y)), a, b) for i, a in enumerate(things) for b in things[:i]]
    (near, a, b), (next_near, *_), _ = sorted(ways, key=lambda way: way[0])
    if next_near - near < MARGIN:
        return None
    third = next(thing for thing in things if thing not in (a, b))
    return {"thing": a.name, "other": b.name, "third": third.name, **verbs(third.name)}


def _room(facts: Facts, rng: random.Random) -> dict[str, str] | None:
    """Opposite of the only thing, where that is off the middle."""
    if not facts.complete or len(facts.things) != 1:
        return None
    thing = facts.things[0]
    across, along = thing.x - 0.5, thing.y - 0.5
    if max(abs(across), abs(along)) < MARGIN:
        return None
    if abs(across) >= abs(along):
        where = "on the left" if across > 0 else "on the right"
    else:
        where = "at the top" if along > 0 else "at the bottom"
    has, keeps = ("have", "keep") if is_plural(thing.name) else ("has", "keeps")
    return {"thing": thing.name, "what": bare(thing), "where": where, "has": has, "keeps": keeps, **verbs(thing.name)}


GENERATORS: dict[str, Callable[[Facts, random.Random], dict[str, str] | None]] = {
    "sweep": _sweep,
    "without": _without,
    "half": _half,
    "between": _between,
    "use": _use,
    "advice": _advice,
    "nearest": _nearest,
    "room": _room,
}
