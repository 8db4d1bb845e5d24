"""Run a function on the seeded inputs of a task; keep what came of it: value, gradients, harm done to the inputs."""

import contextlib
import inspect
import os
import random
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from course_lib.checker.compare import Difference, find_difference, first_difference, shape
from course_lib.checker.guard import guarded
from course_lib.checker.guard.limit import limited, time_limit
from course_lib.checker.plain import is_tensor, plain, short, words
from course_lib.checker.task import Task
from course_lib.common.text import say

SECRET = "COURSE_SECRET"  # an environment variable


class DrawGenerator(np.random.Generator):
    """A numpy generator that knows the number of its draw, so that the inputs go through their edge cases in turn."""

    draw = 0

    def in_turn(self, cases: Sequence) -> Any:
        """Case number `draw`, beginning anew after the last."""
        return cases[self.draw % len(cases)]


@dataclass
class Outcome:
    """What one call led to; all values are plain copies, which the code that ran can't change any more."""

    value: Any = None
    error: BaseException | None = None
    said: str = ""  # the error's text
    refused: bool = False  # is it an error that the exercise asks for?
    changed: list[str] = field(default_factory=list)  # the arguments that were changed in place
    gradients: dict[str, Any] = field(default_factory=dict)  # argument → gradient, None if none flows


def draws(task: Task) -> range:
    """The numbers of the draws to check; a teacher who grades sets COURSE_SECRET, and adds as many that nobody could look up."""
    return range(2 * task.draws if os.environ.get(SECRET) else task.draws)


def run_draw(task: Task, function: Callable, draw: int, limit: time_limit | None = None) -> Outcome:
    """Call `function` on fresh inputs of this draw. Same task and draw → same inputs and same random numbers.

    With a `limit` it is taken for code that we don't know, and guarded.
    """
    call = partial(guarded, limit) if limit else trusted
    with seeded(task, draw) as rng:
        inputs = task.make_inputs(rng)
        value, error = call(function, *inputs)
    if error is None:
        copies, error = (partial(limited, limit) if limit else trusted)(plain, (value, inputs))
    if error is not None:
        said, _ = call(words, str, error)
        return Outcome(error=error, said=said or "", refused=isinstance(error, task.refuses))
    outcome = Outcome(copies[0], changed=changed_inputs(task, draw, copies[1]))
    if task.check_gradient and not outcome.changed:
        outcome.gradients = find_gradients(task, function, draw, call)
    return outcome


def trusted(function: Callable, *arguments: Any) -> tuple[Any, BaseException | None]:
    """`guarded` for code of ours."""
    try:
        return function(*arguments), None
    except (Exception, SystemExit) as error:
        return None, error


def outcomes_differ(got: Outcome, expected: Outcome, tolerance: float) -> Difference | None:
    """What distinguishes two outcomes, if anything does: error, changed inputs, value, gradients."""
    if got.error or expected.error:
        return errors_differ(got, expected)
    if got.changed != expected.changed:
        names = say(" and ").join(f"`{name}`" for name in got.changed)
        return Difference("in place", say("It changes its input {names} in place.", names=names))
    if difference := find_difference(got.value, expected.value, tolerance):
        return difference
    names = [name for name, gradient in expected.gradients.items() if gradient is not None]
    missing = [name for name in names if got.gradients.get(name) is None]
    for name in missing:
        if expected.gradients[name].any():  # none at all is as good as a gradient of zeros
            text = say("The value is right, but no gradient reaches `{name}`.", name=name)
            return Difference("no gradient", text)
    names = [name for name in names if name not in missing]
    pairs = [(got.gradients[name], expected.gradients[name], f"'s gradient for `{name}`") for name in names]
    difference = first_difference(pairs, max(tolerance, 1e-5))
    return Difference("gradient", difference.text) if difference else None


def errors_differ(got: Outcome, expected: Outcome) -> Difference | None:
    """Where one of two outcomes is an error: an error that the exercise asks for is the same whatever its text."""
    if got.refused and expected.refused:
        return None
    if got.error and expected.error and (type(got.error), got.said) == (type(expected.error), expected.said):
        return None
    wanted = type(expected.error).__name__
    if not got.error:
        text = say("It should raise a {wanted} here, but returns {value}.", wanted=wanted, value=short(got.value))
        return Difference("not refused", text)
    if expected.error:
        text = say("It should raise a {wanted} here, but raises another error.", wanted=wanted)
    else:
        text = say("It raises a {error} where a result is expected.", error=type(got.error).__name__)
    return Difference("error", text)


def find_gradients(task: Task, function: Callable, draw: int, call: Callable) -> dict[str, Any]:
    """Gradients of a weighted sum of the result, for every floating-point tensor among the arguments; {} if none can flow."""
    import torch

    with seeded(task, draw) as rng, torch.enable_grad(), quiet():
        inputs = task.make_inputs(rng)
        leaves = {name: x for name, x in named(task, inputs) if is_tensor(x) and x.is_floating_point()}
        for leaf in leaves.values():
            leaf.requires_grad_()
        value, _ = call(function, *inputs)  # an error here, not without gradients: `.numpy()`, say
        gradients, _ = call(gradients_of, value, leaves)
    return gradients or {}


def gradients_of(value: Any, leaves: dict[str, Any]) -> dict[str, Any]:
    """Argument → gradient; None where none flows."""
    import torch

    results = [x for x in flatten(value) if is_tensor(x) and x.requires_grad]
    weighted = [(x * torch.linspace(0.5, 1.5, x.numel()).view_as(x)).sum() for x in results]  # linspace: [numel] → x's
    if not weighted:
        return dict.fromkeys(leaves)
    gradients = torch.autograd.grad(sum(weighted), list(leaves.values()), allow_unused=True)
    return dict(zip(leaves, map(plain, gradients), strict=True))


def make_inputs(task: Task, draw: int) -> tuple:
    """The arguments of a draw, fresh."""
    with seeded(task, draw) as rng:
        return task.make_inputs(rng)


def changed_inputs(task: Task, draw: int, used: tuple) -> list[str]:
    """Names of the plain arguments (tensors, arrays, texts, nests of them) that are no longer what they were."""
    pairs = zip(named(task, used), make_inputs(task, draw), strict=True)
    return [name for (name, now), before in pairs if is_plain(before) and find_difference(now, plain(before), 0.0)]


def describe_inputs(task: Task, draw: int) -> str:
    """The arguments of a draw in one line: "x of shape [3, 7], scale 2.0"."""
    plain = [(name, value) for name, value in named(task, make_inputs(task, draw)) if is_plain(value)]
    return ", ".join(
        say("{name} of shape {shape}", name=name, shape=shape(value))
        if getattr(value, "ndim", 0)
        else f"{name} {short(value, 400 if isinstance(value, str) else 40)}"  # a text is shown whole: a fault may be at its end
        for name, value in plain
    )


def named(task: Task, inputs: tuple) -> list[tuple[str, Any]]:
    """(parameter name, argument), with the names of the reference, or of the function that is built from it."""
    names = parameters(task.as_function(task.reference)) or parameters(task.reference)
    names += [f"argument {i + 1}" for i in range(len(names), len(inputs))]
    return list(zip(names, inputs, strict=False))


def parameters(function: Callable) -> list[str]:
    """The names of its parameters; none where they can't be known, or where it takes any number of them."""
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function written in C
        return []
    starred = any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in found)
    return [] if starred else [one.name for one in found]


def is_plain(value: Any) -> bool:
    """Can this be compared by value? (A model can't, and may rightly be changed.)"""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return all(is_plain(item) for item in value)
    return is_tensor(value) or isinstance(value, np.ndarray | np.generic | int | float | str)


def flatten(value: Any) -> Iterator[Any]:
    """The leaves of nested lists, tuples and dicts."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from flatten(item)
    else:
        yield value


@contextlib.contextmanager
def seeded(task: Task, draw: int) -> Iterator[DrawGenerator]:
    """A generator for this draw; random, numpy and torch are seeded inside and get their state back after."""
    secret = os.environ.get(SECRET, "") if draw >= task.draws else ""
    seed = zlib.crc32(f"{task.id}:{draw}{secret}".encode())
    torch = sys.modules.get("torch")
    python_state, numpy_state = random.getstate(), np.random.get_state()
    torch_state = torch.get_rng_state() if torch else None
    rng = DrawGenerator(np.random.PCG64(seed))
    rng.draw = draw
    random.seed(seed)
    np.random.seed(seed)
    if torch:
        torch.random.default_generator.manual_seed(seed)
    try:
        yield rng
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)
        if torch:
            torch.set_rng_state(torch_state)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Throw away what is printed: the learner's own prints should appear once, not once a draw."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
