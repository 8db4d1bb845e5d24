"""Is one result the same as another? If not, say where they part, in words."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from course_lib.checker.plain import Odd, is_tensor, kind_of, short
from course_lib.common.text import say

WHOLE, AROUND = 90, 30  # characters: so long a text is shown whole; so much is shown around a difference


@dataclass(frozen=True)
class Difference:
    """The first thing in which two results differ."""

    kind: str  # type, shape, dtype, length, keys, nan, value
    text: str


def family(value: Any) -> str:
    """What sort of thing this is, in the words of a message."""
    if is_tensor(value):
        return "a tensor"
    if isinstance(value, np.ndarray):
        return "an array"
    if isinstance(value, bool | int | float | complex | np.number | np.bool_):
        return "a number"
    if isinstance(value, Odd):
        return value.kind
    kinds = {str: "text", list: "a list or tuple", tuple: "a list or tuple", dict: "a dict", type(None): "None"}
    kinds |= {frozenset: "a set"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), kind_of(value))


def find_difference(got: Any, expected: Any, tolerance: float, where: str = "") -> Difference | None:
    """Compare tensors, arrays, numbers, text, and nests of lists, tuples and dicts. None if they are the same.

    Floats may differ by `tolerance` · (1 + |expected|); everything else must be equal, with NaN equal to NaN.
    """
    kind, wanted = family(got), family(expected)
    if kind != wanted:
        return Difference("type", f"The result{where} is {kind}, but should be {wanted}{type_advice(kind, wanted)}.")
    if wanted in ("a tensor", "an array", "a number"):
        return numbers_differ(got, expected, tolerance, where)
    if wanted == "a list or tuple":
        if len(got) != len(expected):
            return Difference("length", lengths_differ(got, expected, tolerance, where))
        pairs = [(got[i], expected[i], f"{where}[{i}]") for i in range(len(expected))]
        return first_difference(pairs, tolerance)
    if wanted == "a dict":
        if got.keys() != expected.keys():
            return Difference("keys", keys_differ(got, expected, where))
        return first_difference([(got[key], expected[key], f"{where}[{key!r}]") for key in expected], tolerance)
    if got == expected:
        return None
    if wanted == "text":
        return Difference("value", texts_differ(got, expected, where))
    return Difference("value", f"The result{where} is {short(got)}, but should be {short(expected)}.")


def texts_differ(got: str, expected: str, where: str) -> str:
    """Both texts, or where they are long the place at which they part, with its surroundings."""
    at = next((i for i, (a, b) in enumerate(zip(got, expected, strict=False)) if a != b), min(len(got), len(expected)))
    if max(len(got), len(expected)) <= WHOLE:
        text = say(
            "The result{where} is {got}, but should be {wanted}.", where=where, got=repr(got), wanted=repr(expected)
        )
    else:
        line = got.count("\n", 0, at) + 1
        here = slice(max(0, at - AROUND), at + AROUND)
        dots = "…" if here.start else ""
        text = say(
            "The result{where} parts from what it should be at its character {at} (line {line}): yours {got}, expected {wanted}.",
            where=where,
            at=at,
            line=line,
            got=f"{dots}{got[here]!r}" + "…" * (here.stop < len(got)),
            wanted=f"{dots}{expected[here]!r}" + "…" * (here.stop < len(expected)),
        )
    return text


def lengths_differ(got: list | tuple, expected: list | tuple, tolerance: float, where: str) -> str:
    """How long both are, and what stands where they part."""
    pairs = enumerate(zip(got, expected, strict=False))
    at = next((i for i, (a, b) in pairs if find_difference(a, b, tolerance)), min(len(got), len(expected)))
    numbers = say(
        "The result{where} has {got} items, but should have {wanted}.", where=where, got=len(got), wanted=len(expected)
    )
    if at < len(got) and at < len(expected):
        first = say(
            "The first that differs is [{at}]: yours {got}, expected {wanted}.",
            at=at,
            got=short(got[at]),
            wanted=short(expected[at]),
        )
    elif at < len(got):
        first = say("What does not belong there begins with [{at}]: {got}.", at=at, got=short(got[at]))
    else:
        first = say("What is missing begins with [{at}]: {wanted}.", at=at, wanted=short(expected[at]))
    return f"{numbers} {first}"


def keys_differ(got: dict, expected: dict, where: str) -> str:
    """The keys that are missing, and those that are too many."""
    missing, extra = ([key for key in a if key not in b] for a, b in ((expected, got), (got, expected)))
    lacks = say("its keys lack {keys}", keys=short(missing)) if missing else ""
    holds = say("its keys hold {keys}, which do not belong there", keys=short(extra)) if extra else ""
    return say(
        "The result{where} is a dict, but {what}.", where=where, what=say(" and ").join(filter(None, (lacks, holds)))
    )


def first_difference(pairs: list[tuple[Any, Any, str]], tolerance: float) -> Difference | None:
    """The first difference among (got, expected, where)."""
    differences = (find_difference(got, expected, tolerance, where) for got, expected, where in pairs)
    return next((difference for difference in differences if difference), None)


def numbers_differ(got: Any, expected: Any, tolerance: float, where: str) -> Difference | None:
    """Shape first, then dtype, NaN, values."""
    actual, desired = to_array(got), to_array(expected)
    if actual.shape != desired.shape:
        turned = actual.ndim > 1 and actual.T.shape == desired.shape
        advice = " It looks transposed." if turned else ""
        return Difference("shape", f"The result{where} has shape {shape(actual)}, should be {shape(desired)}.{advice}")
    if family(expected) != "a number" and got.dtype != expected.dtype:
        return Difference("dtype", f"The result{where} has dtype {got.dtype}, but should have {expected.dtype}.")
    wrong_nan = np.isnan(actual) & ~np.isnan(desired) if actual.dtype.kind in "fc" else np.zeros(actual.shape, bool)
    if wrong_nan.any():
        text = f"{wrong_nan.sum()} of {actual.size} values of the result{where} are nan (not a number): look for a "
        return Difference("nan", text + "division by zero, a log of zero, or an exp that overflows.")
    close = are_close(actual, desired, tolerance)
    return None if close.all() else Difference("value", describe_values(actual, desired, close, where))


def are_close(actual: np.ndarray, desired: np.ndarray, tolerance: float) -> np.ndarray:
    """Elementwise: equal, or within the tolerance where they are floats."""
    if desired.dtype.kind not in "fc":
        return np.asarray(actual == desired)
    return np.isclose(actual, desired, rtol=tolerance, atol=tolerance, equal_nan=True)


def describe_values(actual: np.ndarray, desired: np.ndarray, close: np.ndarray, where: str) -> str:
    """Where the first wrong value stands, the largest difference, and a simple pattern if there is one."""
    first = tuple(int(i) for i in np.argwhere(~close)[0])  # () for a scalar
    pair = f"yours {short(actual[first].item())}, expected {short(desired[first].item())}"
    if actual.ndim == 0:
        text = f"The result{where}: {pair}."
    else:
        at = f"[{', '.join(map(str, first))}]"
        text = f"{(~close).sum()} of {close.size} values of the result{where} differ. The first is at {at}: {pair}."
    return text + pattern(actual, desired)


def pattern(actual: np.ndarray, desired: np.ndarray) -> str:
    """A sentence if all values are off by one factor, or the matrix is transposed; otherwise nothing."""
    if actual.ndim == 2 and actual.shape == actual.T.shape and np.allclose(actual.T, desired, atol=1e-6):
        return " Yours is the right matrix, transposed."
    if actual.dtype.kind != "f" or actual.size < 2 or not (np.isfinite(actual).all() and np.abs(desired).min() > 1e-12):
        return ""
    ratio = actual / desired
    same = np.allclose(ratio, ratio.flat[0], rtol=1e-4) and abs(ratio.flat[0]) > 1e-6
    return f" All of yours are {ratio.flat[0]:.4g} times what they should be." if same else ""


def to_array(value: Any) -> np.ndarray:
    """A tensor, array or number as numpy array; bfloat16, which numpy lacks, as float32."""
    if is_tensor(value):
        value = value.detach().cpu()
        value = value.float().numpy() if str(value.dtype) == "torch.bfloat16" else value.numpy()
    return np.asarray(value)


def type_advice(kind: str, wanted: str) -> str:
    """What usually lies behind a wrong type."""
    if kind == "None":
        return ". Its last line should be `return` and the result"
    if kind == "a number" and wanted == "a tensor":
        return " (a scalar is a tensor too: no `.item()`)"
    if kind == "a tensor" and wanted == "a number":
        return " (`.item()` makes a number of a scalar tensor)"
    return ""


def shape(array: np.ndarray) -> str:
    """(2, 3) → "[2, 3]"."""
    return f"[{', '.join(map(str, array.shape))}]"
