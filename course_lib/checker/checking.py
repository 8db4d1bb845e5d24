"""The checker: is what the learner wrote right, not started, or one of the mistakes we know?"""

import ast
import contextlib
import inspect
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from course_lib.checker.running import (
    TIME_LIMIT,
    Outcome,
    TooSlow,
    describe_inputs,
    draws,
    outcomes_differ,
    quiet,
    run_draw,
    time_limit,
)
from course_lib.checker.task import Mistake, Task
from course_lib.common.text import say


@dataclass(frozen=True)
class Verdict:
    """What the check found."""

    state: str  # "solved", "not started" or "wrong"
    what: str = ""  # what is wrong, where, and what to try
    raw: str = ""  # wrong numbers, or the exception with the learner's own line, for last
    mistake: str = ""  # the name of the known mistake, if it is one


def check(task: Task, written: Any) -> Verdict:
    """Run what the learner wrote on all draws of the task, beside the reference, and judge it."""
    blank = has_blank(written)
    if not task.build and (problem := wrong_signature(task.reference, written)):
        return Verdict("wrong", problem)
    try:
        with time_limit():
            outcomes = run_all(task, task.as_function(written))
    except TooSlow:
        text = say("It was stopped after {seconds:.0f} seconds. Is there a loop that never ends?", seconds=TIME_LIMIT)
        return Verdict("wrong", text)
    except (Exception, SystemExit) as error:  # building a class failed
        outcomes = [Outcome(error=error)] * len(draws(task))
    right = run_all(task, task.as_function(task.reference))
    for outcome in right:
        if outcome.error:
            raise outcome.error  # the task itself is broken: its author must see that
    if blank is not False and is_nothing(outcomes[0]):
        return Verdict("not started")
    return judge(task, written, outcomes, right, blank)


def judge(task: Task, written: Any, outcomes: list[Outcome], right: list[Outcome], blank: bool | None) -> Verdict:
    """Compare with the right outcomes, then with those of every known mistake."""
    pairs = zip(outcomes, right, strict=True)
    differences = [outcomes_differ(got, expected, task.tolerance) for got, expected in pairs]
    wrong = [draw for draw, difference in enumerate(differences) if difference]
    if not wrong:
        problem = task.custom(written) if task.custom else None
        return Verdict("wrong", problem) if problem else Verdict("solved")
    index = wrong[0]
    difference, error = differences[index], outcomes[index].error
    raw = describe_error(error, written) if error else difference.text
    if inputs := describe_inputs(task, index):
        raw += say(" (Called with {inputs}.)", inputs=inputs)
    if mistake := known_mistake(task, outcomes, wrong):
        return Verdict("wrong", mistake.message, raw, mistake.name)
    still_blank = say("There is still a `...` in it: your code should stand in its place.") if blank else ""
    if difference.kind in ("value", "error"):
        return Verdict("wrong", still_blank, raw)
    return Verdict("wrong", f"{raw} {advice(difference.kind)} {still_blank}".strip())


def advice(kind: str) -> str:
    """What to try for a kind of difference; "" where its text says enough."""
    return {
        "in place": say("Whoever called it still needs the old values: make a new one (`x = x / 2`, not `x /= 2`)."),
        "gradient": say(
            "Something cuts it off: `.detach()`, `.item()`, `.data`, `torch.no_grad()` or a way through numpy."
        ),
        "dtype": say("Make new tensors with the dtype (and device) of the inputs."),
        "length": say("Look at what the docstring says is returned."),
        "shape": say("Write the shape of every step beside it, and compare with the docstring."),
    }.get(kind, "")


def known_mistake(task: Task, outcomes: list[Outcome], wrong: list[int]) -> Mistake | None:
    """The known mistake that leads to the same outcome on the first of the `wrong` draws and on most of them.

    Most, not all: who errs twice has what one mistake gives on most draws, and something else at an edge case. Of several,
    the one that agrees on most draws.
    """
    agreeing = {mistake.name: same_draws(task, mistake.code, outcomes) for mistake in task.mistakes}
    likely = [
        mistake
        for mistake in task.mistakes
        if wrong[0] in agreeing[mistake.name] and 2 * len(agreeing[mistake.name] & set(wrong)) > len(wrong)
    ]
    return max(likely, key=lambda mistake: len(agreeing[mistake.name]), default=None)


def same_draws(task: Task, mistake: Callable, outcomes: list[Outcome]) -> set[int]:
    """The draws in which the known mistake leads to this very outcome."""
    try:
        with time_limit():
            pairs = zip(outcomes, run_all(task, task.as_function(mistake)), strict=True)
    except TooSlow:
        return set()
    return {draw for draw, (got, expected) in enumerate(pairs) if not outcomes_differ(got, expected, task.tolerance)}


def run_all(task: Task, function: Callable) -> list[Outcome]:
    """The outcomes of all draws. What the function prints is shown for the first draw only."""
    outcomes = []
    for draw in draws(task):
        with contextlib.nullcontext() if draw == 0 else quiet():
            outcomes.append(run_draw(task, function, draw))
    return outcomes


def wrong_signature(reference: Callable, written: Any) -> str | None:
    """What is wrong with the parameters, if the lesson could not call it as it calls the reference."""
    if not callable(written):
        return f"`@exercise` belongs right above a function, but found {type(written).__name__}."
    expected, params = inspect.signature(reference).parameters, inspect.signature(written).parameters
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in params.values()):
        return None
    extra = [p for p in list(params.values())[len(expected) :] if p.default is p.empty]
    if list(params)[: len(expected)] == list(expected) and not extra:
        return None
    calls = ", ".join(expected)
    return f"The parameters are ({', '.join(params)}), but the lesson calls it with ({calls}). Put the first line back."


def is_nothing(outcome: Outcome) -> bool:
    """Is this what comes of a blank: nothing, `...`, or a name that was never set?"""
    if outcome.error:
        return isinstance(outcome.error, NotImplementedError | NameError)
    return outcome.value is None or outcome.value is ...


def has_blank(written: Any) -> bool | None:
    """Is a `...` or `raise NotImplementedError` still in the source? None if the source can't be read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(written)))
    except (OSError, TypeError, SyntaxError):
        return None
    return any(is_blank(node) for node in ast.walk(tree))


def is_blank(node: ast.AST) -> bool:
    """Is this statement a placeholder?"""
    if isinstance(node, ast.Raise) and node.exc:
        return "NotImplementedError" in ast.dump(node.exc)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def describe_error(error: BaseException, written: Any) -> str:
    """Type, text and the learner's own line, without a traceback."""
    text = f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}"
    functions = vars(written).values() if isinstance(written, type) else [written]
    files = {function.__code__.co_filename for function in functions if hasattr(function, "__code__")}
    own_frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    return f"{text}, in line {own_frames[-1].lineno}: `{own_frames[-1].line}`" if own_frames else text
