"""Errors about sizes that don't fit, such as torch's "The size of tensor a (7) must match …": whose sizes they are, in words."""

import re
from collections.abc import Iterator
from itertools import combinations_with_replacement

import numpy as np

from course_lib.checker.diagnose.words import Diagnosis
from course_lib.checker.plain import is_tensor
from course_lib.checker.running import Outcome, make_inputs, named
from course_lib.checker.task import Task
from course_lib.common.text import say

MISFITS = (  # two sizes in a message of torch or numpy
    r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)",
    r"Expected size (\d+) but got size (\d+)",
    r"cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)",
    r"size (\d+) is different from (\d+)",
    r"could not be broadcast together with shapes \((\d+),\) \((\d+),\)",
)


def sizes_diagnosis(task: Task, outcomes: list[Outcome], wrong: list[int]) -> Diagnosis | None:
    """Names the two sizes that met, by the arguments they belong to on every `wrong` draw that failed like the first."""
    met = [(found, sizes_of(task, draw)) for draw in wrong if (found := misfit(outcomes[draw].said))]
    if not met:
        return None
    kind = rest(met[0][0])  # which axis it is about, and which operation
    alike = [(found, known) for found, known in met if rest(found) == kind]
    one, other = (name_of([(int(found[i]), known) for found, known in alike]) for i in (1, 2))
    text = say("Two sizes that should be equal meet, {one} and {other}.", one=one, other=other)
    return Diagnosis(
        "sizes", text + " " + say("Print both shapes in the line before, and compare them with the docstring.")
    )


def misfit(message: str) -> re.Match | None:
    """Where an error's text names two sizes, its groups 1 and 2; None if it is about something else."""
    return next((match for pattern in MISFITS if (match := re.search(pattern, message))), None)


def rest(found: re.Match) -> str:
    """The error's text after the two sizes."""
    return found.string[found.end() :]


def name_of(seen: list[tuple[int, dict[str, float]]]) -> str:
    """A size with its name: one argument's, or the sum of two, that is right on all draws; the bare number if there is none."""
    first = seen[0][0]
    for names in terms(seen[0][1]):
        if all(sum(known.get(name, np.nan) for name in names) == size for size, known in seen):
            return f"{first} ({' + '.join(names)})"
    return str(first)


def terms(known: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """Single sizes, then sums of two."""
    names = [name for name in known if ".shape[" in name or "len(" in name]
    yield from ((name,) for name in names)
    yield from combinations_with_replacement(names, 2)


def sizes_of(task: Task, draw: int) -> dict[str, float]:
    """The sizes of the arguments by name: "`x.shape[0]`" → 3."""
    sizes: dict[str, float] = {}
    for name, value in named(task, make_inputs(task, draw)):
        if is_tensor(value) or isinstance(value, np.ndarray):
            sizes |= {f"`{name}.shape[{axis}]`": float(size) for axis, size in enumerate(value.shape)}
            sizes[f"`{name}.numel()`"] = float(np.prod(tuple(value.shape)))
        elif isinstance(value, int | float) and not isinstance(value, bool):
            sizes[f"`{name}`"] = float(value)
        elif isinstance(value, list | tuple | dict | str):
            sizes[f"`len({name})`"] = float(len(value))
    return sizes
