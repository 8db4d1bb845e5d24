"""A data set whose yes/no questions are nearly all answered yes teaches to say yes (LRV-Instruction#23)."""

from collections.abc import Sequence

from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect
from course_lib.instruct.validate.words import tokens
from course_lib.statistics import wilson

NAME = "yes_bias"
LOW, HIGH = 0.4, 0.6  # the share of yes should lie between them


def check(samples: Sequence[Sample]) -> list[Defect]:
    """One defect of the whole data set, or none: chance alone must not explain a share outside the limits."""
    answers = yes_or_no(samples)
    if not answers:
        return []
    share = sum(answers) / len(answers)
    low, high = wilson(share, len(answers))
    if low <= HIGH and high >= LOW:
        return []
    return [Defect(NAME, None, f"{100 * share:.0f} % of {len(answers)} answers are yes")]


def yes_or_no(samples: Sequence[Sample]) -> list[bool]:
    """Every answer that begins with yes or no."""
    firsts = [tokens(turn.answer.capitalize())[:1] for sample in samples for turn in sample.turns]
    return [first == ["yes"] for first in firsts if first in (["yes"], ["no"])]
