"""The filter for wrong counts: numbers of things that neither boxes nor captions agree with."""

from itertools import pairwise
from typing import NamedTuple

from course_lib.instruct.filters.claims import is_denied
from course_lib.instruct.filters.mentions import Mention, boxes_of, find_mentions
from course_lib.instruct.filters.text import clauses, number, tokens, word_set
from course_lib.instruct.formats import Defect, ImageContext, Sample, Turn

ANYTHING = ("things", "objects", "items")
ALL = word_set("there all exactly only just altogether overall total count counts features are")  # every one is meant
SOME = word_set("of other more another between near left right above below next under over close than may might could")


class CountClaim(NamedTuple):
    """A claim that there are `count` of the things that `noun` names."""

    noun: str
    count: int
    exhaustive: bool  # is it said to be all of them?


def check_wrong_count(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn with a false number."""
    defects = []
    for turn_number, turn in enumerate(sample.turns):
        wrong = next((claim for claim in count_claims(turn) if is_wrong_count(claim, context)), None)
        if wrong:
            possible = sorted(possible_counts(wrong.noun, context))
            message = f'{wrong.count} "{wrong.noun}", but {context.id} has {possible}'
            defects.append(Defect("wrong_count", turn_number, message))
    return defects


def is_wrong_count(claim: CountClaim, context: ImageContext) -> bool:
    """More than any source knows of; or fewer, where all are meant. Unknown things are another filter's business."""
    possible = possible_counts(claim.noun, context)
    if not possible or claim.count in possible:
        return False
    return claim.exhaustive or claim.count > max(possible)


def possible_counts(noun: str, context: ImageContext) -> set[int]:
    """How many the boxes hold and how many each caption names; those that only could be it may count or not."""
    if noun in ANYTHING:
        return {len(context.boxes)} | {_count_in_caption(caption, None) for caption in context.captions} - {0}
    mention = next(iter(find_mentions(["the", *noun.split()])), None)
    if mention is None:
        return set()
    exact, loose = len(boxes_of(mention, context)), sum(box.name in mention.names for box in context.boxes)
    return {exact, loose, *(_count_in_caption(caption, mention) for caption in context.captions)} - {0}


def _count_in_caption(caption: str, wanted: Mention | None) -> int:
    """How many of the wanted things (None: of all) a caption names: "a dog and two cats" → 3."""
    words, total = tokens(caption), 0
    for mention in find_mentions(words):
        if wanted is None or mention.names & wanted.names:
            numbers = [number(word) for word in words[mention.phrase : mention.start]]
            total += next((n for n in numbers if n is not None), 1)
    return total


def count_claims(turn: Turn) -> list[CountClaim]:
    """What question and answer say together, and what the answer says alone."""
    return [*_answered_counts(turn), *stated_counts(turn.answer)]


def stated_counts(text: str) -> list[CountClaim]:
    """ "there are two cats" → ("cats", 2, True); "two cats sleep" need not be all cats."""
    claims = []
    for clause in clauses(tokens(text)):
        for noun, phrase, start, end in _countable(clause) if clause[-1] != "?" else ():
            count = next((n for n in map(number, clause[phrase:start]) if n is not None), None)
            if count is None or clause[start - 1] in ("of", "one's"):
                continue
            around = set(clause[max(phrase - 5, 0) : end + 4])
            partly = bool(SOME & around) and "there" not in around
            exhaustive = not partly and (count > 1 or bool(ALL & around) or "single" in around)
            claims.append(CountClaim(noun, count, exhaustive))
    return claims


def _countable(clause: list[str]) -> list[tuple[str, int, int, int]]:
    """(noun, begin of its phrase, begin, end) of everything that can be counted in a clause."""
    nouns = []
    for m in find_mentions(clause):
        if not is_denied(clause, m, clause[: m.start]):
            nouns.append((m.text, m.phrase, m.start, m.end))
    nouns += [(word, max(at - 3, 0), at, at + 1) for at, word in enumerate(clause) if word in ANYTHING]
    return nouns


def _answered_counts(turn: Turn) -> list[CountClaim]:
    """ "How many cats are there?" "Two." → ("cats", 2, True)."""
    question = tokens(turn.question)
    if set(question) & {"left", "right", "above", "below", "under", "over"}:
        return []  # only some of them are asked for
    for noun, phrase, start, _ in _countable(question):
        before = question[max(min(phrase, start) - 3, 0) : start]
        if {"many", "count"} & set(before) or {("number", "of"), ("total", "of")} & set(pairwise(before)):
            counts = [n for n in map(number, tokens(turn.answer)) if n is not None]
            return [CountClaim(noun, counts[0], True)] if counts and not stated_counts(turn.answer) else []
    return []
