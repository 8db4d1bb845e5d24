"""Numbers of things that neither boxes nor captions agree with."""

from itertools import pairwise

from course_lib.instruct.filters.claims import denied
from course_lib.instruct.filters.defect import Defect
from course_lib.instruct.filters.vocabulary import Mention, boxes_of, mentions
from course_lib.instruct.filters.words import clauses, number, tokens, word_set
from course_lib.instruct.formats import ImageContext, Sample, Turn

NAME = "wrong_count"
ANYTHING = ("things", "objects", "items")
ALL = word_set("there all exactly only just altogether overall total count counts features are")  # every one is meant
SOME = word_set("of other more another between near left right above below next under over close than may might could")
Claim = tuple[str, int, bool]  # (word for the things, number, is it said to be all of them?)


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn with a false number."""
    found = []
    for at, turn in enumerate(sample.turns):
        wrong = next((claim for claim in claims(turn) if is_wrong(claim, context)), None)
        if wrong:
            word, count, _ = wrong
            found.append(Defect(NAME, at, f'{count} "{word}", but {context.id} has {sorted(possible(word, context))}'))
    return found


def is_wrong(claim: Claim, context: ImageContext) -> bool:
    """More than any source knows of; or fewer, where all are meant. Unknown things are another filter's business."""
    word, count, exhaustive = claim
    right = possible(word, context)
    if not right or count in right:
        return False
    return exhaustive or count > max(right)


def possible(word: str, context: ImageContext) -> set[int]:
    """How many the boxes hold and how many each caption names; those that only could be it may count or not."""
    if word in ANYTHING:
        return {len(context.boxes)} | {_named(caption, None) for caption in context.captions} - {0}
    mention = next(iter(mentions(["the", *word.split()])), None)
    if mention is None:
        return set()
    loosely = sum(box.name in mention.names for box in context.boxes)
    return {len(boxes_of(mention, context)), loosely, *(_named(caption, mention) for caption in context.captions)} - {0}


def _named(caption: str, wanted: Mention | None) -> int:
    """How many of the wanted things (None: of all) a caption names: "a dog and two cats" → 3."""
    words, total = tokens(caption), 0
    for mention in mentions(words):
        if wanted is None or mention.names & wanted.names:
            said = [number(word) for word in words[mention.phrase : mention.start]]
            total += next((n for n in said if n is not None), 1)
    return total


def claims(turn: Turn) -> list[Claim]:
    """What question and answer say together, and what the answer says alone."""
    return [*_asked(turn), *stated(turn.answer)]


def stated(text: str) -> list[Claim]:
    """ "there are two cats" → ("cats", 2, True); "two cats sleep" need not be all cats."""
    found = []
    for clause in clauses(tokens(text)):
        for word, phrase, start, end in _counted(clause) if clause[-1] != "?" else ():
            count = next((n for n in map(number, clause[phrase:start]) if n is not None), None)
            if count is None or clause[start - 1] in ("of", "one's"):
                continue
            around = set(clause[max(phrase - 5, 0) : end + 4])
            partly = bool(SOME & around) and "there" not in around
            exhaustive = not partly and (count > 1 or bool(ALL & around) or "single" in around)
            found.append((word, count, exhaustive))
    return found


def _counted(clause: list[str]) -> list[tuple[str, int, int, int]]:
    """(word, begin of its phrase, begin, end) of everything that can be counted in a clause."""
    found = []
    for m in mentions(clause):
        if not denied(clause, m, clause[: m.start]):
            found.append((m.text, m.phrase, m.start, m.end))
    found += [(word, max(at - 3, 0), at, at + 1) for at, word in enumerate(clause) if word in ANYTHING]
    return found


def _asked(turn: Turn) -> list[Claim]:
    """ "How many cats are there?" "Two." → ("cats", 2, True)."""
    words = tokens(turn.question)
    if set(words) & {"left", "right", "above", "below", "under", "over"}:
        return []  # only some of them are asked for
    for word, phrase, start, _ in _counted(words):
        asked = words[max(min(phrase, start) - 3, 0) : start]
        if {"many", "count"} & set(asked) or {("number", "of"), ("total", "of")} & set(pairwise(asked)):
            counts = [n for n in map(number, tokens(turn.answer)) if n is not None]
            return [(word, counts[0], True)] if counts and not stated(turn.answer) else []
    return []
