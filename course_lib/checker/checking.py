"""The checker: is what the learner wrote right, not started, or one of the mistakes we know?"""

import ast
import inspect
import textwrap
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from course_lib.checker.diagnose.errors import in_words
from course_lib.checker.diagnose.find import diagnose
from course_lib.checker.guard import guarded
from course_lib.checker.guard.limit import TooSlow, time_limit
from course_lib.checker.guard.names import originals, put_back
from course_lib.checker.guard.state import kept_state
from course_lib.checker.plain import Odd, words
from course_lib.checker.running import Outcome, describe_inputs, draws, flatten, outcomes_differ, quiet, run_draw
from course_lib.checker.task import Mistake, Task
from course_lib.common.text import say

EXPLAINED = ("value", "shape", "length", "error", "not refused")  # kinds of differences that may have a pattern


@dataclass(frozen=True)
class Verdict:
    """What the check found."""

    state: str  # "solved", "not started" or "wrong"
    what: str = ""  # what is wrong, where, and what to try
    raw: str = ""  # wrong numbers, or the exception with the learner's own line, for last
    mistake: str = ""  # the name of the known mistake, if it is one
    pattern: str = ""  # or that of a pattern that explains all that is wrong, such as "sum for mean"


def check(task: Task, written: Any, limit: time_limit | None = None) -> Verdict:
    """Run what the learner wrote on all draws of the task, beside the reference, and judge it.

    What is expected is computed first, with all modules as they were when the course was loaded.
    """
    limit = limit or time_limit()
    with originals(), kept_state():
        if not task.build and (problem := wrong_signature(task.reference, written)):
            return Verdict("wrong", problem)
        blank = has_blank(written)
        right = right_outcomes(task)
        try:
            outcomes = outcomes_of(task, written, limit)
            put_back(code=True)
            if blank is not False and is_nothing(outcomes[0]):
                return Verdict("not started")
            return judge(task, written, outcomes, right, blank)
        except TooSlow as stopped:
            return Verdict("wrong", str(stopped))


def right_outcomes(task: Task) -> list[Outcome]:
    """What is expected on every draw. A task that is broken ends here: its author must see that, not the learner."""
    function = task.as_function(task.reference)
    outcomes = [run_draw(task, function, draw) for draw in draws(task)]
    for outcome in outcomes:
        if outcome.error and not outcome.refused:
            raise outcome.error
        if odd := next((leaf for leaf in flatten(outcome.value) if isinstance(leaf, Odd)), None):
            raise TypeError(f"{task.id} can't be checked: its reference returns {odd.kind}")
    return outcomes


def outcomes_of(task: Task, written: Any, limit: time_limit) -> list[Outcome]:
    """What the learner's code leads to. What it prints is shown for the first draw only."""
    function, error = guarded(limit, task.as_function, written)
    if error is not None:  # building a class failed
        return [Outcome(error=error, said=words(str, error))] * len(draws(task))
    outcomes = [run_draw(task, function, 0, limit)]
    with quiet():
        return outcomes + [run_draw(task, function, draw, limit) for draw in draws(task)[1:]]


def judge(task: Task, written: Any, outcomes: list[Outcome], right: list[Outcome], blank: bool | None) -> Verdict:
    """Compare with the right outcomes, then with those of every known mistake."""
    pairs = zip(outcomes, right, strict=True)
    differences = [outcomes_differ(got, expected, task.tolerance) for got, expected in pairs]
    wrong = [draw for draw, difference in enumerate(differences) if difference]
    if not wrong:
        problem = own_check(task, written)
        return Verdict("wrong", problem) if problem else Verdict("solved")
    index = wrong[0]
    difference, error = differences[index], outcomes[index].error
    raw = describe_error(outcomes[index], written) if error else difference.text
    if inputs := describe_inputs(task, index):
        raw += say(" (Called with {inputs}.)", inputs=inputs)
    if mistake := known_mistake(task, outcomes, wrong):
        return Verdict("wrong", mistake.message, raw, mistake.name)
    still_blank = say("There is still a `...` in it: your code should stand in its place.") if blank else ""
    explained = diagnose(task, outcomes, right, wrong) if difference.kind in EXPLAINED else None
    pattern, why = (explained.name, explained.text) if explained else ("", advice(difference.kind))
    if difference.kind == "value":
        return Verdict("wrong", joined(still_blank, why), raw, pattern=pattern)
    if difference.kind == "error":
        return Verdict("wrong", joined(still_blank, difference.text, why), raw, pattern=pattern)
    return Verdict("wrong", joined(still_blank, raw, why), pattern=pattern)


def joined(*sentences: str) -> str:
    """Those that are not empty, in one paragraph."""
    return " ".join(filter(None, sentences))


def own_check(task: Task, written: Any) -> str | None:
    """What the task's own look at the learner's object finds."""
    if not task.custom:
        return None
    problem, error = guarded(time_limit(), task.custom, written)
    return say("It fails when it is looked at: {error}", error=words(str, error)) if error else problem


def advice(kind: str) -> str:
    """What to try for a kind of difference; "" where its text says enough."""
    return {
        "in place": say("Whoever called it still needs the old values: make a new one (`x = x / 2`, not `x /= 2`)."),
        "no gradient": say(
            "Something cuts it off: `.detach()`, `.item()`, `.data`, `torch.no_grad()` or a way through numpy."
        ),
        "gradient": say("The value is right, but its gradient is not: a part of it was cut off or made constant."),
        "dtype": say("Make new tensors with the dtype (and device) of the inputs."),
        "length": say("Look at what the docstring says is returned."),
        "shape": say("Write the shape of every step beside it, and compare with the docstring."),
        "not refused": say("Look at what the docstring says about inputs that can't be right."),
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
        with quiet(), time_limit():
            function = task.as_function(mistake)
            return {
                draw
                for draw, got in enumerate(outcomes)
                if not outcomes_differ(got, run_draw(task, function, draw), task.tolerance)
            }
    except TooSlow:
        return set()


def wrong_signature(reference: Callable, written: Any) -> str | None:
    """What is wrong with the parameters, if the lesson could not call it as it calls the reference."""
    if not callable(written):
        return say(
            "`@exercise` belongs right above a function, but found {found}.",
            found=getattr(type(written), "__name__", ""),
        )
    try:
        expected, params = inspect.signature(reference).parameters, inspect.signature(written).parameters
    except Exception:  # what is written in C, such as `max`, may not say what it takes: calling it will
        return None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in params.values()):
        return None
    extra = [p for p in list(params.values())[len(expected) :] if p.default is p.empty]
    pairs = list(zip(params.values(), expected.values(), strict=False))
    same = list(params)[: len(expected)] == list(expected)
    by_name_only = any(p.kind is p.KEYWORD_ONLY != q.kind for p, q in pairs)
    if same and not extra and not by_name_only:
        return None
    return say(
        "The parameters are ({yours}), but the lesson calls it with ({calls}). Put the first line back.",
        yours=", ".join(params),
        calls=", ".join(expected),
    )


def is_nothing(outcome: Outcome) -> bool:
    """Is this what comes of a blank: nothing, `...`, or a name that was never set?"""
    if outcome.error:
        return isinstance(outcome.error, NotImplementedError | NameError)
    return outcome.value is None or outcome.value is ...


def has_blank(written: Any) -> bool | None:
    """Is a `...` or `raise NotImplementedError` still in the source? None if the source can't be read."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(written)))
    except Exception:  # typed at a prompt, written in C, no function at all
        return None
    return any(is_blank(node) for node in ast.walk(tree))


def is_blank(node: ast.AST) -> bool:
    """Is this statement a placeholder?"""
    if isinstance(node, ast.Raise) and node.exc:
        return "NotImplementedError" in ast.dump(node.exc)
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def describe_error(outcome: Outcome, written: Any) -> str:
    """Type, text (of torch and numpy in plain words) and the learner's own line, without a traceback."""
    text = in_words(outcome.said) or outcome.said or say("no message")
    error = f"{type(outcome.error).__name__}: {text}"
    files = files_of(written)
    own_frames = [frame for frame in traceback.extract_tb(outcome.error.__traceback__) if frame.filename in files]
    if not own_frames:
        return error
    number, line = own_frames[-1].lineno, own_frames[-1].line
    return say("{error}, in line {number}: `{line}`", error=error, number=number, line=line)


def files_of(written: Any) -> set[str]:
    """Where the code of a function or a class stands (a notebook's cell counts as a file)."""
    functions = vars(written).values() if isinstance(written, type) else [getattr(written, "func", written)]
    functions = [getattr(function, "__func__", function) for function in functions]
    return {function.__code__.co_filename for function in functions if isinstance(function, FunctionType)}
