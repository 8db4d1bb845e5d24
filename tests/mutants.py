"""Small syntactic changes of a function (mutants): what a check lets through shows which of its cases no input hits.

`PYTHONPATH=. python tests/mutants.py clip.contrastive_loss` (or a room) prints every mutant that the check accepts. One that behaves
like the original on every allowed input, or answers as the statement allows, stands in `EQUIVALENT` of
tests/product_<room>.py: {exercise id: {change as printed: why it is no mistake}}.
"""

import ast
import copy
import importlib
import inspect
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from course_lib.checker.guard.limit import time_limit
from course_lib.checker.registry import all_tasks
from course_lib.checker.running import Outcome, draws, outcomes_differ, quiet, run_draw
from course_lib.checker.task import Task

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS = {
    ast.Add: (ast.Sub,),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div,),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,),
    ast.BitAnd: (ast.BitOr,),
    ast.BitOr: (ast.BitAnd,),
    ast.Pow: (ast.Mult,),
}
NAMES = {
    "mean": "sum",
    "sum": "mean",
    "min": "max",
    "max": "min",
    "argmin": "argmax",
    "argmax": "argmin",
    "amin": "amax",
    "amax": "amin",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
    "round": "floor",
    "softmax": "log_softmax",
    "log_softmax": "softmax",
    "sin": "cos",
    "cos": "sin",
    "zeros": "ones",
    "ones": "zeros",
    "zeros_like": "ones_like",
    "ones_like": "zeros_like",
    "startswith": "endswith",
    "endswith": "startswith",
    "find": "rfind",
    "split": "rsplit",
    "strip": "lstrip",
    "append": "extend",
    "union": "intersection",
    "logical_and": "logical_or",
    "logical_or": "logical_and",
}
REORDERABLE = ast.Sub, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv, ast.Mod
SYMMETRIC = {"transpose", "swapaxes", "maximum", "minimum", "isinstance", "max", "min", "gcd"}  # in two arguments


@dataclass(frozen=True)
class Mutant:
    """A function or class with one small change."""

    change: str  # "`a < b` → `a <= b`"
    code: Callable


def mutants(reference: Callable) -> list[Mutant]:
    """All single changes of this function that compile and differ from it in their source."""
    tree = without_words(ast.parse(textwrap.dedent(inspect.getsource(reference))))
    found, sources = [], {ast.unparse(tree)}
    for number, node in enumerate(ast.walk(tree)):
        for kind, change in changes(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[number]
            before = text_of(target)
            try:
                change(target)
                source = ast.unparse(ast.fix_missing_locations(changed))
                code = compiled(source, reference)
            except (SyntaxError, ValueError, TypeError, AttributeError, IndexError, NameError):
                continue
            if source not in sources:
                sources.add(source)
                shown = kind if "`" in kind else f"{kind}: `{before}` → `{text_of(target)}`"
                found.append(Mutant(shown, code))
    return found


def without_words(tree: ast.Module) -> ast.Module:
    """The same code without docstrings, annotations and the wording of errors, which no check compares."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            node.exc = node.exc.func
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node) is not None:
            node.body[:1] = [ast.Pass()] if len(node.body) == 1 else []
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        if isinstance(node, ast.arg):
            node.annotation = None
    return tree


def text_of(node: ast.AST) -> str:
    """Its source in one line, of at most 160 characters."""
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())[:160]


def compiled(source: str, reference: Callable) -> Callable:
    """The function that this source defines, among the names of the reference's module."""
    names = dict(vars(sys.modules[reference.__module__]))
    exec(compile(source, f"<mutant of {reference.__name__}>", "exec"), names)
    return names[reference.__name__]


def changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """(kind of change, what does it to a copy of this node)."""
    if isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield "comparison", lambda n, other=other: n.ops.__setitem__(0, other())
    elif isinstance(node, ast.BinOp):
        for other in OPERATORS.get(type(node.op), ()):
            yield "operator", lambda n, other=other: setattr(n, "op", other())
        joins = isinstance(node.op, ast.Add) and any(
            isinstance(side, ast.List | ast.JoinedStr)
            or (isinstance(side, ast.Constant) and isinstance(side.value, str))
            for side in (node.left, node.right)
        )
        if joins or isinstance(node.op, REORDERABLE):
            yield "order", lambda n: n.__dict__.update(left=n.right, right=n.left)
        yield "left out", lambda n: become(n, n.left)
        yield "left out", lambda n: become(n, n.right)
    elif isinstance(node, ast.BoolOp):
        yield "and/or", lambda n: setattr(n, "op", ast.And() if isinstance(n.op, ast.Or) else ast.Or())
        for i in range(len(node.values)):
            yield "left out", lambda n, i=i: n.values.pop(i) if len(n.values) > 2 else become(n, n.values[1 - i])
    elif isinstance(node, ast.UnaryOp):
        yield "sign", lambda n: become(n, n.operand)
    elif isinstance(node, ast.Constant):
        for value in other_constants(node.value):
            yield "constant", lambda n, value=value: setattr(n, "value", value)
    elif isinstance(node, ast.Call):
        yield from changes_of_call(node)
    elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
        yield from changes_of_slice(node.slice)
    elif isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        yield "order", lambda n: n.elts.insert(0, n.elts.pop(1))
        yield "left out", lambda n: n.elts.pop()
    elif isinstance(node, ast.IfExp):
        yield "branch", lambda n: become(n, n.body)
        yield "branch", lambda n: become(n, n.orelse)
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield "left out", lambda n: n.ifs.clear()
    if hasattr(node, "body") and isinstance(node.body, list):
        yield from changes_of_block(node)
    if isinstance(node, ast.FunctionDef) and node.decorator_list:
        yield "left out", lambda n: n.decorator_list.clear()


def changes_of_call(node: ast.Call) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """Another function, arguments exchanged or left out, a method not called."""
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in NAMES:
        field = "attr" if isinstance(node.func, ast.Attribute) else "id"
        yield "function", lambda n: setattr(n.func, field, NAMES[name])
    if len(node.args) > 1 and name not in SYMMETRIC:
        yield "order", lambda n: n.args.insert(0, n.args.pop(1))
    for i in range(len(node.keywords)):
        yield "left out", lambda n, i=i: n.keywords.pop(i)
    if isinstance(node.func, ast.Attribute):
        yield "left out", lambda n: become(n, n.func.value)
    elif len(node.args) == 1:
        yield "left out", lambda n: become(n, n.args[0])


def changes_of_slice(node: ast.Slice) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """One later, or open at an end."""
    for end in ("lower", "upper"):
        if getattr(node, end) is not None:
            yield "slice", lambda n, end=end: setattr(n.slice, end, None)
            later = ast.BinOp(getattr(node, end), ast.Add(), ast.Constant(1))
            yield "slice", lambda n, end=end, later=later: setattr(n.slice, end, copy.deepcopy(later))


def changes_of_block(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], None]]]:
    """A line dropped; a branch always or never taken; two neighbouring lines exchanged."""
    for i, line in enumerate(node.body):
        shown = f"`{text_of(line)}`"
        if not isinstance(line, ast.FunctionDef | ast.Return) or isinstance(node, ast.If):
            yield f"line dropped: {shown}", lambda n, i=i: n.body.__setitem__(i, ast.Pass())
        if isinstance(line, ast.If):
            yield f"always: {shown}", lambda n, i=i: setattr(n.body[i], "test", ast.Constant(True))
            yield f"never: {shown}", lambda n, i=i: setattr(n.body[i], "test", ast.Constant(False))
        if isinstance(line, ast.Break | ast.Continue):
            other = ast.Continue if isinstance(line, ast.Break) else ast.Break
            yield f"loop: {shown}", lambda n, i=i, other=other: n.body.__setitem__(i, other())
        if isinstance(line, ast.AugAssign):
            yield (
                f"not added up: {shown}",
                lambda n, i=i: n.body.__setitem__(i, ast.Assign([n.body[i].target], n.body[i].value, lineno=1)),
            )


def other_constants(value: object) -> list:
    """What somebody might have written instead."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 2, value / 2] if value else [1.0]
    return [f"{value}x"] if isinstance(value, str) and value else []


def become(node: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one, in its place."""
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)


def right_outcomes(task: Task) -> list[Outcome]:
    """What the reference gives on every draw."""
    function = task.as_function(task.reference)
    return [run_draw(task, function, draw) for draw in draws(task)]


def is_accepted(task: Task, written: Callable, right: list[Outcome]) -> bool:
    """Does it pass on every draw? Stops at the first difference, so it is quicker than the whole check."""
    try:
        with quiet(), time_limit(5.0):
            function = task.as_function(written)
            for draw, expected in zip(draws(task), right, strict=True):
                if outcomes_differ(run_draw(task, function, draw), expected, task.tolerance):
                    return False
            return not (task.custom and task.custom(written))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return False


def survivors(task: Task) -> tuple[list[str], int]:
    """(changes that the check accepts although they matter, number of changes that matter)."""
    room = task.id.partition(".")[0]
    equivalent = getattr(importlib.import_module(f"product_{room}"), "EQUIVALENT", {}).get(task.id, {})
    counted = [mutant for mutant in mutants(task.reference) if mutant.change not in equivalent]
    right = right_outcomes(task)
    return [mutant.change for mutant in counted if is_accepted(task, mutant.code, right)], len(counted)


def main(names: list[str]) -> None:
    """Print what survives, for these exercises or rooms (all, without a name)."""
    total = alive = 0
    for task in all_tasks().values():
        if names and task.id not in names and task.id.partition(".")[0] not in names:
            continue
        accepted, number = survivors(task)
        total, alive = total + number, alive + len(accepted)
        print(f"{task.id}: {number - len(accepted)} of {number} refused", flush=True)
        for change in accepted:
            print(f"    {change}")
    print(f"{total - alive} of {total} refused ({(total - alive) / max(total, 1):.1%})")


if __name__ == "__main__":
    assert threading.current_thread() is threading.main_thread()
    torch.set_num_threads(1)
    main(sys.argv[1:])
