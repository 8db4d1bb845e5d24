"""A data set whose yes/no questions are nearly all answered yes teaches to say yes (LRV-Instruction#23)."""

from collections.abc import Sequence

from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect
from course_lib.instruct.validate.words import tokens

NAME = "yes_bias"
LOW, HIGH = 0.4, 0.6  # the share of yes should lie between them
ENOUGH = 50  # fewer answers say nothing


def check(samples: Sequence[Sample]) -> list[Defect]:
    """One defect of the whole data set, or none."""
    answers = yes_or_no(samples)
    if len(answers) < ENOUGH:
        return []
    share = sum(answers) / len(answers)
    return (
        [] if LOW <= share <= HIGH else [Defect(NAME, None, f"{100 * share:.0f} % of {len(answers)} answers are yes")]
    )


def yes_or_no(samples: Sequence[Sample]) -> list[bool]:
    """Every answer that begins with yes or no."""
    firsts = [tokens(turn.answer.capitalize())[:1] for sample in samples for turn in sample.turns]
    return [first == ["yes"] for first in firsts if first in (["yes"], ["no"])]
