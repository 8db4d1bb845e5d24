"""Look for a pattern in all draws that are wrong."""

from typing import Any

import numpy as np

from course_lib.checker.compare import find_difference
from course_lib.checker.diagnose.inputs import inputs_diagnosis
from course_lib.checker.diagnose.numbers import as_array, calculation, remainder, same
from course_lib.checker.diagnose.sequences import sequences_diagnosis
from course_lib.checker.diagnose.sizes import sizes_diagnosis, sizes_of
from course_lib.checker.diagnose.slips import slips_diagnosis
from course_lib.checker.diagnose.words import Diagnosis, diagnosis
from course_lib.checker.running import Outcome, make_inputs
from course_lib.checker.task import Task

Pairs = list[tuple[Any, Any]]  # (wrong, right)
ENOUGH = 6  # numbers or letters, for a pattern in a single draw not to be chance


def diagnose(task: Task, outcomes: list[Outcome], right: list[Outcome], wrong: list[int]) -> Diagnosis | None:
    """The first pattern that explains every `wrong` draw; None if there is none, or too little to be sure."""
    found = None
    if not any(outcomes[draw].error or right[draw].error for draw in wrong):
        found = of_results(task, outcomes, right, wrong)
    found = found or slips_diagnosis(task, outcomes, wrong)
    if sizes := sizes_diagnosis(task, outcomes, wrong):
        return Diagnosis(found.name, f"{found.text} {sizes.text}") if found else sizes
    return found or special_case(task, wrong, len(outcomes))


def of_results(task: Task, outcomes: list[Outcome], right: list[Outcome], wrong: list[int]) -> Diagnosis | None:
    """The pattern in what was returned, in the first part of it that differs."""
    pairs, kept = parts_that_differ([(outcomes[draw].value, right[draw].value) for draw in wrong], task.tolerance)
    if len(pairs) < 2 and amount(pairs[0][1]) < ENOUGH:
        return None
    always_same, should_be = (
        all(not find_difference(one, side[0], 0.0) for one in side) for side in zip(*pairs, strict=True)
    )
    if always_same and not should_be and len(pairs) == len(outcomes):
        return diagnosis("all the same")
    arrays = [(as_array(got), as_array(wanted)) for got, wanted in pairs]
    if any(got is None or wanted is None for got, wanted in arrays):
        return sequences_diagnosis(pairs) or inputs_diagnosis(task, outcomes, wrong)
    if all(same(got, wanted) for got, wanted in arrays):  # the numbers are right, in another type or dtype
        return None
    with np.errstate(all="ignore"):
        found = calculation(arrays, [sizes_of(task, wrong[i]) for i in kept]) or sequences_diagnosis(pairs)
        return found or inputs_diagnosis(task, outcomes, wrong) or remainder(arrays)


def special_case(task: Task, wrong: list[int], draws: int) -> Diagnosis | None:
    """Is it right on most draws? If all others have something in common that the task names, what is it?"""
    if 2 * len(wrong) > draws:
        return None
    inputs = [make_inputs(task, draw) for draw in range(draws)]
    for words, holds in task.special_cases:
        so = {draw for draw in range(draws) if holds(*inputs[draw])}
        if so.issuperset(wrong) and len(so) < draws:
            return diagnosis("named case", right=draws - len(wrong), draws=draws, case=words)
    return diagnosis("special case", right=draws - len(wrong), draws=draws)


def parts_that_differ(pairs: Pairs, tolerance: float) -> tuple[Pairs, list[int]]:
    """Go down into nests, to the first part that differs; (its pairs, the numbers of those in which it differs)."""
    kept = list(range(len(pairs)))
    while True:
        key = next(
            (key for key in keys_of(pairs) if find_difference(pairs[0][0][key], pairs[0][1][key], tolerance)), None
        )
        if key is None:
            return pairs, kept
        inner = [(got[key], wanted[key]) for got, wanted in pairs]
        differs = [i for i, pair in enumerate(inner) if find_difference(*pair, tolerance)]
        pairs, kept = [inner[i] for i in differs], [kept[i] for i in differs]


def keys_of(pairs: Pairs) -> list:
    """The keys or places that all of these nests have in common; [] where they are no nests, or not of one length."""
    first = pairs[0][0]
    if isinstance(first, dict):
        same = all(isinstance(value, dict) and value.keys() == first.keys() for pair in pairs for value in pair)
        return list(first) if same else []
    nested = all(isinstance(value, list | tuple) and as_array(value) is None for pair in pairs for value in pair)
    if not nested or any(len(value) != len(first) for pair in pairs for value in pair):
        return []
    return list(range(len(first)))


def amount(value: Any) -> int:
    """How many numbers, letters or items it has."""
    array = as_array(value)
    return array.size if array is not None else len(value) if isinstance(value, str | list | tuple | dict) else 1
