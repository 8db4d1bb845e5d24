"""Questions that the facts answer with certainty, in the grammar teacher's conversations.

What is denied is certainly not so, and drawn like what is affirmed: a name of the same group, another colour, the opposite
relation. Nothing held out is ever denied, as in `course_lib.world.questions`.
"""

import random
from collections.abc import Callable
from functools import cache

from course_lib.instruct.formats import Turn
from course_lib.instruct.resources import conversation_wordings
from course_lib.instruct.teachers.grammar.facts import Facts
from course_lib.instruct.teachers.grammar.phrases import capital, existence, listed, number, plural_of, verbs
from course_lib.world.language import PLACES, RELATIONS
from course_lib.world.nouns import could_be
from course_lib.world.questions import OPPOSITE
from course_lib.world.splits import held_out_colour, held_out_relation
from course_lib.world.stickers import COLOURS, classes

SHORT_ANSWER_FRAC = 0.4  # share of questions that ask for one word, where one word is an answer
OTHER_PLACES = {  # places that certainly aren't one another; a night may be anywhere
    "meadow": ("beach", "sea", "room"),
    "beach": ("room", "forest", "meadow"),
    "sea": ("road", "desert", "forest", "room", "meadow"),
    "road": ("sea", "room"),
    "snow": ("desert", "room", "sea"),
    "desert": ("snow", "sea", "forest", "room"),
    "forest": ("desert", "sea", "beach", "room"),
    "room": ("sea", "beach", "desert", "forest", "road", "meadow"),
}
COMMON = (  # names of COCO as well: where boxes may leave out what COCO has no name for, only these can be denied
    *("dog", "cat", "horse", "sheep", "cow", "elephant", "bear", "giraffe", "bicycle", "car", "motorcycle", "airplane"),
    *("bus", "train", "truck", "umbrella", "backpack", "pizza", "banana", "apple", "laptop", "scissors"),
)
QuestionParts = tuple[dict[str, str], str, str]  # words for the wordings, "yes", "no" or "", the shortest answer


def make_turn(kind: str, facts: Facts, rng: random.Random) -> Turn | None:
    """A question of a kind with its answer; None where these facts have no certain answer."""
    parts = GENERATORS[kind](facts, rng)
    if parts is None:
        return None
    words, truth, short = parts
    words |= {key.capitalize(): capital(value) for key, value in words.items()}
    wordings = conversation_wordings()
    question = rng.choice(wordings.questions[kind]).format(**words)
    if short and " " not in short and rng.random() < SHORT_ANSWER_FRAC:
        return Turn(f"{question} {rng.choice(wordings.briefly)}", short)
    answer = rng.choice(wordings.answers[f"{kind} {truth}".strip()]).format(**words)
    return Turn(question, capital(answer))


def _exist(facts: Facts, rng: random.Random) -> QuestionParts | None:
    absent = _absent(facts, rng)
    if not absent:
        return None
    there = rng.random() < 0.5
    return existence(rng.choice(facts.names) if there else absent), "yes" if there else "no", "yes" if there else "no"


def _absent(facts: Facts, rng: random.Random) -> str | None:
    """A name that nothing in the picture can have; every second time of the same group as something that is there."""
    if not facts.boxes:  # who says what is there doesn't rule out the rest
        return None
    there = {name for thing in facts.names for name in could_be(thing)}
    pool = [name for name in (_like(rng.choice(facts.names), rng) if facts.complete else COMMON) if name not in there]
    pool = [name for name in pool if not any(name in caption for caption in facts.captions)]
    return rng.choice(pool) if pool else None


def _like(name: str, rng: random.Random) -> tuple[str, ...]:
    near = _group(name)
    return near if rng.random() < 0.5 and len(near) > 1 else _group("")


@cache
def _group(name: str) -> tuple[str, ...]:
    """The names that training may use: those of this one's group, or all."""
    group = next((c.supercategory for c in classes() if c.name == name), "")
    return tuple(c.name for c in classes() if c.split == "base" and group in ("", c.supercategory))


def _count(facts: Facts, rng: random.Random) -> QuestionParts | None:
    if not facts.boxes:
        return None
    names = [name for name in dict.fromkeys(facts.names) if facts.names.count(name) > 1]
    if names:
        name = rng.choice(names)
        if any(other != name and other in could_be(name) for other in facts.names):
            return None
        things, count = plural_of(name), facts.names.count(name)
    elif facts.complete and len(facts.names) > 1:
        things, count = "things", len(facts.names)
    else:
        return None
    return {"things": things, "number": number(count)}, "", number(count)


def _colour(facts: Facts, rng: random.Random) -> QuestionParts | None:
    painted = [thing for thing in facts.unambiguous() if thing.colour]
    if not painted:
        return None
    thing = rng.choice(painted)
    return {"thing": thing.name, "colour": thing.colour, **verbs(thing.name)}, "", thing.colour


def _is_colour(facts: Facts, rng: random.Random) -> QuestionParts | None:
    parts = _colour(facts, rng)
    if parts is None or rng.random() < 0.5:
        return parts and (parts[0], "yes", "yes")
    words, _, true_colour = parts
    others = [colour for colour in COLOURS if colour != true_colour and not held_out_colour(words["thing"], colour)]
    return {**words, "colour": rng.choice(others), "truly": true_colour}, "no", "no"


def _related_pair(facts: Facts, rng: random.Random) -> tuple[str, str, str] | None:
    alone = {thing.name for thing in facts.unambiguous()}
    pairs = [(a, direction, b) for a, direction, b in facts.relations if a in alone and b in alone]
    return rng.choice(pairs) if pairs else None


def _relation(facts: Facts, rng: random.Random) -> QuestionParts | None:
    pair = _related_pair(facts, rng)
    if pair is None:
        return None
    a, direction, b = pair
    return {"thing": a, "other": b, "way": rng.choice(RELATIONS["train"][direction]), **verbs(a)}, "", direction


def _is_related(facts: Facts, rng: random.Random) -> QuestionParts | None:
    pair = _related_pair(facts, rng)
    if pair is None or held_out_relation(pair[0], OPPOSITE[pair[1]], pair[2]):
        return None
    a, direction, b = pair
    yes = rng.random() < 0.5
    true_phrase, false_phrase = (rng.choice(RELATIONS["train"][name]) for name in (direction, OPPOSITE[direction]))
    words = {"thing": a, "other": b, "way": true_phrase if yes else false_phrase, "truly": true_phrase, **verbs(a)}
    return words, "yes" if yes else "no", "yes" if yes else "no"


def _place(facts: Facts, rng: random.Random) -> QuestionParts | None:
    return ({"place": PLACES[facts.place]}, "", facts.place) if facts.place else None


def _is_place(facts: Facts, rng: random.Random) -> QuestionParts | None:
    if facts.place not in OTHER_PLACES:
        return None
    yes, true_phrase = rng.random() < 0.5, PLACES[facts.place]
    false_phrase = PLACES[rng.choice(OTHER_PLACES[facts.place])]
    answer = "yes" if yes else "no"
    return {"place": true_phrase if yes else false_phrase, "truly": true_phrase}, answer, answer


def _bigger(facts: Facts, rng: random.Random) -> QuestionParts | None:
    pairs = facts.bigger_pairs()
    if not pairs:
        return None
    big, small = (thing.name for thing in rng.choice(pairs))
    first, second = rng.sample((big, small), 2)
    return {"thing": first, "other": second, "big": big, "small": small, **verbs(big)}, "", big


def _read(facts: Facts, rng: random.Random) -> QuestionParts | None:
    texts = [thing.text for thing in facts.unambiguous() if thing.text]
    return ({"text": texts[0]}, "", texts[0]) if texts else None


def _list(facts: Facts, rng: random.Random) -> QuestionParts | None:
    return ({"all": listed(facts.things)}, "", "") if facts.things else None


GENERATORS: dict[str, Callable[[Facts, random.Random], QuestionParts | None]] = {
    "exist": _exist,
    "count": _count,
    "colour": _colour,
    "is_colour": _is_colour,
    "relation": _relation,
    "is_related": _is_related,
    "place": _place,
    "is_place": _is_place,
    "bigger": _bigger,
    "read": _read,
    "list": _list,
}
