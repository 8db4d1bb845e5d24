"""What an exercise is: the right function, the wrong ones people write, and the help for both."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

POINTS = "●●●●●○○○○○"


@dataclass(frozen=True)
class Mistake:
    """A wrong solution that people really write. Who gets the same results on most draws that are wrong is told `message`."""

    name: str
    code: Callable  # the wrong function itself, called like the reference
    message: str  # what is wrong, where, and what to try; `code` in backticks


@dataclass(frozen=True)
class Task:
    """One exercise. A room lists its own in `TASKS` of `course_lib/<room>/exercises/`; the id is "<room>.<name>".

    `make_inputs(rng)` returns the tuple of arguments of one draw (draw sizes too, so that B, D and the rest differ);
    it must give the same tuple for the same generator. numpy, torch and random are seeded around every call.
    `rng.in_turn(CASES)` gives draw 0 the first case, draw 1 the second …: with `draws` high enough, every edge case comes.
    `build` turns what the learner wrote into a function of those arguments, for exercises that ask for a class.
    `refuses` names the errors that the statement asks for: where the reference raises one, so must every answer, in any words.
    `custom` looks at the learner's object and returns what is wrong with it, or None.
    `special_cases` says in words what may be special about inputs, with a function of them that says whether it is so: who is
    right but there is told which.
    `used_at` names the places where the course itself looks the function up, as "module under course_lib:name"; what a learner
    hands in is put there once it passes (`sockets`). A function that is only a step of its lesson says why in `lesson_only`.
    """

    id: str
    title: str
    difficulty: int  # 1..5, also the points it is worth
    importance: int  # 1..5
    minutes: int
    reference: Callable
    make_inputs: Callable[[np.random.Generator], tuple]
    mistakes: tuple[Mistake, ...]
    alternatives: tuple[Callable, ...]  # right answers written in other ways; tests only
    hints: tuple[str, str, str]  # a nudge, the formula with shapes, a skeleton (markdown)
    tolerance: float = 1e-5
    check_gradient: bool = False  # compare the gradients of all floating-point tensor arguments as well
    build: Callable[[Any], Callable] | None = None
    custom: Callable[[Any], str | None] | None = None
    draws: int = 5
    refuses: tuple[type[Exception], ...] = ()
    special_cases: tuple[tuple[str, Callable[..., bool]], ...] = ()
    used_at: tuple[str, ...] = ()
    lesson_only: str = ""

    def as_function(self, written: Any) -> Callable:
        """What the learner wrote, as a function of the inputs."""
        return self.build(written) if self.build else written


def dots(amount: int) -> str:
    """3 → "●●●○○"."""
    return POINTS[5 - amount : 10 - amount]
