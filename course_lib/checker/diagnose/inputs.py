"""For which other input would the result be right? As if `temperature` were 1: then it is not used."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np

from course_lib.checker.compare import family, find_difference
from course_lib.checker.diagnose.words import Diagnosis
from course_lib.checker.guard.limit import TooSlow, time_limit
from course_lib.checker.plain import is_tensor
from course_lib.checker.running import Outcome, errors_differ, make_inputs, named, run_draw
from course_lib.checker.task import Task
from course_lib.common.text import say

Change = Callable[[Any], Any]
SECONDS = 1.0  # for the reference on all draws, with an input that is none of its own


def inputs_diagnosis(task: Task, outcomes: list[Outcome], wrong: list[int]) -> Diagnosis | None:
    """The change of one argument, or the exchange of two, after which the reference gives what was returned on each `wrong` draw."""
    values = [outcomes[draw].value for draw in wrong]
    if len(values) < 2 or all(find_difference(value, values[0], 0.0) is None for value in values):
        return None  # what is the same for every input tells nothing about them
    function = task.as_function(task.reference)
    for text, change in changes(named(task, make_inputs(task, wrong[0]))):
        if gives_the_same(task, lambda *inputs, c=change: function(*c(inputs)), outcomes, wrong):
            return Diagnosis("as if", say("Yours would be right if {this}. Look at how you use it.", this=text))
    return None


def gives_the_same(task: Task, function: Callable, outcomes: list[Outcome], wrong: list[int]) -> bool:
    """Does this function return, or raise, the same as in these outcomes on the wrong draws?"""
    lean = replace(task, check_gradient=False)
    try:
        with time_limit(SECONDS):
            return all(is_same(outcomes[draw], run_draw(lean, function, draw), task.tolerance) for draw in wrong)
    except TooSlow:  # with an input that the exercise never meant
        return False


def is_same(got: Outcome, other: Outcome, tolerance: float) -> bool:
    """The same value, or the same error."""
    if got.error or other.error:
        return errors_differ(got, other) is None
    return find_difference(got.value, other.value, tolerance) is None


def changes(arguments: list[tuple[str, Any]]) -> Iterator[tuple[str, Change]]:
    """(in words, change of the arguments)."""
    for (i, (name, one)), (j, (other_name, other)) in combinations(enumerate(arguments), 2):
        if family(one) == family(other):
            text = say("`{name}` and `{other}` were exchanged", name=name, other=other_name)
            yield text, lambda inputs, i=i, j=j: exchanged(inputs, i, j)
    for i, (name, value) in enumerate(arguments):
        for text, change in changes_of(name, value).items():
            yield text, lambda inputs, i=i, change=change: (*inputs[:i], change(inputs[i]), *inputs[i + 1 :])


def exchanged(inputs: tuple, i: int, j: int) -> tuple:
    """The same arguments, number i and j exchanged."""
    order = [{i: j, j: i}.get(k, k) for k in range(len(inputs))]
    return tuple(inputs[k] for k in order)


def changes_of(name: str, value: Any) -> dict[str, Change]:
    """In words → change, for an argument of this kind."""
    if isinstance(value, bool):
        return {say("`{name}` were the opposite", name=name): lambda x: not x}
    if isinstance(value, int):
        return of_a_count(name)
    if isinstance(value, float) or (is_tensor(value) and value.ndim == 0):
        return of_a_number(name)
    if is_tensor(value) or isinstance(value, np.ndarray):
        return {text: on_array(change) for text, change in of_an_array(name).items()}
    if isinstance(value, list | tuple):
        return of_a_list(name)
    if isinstance(value, str):
        return {
            say("`{name}` were in lower case", name=name): str.lower,
            say("`{name}` had no white space at its ends", name=name): str.strip,
        }
    return {}


def of_a_count(name: str) -> dict[str, Change]:
    """For a whole number."""
    return {
        say("`{name}` were 0", name=name): lambda x: 0,
        say("`{name}` were 1", name=name): lambda x: 1,
        say("`{name}` were one more", name=name): lambda x: x + 1,
        say("`{name}` were one less", name=name): lambda x: x - 1,
        say("`{name}` were twice as large", name=name): lambda x: x * 2,
        say("`{name}` were half as large", name=name): lambda x: x // 2,
    }


def of_a_number(name: str) -> dict[str, Change]:
    """For a float, or a tensor of one number."""
    return {
        say("`{name}` were 0", name=name): lambda x: x * 0,
        say("`{name}` were 1", name=name): lambda x: x * 0 + 1,
        say("`{name}` had the other sign", name=name): lambda x: -x,
        say("`{name}` were 1 divided by it", name=name): lambda x: 1 / x,
        say("`{name}` were its square", name=name): lambda x: x * x,
        say("`{name}` were its root", name=name): lambda x: x**0.5,
        say("`{name}` were its logarithm", name=name): lambda x: x.log() if is_tensor(x) else float(np.log(x)),
        say("`{name}` were its exponential", name=name): lambda x: x.exp() if is_tensor(x) else float(np.exp(x)),
        say("`{name}` were twice as large", name=name): lambda x: x * 2,
    }


def of_an_array(name: str) -> dict[str, Change]:
    """For an array, or a tensor taken as one."""
    return {
        say("`{name}` were 0 everywhere", name=name): np.zeros_like,
        say("`{name}` were 1 everywhere", name=name): np.ones_like,
        say("`{name}` had the other sign", name=name): lambda x: ~x if x.dtype == bool else -x,
        say("`{name}` were transposed", name=name): lambda x: x.swapaxes(-1, -2),
        say("`{name}` stood back to front", name=name): lambda x: np.flip(x, 0),
        say("the last axis of `{name}` stood back to front", name=name): lambda x: np.flip(x, -1),
        say("`{name}` stood one place further", name=name): lambda x: np.roll(x, 1, -1),
        say("`{name}` stood one place before", name=name): lambda x: np.roll(x, -1, -1),
        say("the rows of `{name}` stood one further", name=name): lambda x: np.roll(x, 1, 0),
        say("the rows of `{name}` stood one before", name=name): lambda x: np.roll(x, -1, 0),
        say("`{name}` had rows of length 1", name=name): lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True),
        say("`{name}` were twice as large", name=name): lambda x: x * 2,
        say("`{name}` were one more everywhere", name=name): lambda x: x + 1,
        say("`{name}` were one less everywhere", name=name): lambda x: x - 1,
    }


def of_a_list(name: str) -> dict[str, Change]:
    """For a list or tuple."""
    return {
        say("`{name}` stood back to front", name=name): lambda x: x[::-1],
        say("`{name}` were empty", name=name): lambda x: x[:0],
        say("`{name}` held its first item alone", name=name): lambda x: x[:1],
        say("`{name}` held its last item alone", name=name): lambda x: x[-1:],
        say("`{name}` lacked its first item", name=name): lambda x: x[1:],
        say("`{name}` lacked its last item", name=name): lambda x: x[:-1],
    }


def on_array(change: Callable[[np.ndarray], np.ndarray]) -> Change:
    """The change for a tensor, too; its dtype stays."""

    def changed(value: Any) -> Any:
        if not is_tensor(value):
            return np.ascontiguousarray(change(value)).astype(value.dtype)
        import torch

        array = value.detach().numpy()
        return torch.from_numpy(np.ascontiguousarray(change(array)).astype(array.dtype))

    return changed
