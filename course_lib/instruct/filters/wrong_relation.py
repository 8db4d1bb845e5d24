"""Left, right, above and below, against the centres of boxes. What is too close to call is no defect."""

from course_lib.instruct.filters.claims import Relation, direction_of, stated
from course_lib.instruct.filters.defect import Defect
from course_lib.instruct.filters.vocabulary import Mention, boxes_of, mentions
from course_lib.instruct.filters.words import clauses, says_no, says_yes, tokens, word_set
from course_lib.instruct.formats import Box, ImageContext, Sample, Turn

NAME = "wrong_relation"
MARGIN = 0.14  # share of the picture's side, as in `course_lib.world.scenes.relation`
REFERENCE = word_set("from of to with than")
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn that says the opposite of what the boxes show."""
    found = []
    for at, turn in enumerate(sample.turns):
        wrong = next((claim for claim in claims(turn) if is_wrong(claim, context)), None)
        if wrong:
            said = f'"{wrong.subject.text}" {wrong.way} "{wrong.reference.text}"'
            found.append(Defect(NAME, at, f"{said}: the boxes of {context.id} lie the other way round"))
    return found


def is_wrong(claim: Relation, context: ImageContext) -> bool:
    """Each must mean one box; wrong is who lies clearly on the other side."""
    first, second = boxes_of(claim.subject, context), boxes_of(claim.reference, context)
    if len(first) != 1 or len(second) != 1 or first == second:
        return False
    return how_far(first[0], second[0], claim.way) <= -MARGIN


def how_far(a: Box, b: Box, way: str) -> float:
    """How far a's centre lies left of (right of, above, below) b's, as a share of the picture's side."""
    if way in ("left", "right"):
        further = (a.x0 + a.x1 - b.x0 - b.x1) / 2
    else:
        further = (a.y0 + a.y1 - b.y0 - b.y1) / 2
    return further if way in ("right", "below") else -further


def claims(turn: Turn) -> list[Relation]:
    """What the answer says alone, and what it says by answering the question."""
    found = stated(turn.answer)
    asked = tokens(turn.question)
    named = mentions(asked)
    if len(named) >= 2:
        found += _confirmed(turn) or _where(asked, named, turn.answer)
    elif len(named) == 1:
        found += _which(asked, named[0], turn.answer)
    return found


def _confirmed(turn: Turn) -> list[Relation]:
    """ "Is the dog left of the cat?" "Yes." """
    if says_yes(turn.answer):
        return stated(turn.question)
    return []


def _where(asked: list[str], named: list[Mention], answer: str) -> list[Relation]:
    """ "Where is the dog, seen from the cat?" "Left of it." """
    words = next(clauses(tokens(answer)), [])
    ways = {way for word in words if (way := direction_of(word))}
    if len(ways) != 1 or mentions(words) or says_no(answer) or any(direction_of(word) for word in asked):
        return []
    reference = next((m for m in named if m.phrase and asked[m.phrase - 1] in REFERENCE), None)
    subject = next((m for m in named if m is not reference), None)
    return [Relation(subject, ways.pop(), reference)] if subject and reference else []


def _which(asked: list[str], reference: Mention, answer: str) -> list[Relation]:
    """ "What is left of the cat?" "The dog." """
    way = next((way for word in asked[: reference.start] if (way := direction_of(word))), None)
    named = mentions(next(clauses(tokens(answer)), []))
    asks = {"what", "which", "who"} & set(asked)
    if not (way and asks and len(named) == 1) or says_no(answer):
        return []
    return [Relation(named[0], way, reference)]
