"""Small slips in a formula, such as + for −: which of them, made in the reference, gives what the learner's code gives?"""

import ast
import copy
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator
from time import thread_time

from course_lib.checker.diagnose.inputs import gives_the_same
from course_lib.checker.diagnose.words import Diagnosis
from course_lib.checker.running import Outcome
from course_lib.checker.task import Task
from course_lib.common.text import say

SECONDS = 8.0  # of work, after which the search is given up
Slip = tuple[str, Callable[[ast.AST], None]]  # in words, and what makes it in a copy of the syntax node
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Pow: "**"}
SIGNS |= {ast.BitAnd: "&", ast.BitOr: "|", ast.Mod: "%"}
OPERATORS = {ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult, ast.FloorDiv)}
OPERATORS |= {ast.FloorDiv: (ast.Div,), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,)}
OPERATORS |= {ast.Mod: (ast.FloorDiv,)}
COMPARISONS = {ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt)}
COMPARISONS |= {ast.GtE: (ast.Gt, ast.LtE), ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,)}
COMPARISONS |= {ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,)}
TWINS = [("mean", "sum"), ("min", "max"), ("argmin", "argmax"), ("amin", "amax"), ("any", "all"), ("floor", "ceil")]
TWINS += [
    ("sin", "cos"),
    ("softmax", "log_softmax"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("round", "floor"),
]
TWINS += [("startswith", "endswith"), ("find", "rfind"), ("split", "rsplit"), ("strip", "lstrip"), ("append", "extend")]


def slips_diagnosis(task: Task, outcomes: list[Outcome], wrong: list[int]) -> Diagnosis | None:
    """The slip with which the reference returns the same as the learner's code, on every `wrong` draw."""
    began = thread_time()
    for text, function in references_with_slips(task.reference):
        if thread_time() - began > SECONDS:
            break
        if gives_the_same(task, task.as_function(function), outcomes, wrong):
            return Diagnosis("slip", say("Yours behaves like the right code with one slip in it: {slip}.", slip=text))
    return None


def references_with_slips(reference: Callable) -> Iterator[tuple[str, Callable]]:
    """(the slip in words, the reference with it)."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(reference)))
    except (OSError, TypeError, SyntaxError):
        return
    names = vars(sys.modules[reference.__module__])
    for number, node in enumerate(ast.walk(tree)):
        for text, change in slips_of(node):
            changed = copy.deepcopy(tree)
            change(list(ast.walk(changed))[number])
            try:
                known = dict(names)
                exec(compile(ast.fix_missing_locations(changed), "<reference with a slip>", "exec"), known)
                yield text, known[reference.__name__]
            except (SyntaxError, ValueError, TypeError, NameError, KeyError):
                continue


def slips_of(node: ast.AST) -> Iterator[Slip]:
    """All slips in one place of the code."""
    if isinstance(node, ast.BinOp):
        yield from slips_of_a_calculation(node)
    elif isinstance(node, ast.Compare):
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield say("a comparison (is a limit itself in or out? which side is larger?)"), set_item("ops", 0, other())
    elif isinstance(node, ast.BoolOp):
        other = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        yield say("`and` for `or`, or the other way round"), lambda n: setattr(n, "op", other)
        for i in range(len(node.values)):
            yield say("a condition is not asked for"), set_item("values", i, ast.Constant(isinstance(node.op, ast.And)))
    elif isinstance(node, ast.UnaryOp):
        yield say("a sign, or a `not`"), lambda n: become(n, n.operand)
    elif isinstance(node, ast.Constant):
        for text, value in other_constants(node.value):
            yield text, lambda n, value=value: setattr(n, "value", value)
    elif isinstance(node, ast.Call):
        yield from slips_of_a_call(node)
    elif isinstance(node, ast.Slice):
        yield from slips_of_a_slice(node)
    elif isinstance(node, ast.List | ast.Tuple) and len(node.elts) > 1 and isinstance(node.ctx, ast.Load):
        index = any(isinstance(one, ast.Slice) for one in node.elts)
        text = say("a slice along another axis") if index else say("the order of what is joined or listed")
        yield text, lambda n: n.elts.insert(0, n.elts.pop(1))
    elif isinstance(node, ast.IfExp):
        yield say("one of two cases is not told from the other"), lambda n: become(n, n.body)
        yield say("one of two cases is not told from the other"), lambda n: become(n, n.orelse)
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield say("nothing is left out, though something should be"), lambda n: n.ifs.clear()
    if isinstance(body := getattr(node, "body", None), list):
        yield from slips_of_lines(body)


def slips_of_a_calculation(node: ast.BinOp) -> Iterator[Slip]:
    """Another operator, sides exchanged, a side forgotten."""
    sign = SIGNS.get(type(node.op), "@")
    for other in OPERATORS.get(type(node.op), ()):
        text = say("`{wrong}` where `{right}` belongs", wrong=SIGNS[other], right=sign)
        yield text, lambda n, other=other: setattr(n, "op", other())
    yield (
        say("the two sides of a `{sign}` are exchanged", sign=sign),
        lambda n: n.__dict__.update(left=n.right, right=n.left),
    )
    for side in ("left", "right"):
        yield say("one side of a `{sign}` is missing", sign=sign), lambda n, side=side: become(n, getattr(n, side))


def slips_of_a_call(node: ast.Call) -> Iterator[Slip]:
    """A twin of the function, arguments exchanged or forgotten, or the call itself."""
    field = "attr" if isinstance(node.func, ast.Attribute) else "id"
    name = getattr(node.func, field, "")
    for one, two in TWINS:
        if name in (one, two):
            other = two if name == one else one
            text = say("`{wrong}` where `{right}` belongs", wrong=other, right=name)
            yield text, lambda n, other=other: setattr(n.func, field, other)
    if len(node.args) > 1:
        yield say("arguments of `{name}` are exchanged", name=name), lambda n: n.args.insert(0, n.args.pop(1))
    for i, keyword in enumerate(node.keywords):
        text = say("`{argument}=` of `{name}` is missing", argument=keyword.arg or "**", name=name)
        yield text, lambda n, i=i: n.keywords.pop(i)
    if isinstance(node.func, ast.Attribute):
        yield say("`{name}` is missing", name=name), lambda n: become(n, n.func.value)
    elif len(node.args) == 1:
        yield say("`{name}` is missing", name=name), lambda n: become(n, n.args[0])


def slips_of_a_slice(node: ast.Slice) -> Iterator[Slip]:
    """An end one later, or open."""
    for end in ("lower", "upper"):
        if (bound := getattr(node, end)) is not None:
            later = ast.BinOp(bound, ast.Add(), ast.Constant(1))
            yield (
                say("an end of a slice is one off"),
                lambda n, end=end, later=later: setattr(n, end, copy.deepcopy(later)),
            )
            yield say("a slice is not limited at one end"), lambda n, end=end: setattr(n, end, None)


def slips_of_lines(body: list[ast.stmt]) -> Iterator[Slip]:
    """A line that does nothing, a condition that is always or never true."""
    for i, line in enumerate(body):
        if isinstance(line, ast.If):
            yield say("a special case is not treated"), lambda n, i=i: setattr(n.body[i], "test", ast.Constant(False))
            yield say("a special case is always taken"), lambda n, i=i: setattr(n.body[i], "test", ast.Constant(True))
        elif not isinstance(line, ast.FunctionDef | ast.Return):
            yield say("a step is missing"), set_item("body", i, ast.Pass())


def other_constants(value: object) -> list[tuple[str, object]]:
    """(in words, what somebody might have written instead)."""
    if isinstance(value, bool):
        return [(say("`{wrong}` where `{right}` belongs", wrong=not value, right=value), not value)]
    if isinstance(value, int):
        off = say("a number in it is one off (an axis, an index, a count)")
        return [(off, value + 1), (off, value - 1)]
    if isinstance(value, float):
        scale = say("a number in it is wrong by a factor of 2")
        return [(scale, value * 2), (scale, value / 2)] if value else [(say("a number in it is 1 instead of 0"), 1.0)]
    return [(say("a text in it is not to the letter"), f"{value}x")] if isinstance(value, str) and value else []


def set_item(field: str, i: int, value: ast.AST) -> Callable[[ast.AST], None]:
    """Put a node in place of another one of a list."""
    return lambda node: getattr(node, field).__setitem__(i, value)


def become(node: ast.AST, other: ast.AST) -> None:
    """Turn a node into another one, in its place."""
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(other.__dict__)
