"""The filter for wrong relations: left, right, above and below, against the centres of boxes.

What is too close to call is no defect.
"""

from dataclasses import dataclass

from course_lib.instruct.filters.claims import negates
from course_lib.instruct.filters.mentions import Mention, boxes_of, find_mentions
from course_lib.instruct.filters.text import clauses, says_no, says_yes, tokens, word_set
from course_lib.instruct.formats import Box, Defect, ImageContext, Sample, Turn

MARGIN = 0.14  # fraction of the picture's side, as in `course_lib.world.geometry.relation`
OPPOSITE = {"left": "right", "right": "left", "above": "below", "below": "above"}
DIRECTIONS = {
    **dict.fromkeys(("left", "left-hand", "leftmost"), "left"),
    **dict.fromkeys(("right", "right-hand", "rightmost"), "right"),
    **dict.fromkeys(("above", "over", "higher", "atop"), "above"),
    "up": "above",  # before "than" or "from": "further up than"
    "down": "below",
    **dict.fromkeys(("below", "under", "underneath", "beneath", "lower"), "below"),
}
CONNECTORS = word_set("of than side up down from to the")  # between the direction and the reference
PRONOUNS = word_set("its it their them")
BEFORE_REFERENCE = word_set("from of to with than")


@dataclass(frozen=True)
class Relation:
    """A claim that the subject lies in that direction of the reference."""

    subject: Mention
    direction: str  # "left", "right", "above" or "below"
    reference: Mention


def check_wrong_relation(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn that says the opposite of what the boxes show."""
    defects = []
    for turn_number, turn in enumerate(sample.turns):
        wrong = next((claim for claim in relation_claims(turn) if is_wrong_relation(claim, context)), None)
        if wrong:
            claim = f'"{wrong.subject.text}" {wrong.direction} "{wrong.reference.text}"'
            message = f"{claim}: the boxes of {context.id} lie the other way round"
            defects.append(Defect("wrong_relation", turn_number, message))
    return defects


def is_wrong_relation(claim: Relation, context: ImageContext) -> bool:
    """Each must mean one box; wrong is who lies clearly on the other side."""
    subject, reference = boxes_of(claim.subject, context), boxes_of(claim.reference, context)
    if len(subject) != 1 or len(reference) != 1 or subject == reference:
        return False
    return offset(subject[0], reference[0], claim.direction) <= -MARGIN


def offset(a: Box, b: Box, direction: str) -> float:
    """How far a's centre lies left of (right of, above, below) b's, as a fraction of the picture's side."""
    if direction in ("left", "right"):
        further = (a.x0 + a.x1 - b.x0 - b.x1) / 2
    else:
        further = (a.y0 + a.y1 - b.y0 - b.y1) / 2
    return further if direction in ("right", "below") else -further


def relation_claims(turn: Turn) -> list[Relation]:
    """What the answer says alone, and what it says by answering the question."""
    relations = stated_relations(turn.answer)
    question = tokens(turn.question)
    named = find_mentions(question)
    if len(named) >= 2:  # "Is the dog left of the cat?" "Yes."
        confirmed = stated_relations(turn.question) if says_yes(turn.answer) else []
        relations += confirmed or _answers_where(question, named, turn.answer)
    elif len(named) == 1:
        relations += _answers_which(question, named[0], turn.answer)
    return relations


def _answers_where(question: list[str], named: list[Mention], answer: str) -> list[Relation]:
    """ "Where is the dog, seen from the cat?" "Left of it." """
    words = next(clauses(tokens(answer)), [])
    directions = {DIRECTIONS[word] for word in words if word in DIRECTIONS}
    if len(directions) != 1 or find_mentions(words) or says_no(answer) or DIRECTIONS.keys() & set(question):
        return []
    reference = next((m for m in named if m.phrase and question[m.phrase - 1] in BEFORE_REFERENCE), None)
    subject = next((m for m in named if m is not reference), None)
    return [Relation(subject, directions.pop(), reference)] if subject and reference else []


def _answers_which(question: list[str], reference: Mention, answer: str) -> list[Relation]:
    """ "What is left of the cat?" "The dog." """
    direction = next((DIRECTIONS[word] for word in question[: reference.start] if word in DIRECTIONS), None)
    named = find_mentions(next(clauses(tokens(answer)), []))
    asks_which = {"what", "which", "who"} & set(question)
    if not (direction and asks_which and len(named) == 1) or says_no(answer):
        return []
    return [Relation(named[0], direction, reference)]


def stated_relations(text: str) -> list[Relation]:
    """Every relation between two named things that a statement makes."""
    relations = []
    for clause in clauses(tokens(text)):
        named = find_mentions(clause)
        if len(named) < 2 or any(map(negates, clause)):
            continue
        for at, word in enumerate(clause):
            if word in DIRECTIONS:
                relations += _of_pronoun(clause, named, at) or _of_next_mention(clause, named, at)
    return relations


def _of_pronoun(clause: list[str], named: list[Mention], at: int) -> list[Relation]:
    """ "the cat has a dog on its left": the dog is left of the cat. The direction is the word at `at`."""
    direction = DIRECTIONS[clause[at]]
    before = [m for m in named if m.end <= at]
    after = [m for m in named if m.start > at]
    rest = [word for word in clause[at + 1 : at + 4] if word != "of"]
    if not (clause[at - 1] in PRONOUNS or rest[:1] in (["it"], ["them"])):
        return []
    if len(before) >= 2:
        return [Relation(before[-1], direction, before[-2])]
    return [Relation(after[0], direction, before[0])] if before and after else []  # "the cat, and on its left a dog"


def _of_next_mention(clause: list[str], named: list[Mention], at: int) -> list[Relation]:
    """ "a dog left of a cat"; and with the place first, "left of the cat sits a dog"."""
    direction = DIRECTIONS[clause[at]]
    reference = next((m for m in named if m.start > at), None)
    if reference is None or not set(clause[at + 1 : reference.phrase]) <= CONNECTORS:
        return []
    between = set(clause[at + 1 : reference.phrase])
    if direction in ("left", "right") and not {"of", "from", "than"} & between:
        return []
    if clause[at] in ("up", "down") and not {"from", "than"} & between:
        return []
    before = [m for m in named if m.end <= at]
    after = [m for m in named if m.start >= reference.end]
    if before:
        return [Relation(before[-1], direction, reference)]
    return [Relation(after[0], direction, reference)] if after else []
