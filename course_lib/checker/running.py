"""Run a function on the seeded inputs of a task; keep what came of it: value, gradients, harm done to the inputs."""

import _thread
import contextlib
import inspect
import os
import random
import sys
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_lib.checker.compare import Difference, find_difference, first_difference, is_tensor, shape, short
from course_lib.checker.task import Task
from course_lib.common.text import say

TIME_LIMIT = 20.0  # seconds for all draws of one function
SECRET = "COURSE_SECRET"  # an environment variable


class DrawGenerator(np.random.Generator):
    """A numpy generator that knows the number of its draw, so that the inputs go through their edge cases in turn."""

    draw = 0

    def in_turn(self, cases: Sequence) -> Any:
        """Case number `draw`, beginning anew after the last."""
        return cases[self.draw % len(cases)]


class TooSlow(Exception):
    """The function did not come back in time."""


@dataclass
class Outcome:
    """What one call led to."""

    value: Any = None
    error: Exception | None = None
    changed: list[str] = field(default_factory=list)  # the arguments that were changed in place
    gradients: dict[str, Any] = field(default_factory=dict)  # argument → gradient, None if none flows


def draws(task: Task) -> range:
    """The numbers of the draws to check; a teacher who grades sets COURSE_SECRET, and adds as many that nobody could look up."""
    return range(2 * task.draws if os.environ.get(SECRET) else task.draws)


def run_draw(task: Task, function: Callable, draw: int) -> Outcome:
    """Call `function` on fresh inputs of this draw. Same task and draw → same inputs and same random numbers."""
    outcome = Outcome()
    try:
        with seeded(task, draw) as rng:
            inputs = task.make_inputs(rng)
            outcome.value = function(*inputs)
        outcome.changed = changed_inputs(task, draw, inputs)
        if task.check_gradient and not outcome.changed:
            with contextlib.suppress(RuntimeError), quiet():  # torch raises one where no gradient can flow
                outcome.gradients = find_gradients(task, function, draw)
    except (Exception, SystemExit) as error:
        outcome.error = error
    return outcome


def outcomes_differ(got: Outcome, expected: Outcome, tolerance: float) -> Difference | None:
    """What distinguishes two outcomes, if anything does: error, changed inputs, value, gradients."""
    if got.error or expected.error:
        same = type(got.error) is type(expected.error) and str(got.error) == str(expected.error)
        return None if same else Difference("error", f"It raised {got.error!r}.")
    if got.changed != expected.changed:
        names = " and ".join(f"`{name}`" for name in got.changed)
        return Difference("in place", f"It changes its input {names} in place.")
    if difference := find_difference(got.value, expected.value, tolerance):
        return difference
    names = [name for name, gradient in expected.gradients.items() if gradient is not None]
    missing = [name for name in names if got.gradients.get(name) is None]
    for name in missing:
        if expected.gradients[name].any():  # none at all is as good as a gradient of zeros
            return Difference("gradient", f"The value is right, but no gradient reaches `{name}`.")
    names = [name for name in names if name not in missing]
    pairs = [(got.gradients[name], expected.gradients[name], f"'s gradient for `{name}`") for name in names]
    return first_difference(pairs, max(tolerance, 1e-5))


def find_gradients(task: Task, function: Callable, draw: int) -> dict[str, Any]:
    """Gradients of a random weighted sum of the result, for every floating-point tensor among the arguments."""
    import torch

    with seeded(task, draw) as rng, torch.enable_grad():
        inputs = task.make_inputs(rng)
        leaves = {name: x for name, x in named(task, inputs) if is_tensor(x) and x.is_floating_point()}
        for leaf in leaves.values():
            leaf.requires_grad_()
        results = [x for x in flatten(function(*inputs)) if is_tensor(x) and x.requires_grad]
        weighted = [
            (x * torch.linspace(0.5, 1.5, x.numel()).view_as(x)).sum() for x in results
        ]  # linspace: [numel] → x's
        if not weighted:
            return dict.fromkeys(leaves)
        gradients = torch.autograd.grad(sum(weighted), list(leaves.values()), allow_unused=True)
    return dict(zip(leaves, gradients, strict=True))


def changed_inputs(task: Task, draw: int, used: tuple) -> list[str]:
    """Names of the plain arguments (tensors, arrays, texts, nests of them) that are no longer what they were."""
    with seeded(task, draw) as rng:
        fresh = task.make_inputs(rng)
    pairs = zip(named(task, used), fresh, strict=True)
    return [name for (name, now), before in pairs if is_plain(before) and find_difference(now, before, 0.0)]


def describe_inputs(task: Task, draw: int) -> str:
    """The arguments of a draw in one line: "x of shape [3, 7], scale 2.0"."""
    with seeded(task, draw) as rng:
        inputs = task.make_inputs(rng)
    plain = [(name, value) for name, value in named(task, inputs) if is_plain(value)]
    return ", ".join(
        say("{name} of shape {shape}", name=name, shape=shape(value))
        if getattr(value, "ndim", 0)
        else f"{name} {short(value, 40)}"
        for name, value in plain
    )


def named(task: Task, inputs: tuple) -> list[tuple[str, Any]]:
    """(parameter name, argument), with the names of the reference."""
    names = [] if task.build else list(inspect.signature(task.reference).parameters)
    names += [f"argument {i + 1}" for i in range(len(names), len(inputs))]
    return list(zip(names, inputs, strict=False))


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
def time_limit(seconds: float = TIME_LIMIT) -> Iterator[None]:
    """Interrupt the code inside after that time and raise `TooSlow`. Works where Ctrl-C works: in the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    fired = threading.Event()
    timer = threading.Timer(seconds, lambda: (fired.set(), _thread.interrupt_main()))
    timer.daemon = True
    timer.start()
    try:
        yield
    except KeyboardInterrupt:
        if not fired.is_set():
            raise
        raise TooSlow from None
    finally:
        timer.cancel()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Throw away what is printed: the learner's own prints should appear once, not once a draw."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield
