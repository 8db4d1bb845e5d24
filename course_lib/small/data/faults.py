"""Faults in answers: Lesson 05's three that are about the picture, and Lesson 05's filters, which look for them.

Lesson 05 plants a fault as a sentence or a turn of its own. Here a true answer is exchanged for a false one: the question, and the
number of tokens, stay. The filters are Lesson 05's, unchanged. They see captions and boxes, never the true answer.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from course_lib.instruct.filters import check_sample
from course_lib.instruct.filters.wrong_relation import OPPOSITE
from course_lib.instruct.formats import ImageContext, Sample, Turn
from course_lib.world.nouns import NUMBERS
from course_lib.world.questions import Question


@dataclass(frozen=True)
class TaughtAnswer:
    """A question with the answer that training will teach; `fault`: the name of Lesson 05's defect, if it is false."""

    question: Question
    answer: str
    fault: str | None = None


def false_answer(question: Question, rng: random.Random) -> tuple[str, str] | None:
    """(name of the defect, a false answer) for a question; None for kinds that Lesson 05 plants no fault in.

    A thing that is not there is confirmed, a number is another one, left is right. Of yes/no questions only a true "no" becomes
    "yes": Lesson 05's faults are claims, and so its filters look for claims.
    """
    if question.kind == "exist" and question.answer == "no":
        return "unsupported_noun", "yes"
    if question.kind == "count":
        wrong = [number for number in range(2, 6) if NUMBERS[number] != question.answer]
        return "wrong_count", NUMBERS[rng.choice(wrong)]
    if question.kind == "relation":
        return "wrong_relation", OPPOSITE[question.answer]
    if question.kind == "related" and question.answer == "no":
        return "wrong_relation", "yes"
    return None


def teach(questions: Sequence[Question], fault_frac: float, rng: random.Random) -> list[TaughtAnswer]:
    """The questions with true answers, but for `fault_frac` of those that can have a false one."""
    taught = []
    for question in questions:
        true, fault = TaughtAnswer(question, question.answer), false_answer(question, rng)
        drawn = rng.random() < fault_frac  # drawn for every question, so that all shares use chance alike
        taught.append(replace(true, fault=fault[0], answer=fault[1]) if fault and drawn else true)
    return taught


def is_flagged(taught: Sequence[TaughtAnswer], context: ImageContext) -> list[bool]:
    """Does one of Lesson 05's filters say anything about this answer? One bool for each, all about the picture `context`."""
    turns = tuple(Turn(one.question.text, one.answer) for one in taught)
    flagged = {
        defect.turn for defect in check_sample(Sample(context.id, context.image, "conversation", turns), context)
    }
    return [number in flagged for number in range(len(taught))]


def filter_counts(taught: Sequence[TaughtAnswer], flagged: Sequence[bool]) -> dict[str, int]:
    """Of all `answers`: false ones (`faults`), those that a filter flags (`flagged`), and those that are both (`hits`)."""
    false = [one.fault is not None for one in taught]
    hits = sum(a and b for a, b in zip(false, flagged, strict=True))
    return {"answers": len(false), "faults": sum(false), "flagged": sum(flagged), "hits": hits}
