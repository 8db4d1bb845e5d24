"""How English says that one thing lies left of, right of, above or below another."""

from dataclasses import dataclass

from course_lib.instruct.validate.claims import DENIES
from course_lib.instruct.validate.mentions import Mention, mentions
from course_lib.instruct.validate.words import clauses, tokens, word_set

DIRECTIONS = {
    **dict.fromkeys(("left", "left-hand", "leftmost"), "left"),
    **dict.fromkeys(("right", "right-hand", "rightmost"), "right"),
    **dict.fromkeys(("above", "over", "higher", "atop"), "above"),
    "up": "above",  # before "than" or "from": "further up than"
    "down": "below",
    **dict.fromkeys(("below", "under", "underneath", "beneath", "lower"), "below"),
}
BETWEEN = word_set("of than side up down from to the")  # between the direction and the reference
ITS = word_set("its it their them")


@dataclass(frozen=True)
class Relation:
    """The subject lies that way of the reference."""

    subject: Mention
    way: str  # "left", "right", "above" or "below"
    reference: Mention


def direction_of(word: str) -> str | None:
    """ "beneath" → "below"."""
    return DIRECTIONS.get(word)


def stated(text: str) -> list[Relation]:
    """Every relation between two named things that a statement makes."""
    return [relation for clause in clauses(tokens(text)) for relation in _in_clause(clause)]


def _in_clause(clause: list[str]) -> list[Relation]:
    named = mentions(clause)
    if len(named) < 2 or any(word in DENIES or word.endswith("n't") for word in clause):
        return []
    found = []
    for at, word in enumerate(clause):
        way = direction_of(word)
        if way:
            found += _of_its(clause, named, at, way) or _of_the_next(clause, named, at, way)
    return found


def _of_its(clause: list[str], named: list[Mention], at: int, way: str) -> list[Relation]:
    """ "the cat has a dog on its left": the dog is left of the cat."""
    before = [m for m in named if m.end <= at]
    after = [m for m in named if m.start > at]
    rest = [word for word in clause[at + 1 : at + 4] if word != "of"]
    if not (clause[at - 1] in ITS or rest[:1] in (["it"], ["them"])):
        return []
    if len(before) >= 2:
        return [Relation(before[-1], way, before[-2])]
    return [Relation(after[0], way, before[0])] if before and after else []  # "the cat, and on its left a dog"


def _of_the_next(clause: list[str], named: list[Mention], at: int, way: str) -> list[Relation]:
    """ "a dog left of a cat"; and with the place first, "left of the cat sits a dog"."""
    reference = next((m for m in named if m.start > at), None)
    if reference is None or not set(clause[at + 1 : reference.phrase]) <= BETWEEN:
        return []
    between = set(clause[at + 1 : reference.phrase])
    if way in ("left", "right") and not {"of", "from", "than"} & between:
        return []
    if clause[at] in ("up", "down") and not {"from", "than"} & between:
        return []
    before = [m for m in named if m.end <= at]
    after = [m for m in named if m.start >= reference.end]
    if before:
        return [Relation(before[-1], way, reference)]
    return [Relation(after[0], way, reference)] if after else []
