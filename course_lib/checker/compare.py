"""Is one result the same as another? If not, say where they part, in words."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np


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
    if isinstance(value, bool | int | float | complex | np.generic):
        return "a number"
    kinds = {str: "text", list: "a list or tuple", tuple: "a list or tuple", dict: "a dict", type(None): "None"}
    return next((name for kind, name in kinds.items() if isinstance(value, kind)), type(value).__name__)


def is_tensor(value: Any) -> bool:
    """Is it a torch tensor? Does not import torch: without it, nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


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
            text = f"The result{where} has {len(got)} items, but should have {len(expected)}."
            return Difference("length", text)
        pairs = [(got[i], expected[i], f"{where}[{i}]") for i in range(len(expected))]
        return first_difference(pairs, tolerance)
    if wanted == "a dict":
        if got.keys() != expected.keys():
            text = (
                f"The result{where} has the keys {sorted(got, key=str)}, but should have {sorted(expected, key=str)}."
            )
            return Difference("keys", text)
        return first_difference([(got[key], expected[key], f"{where}[{key!r}]") for key in expected], tolerance)
    if got == expected:
        return None
    return Difference("value", f"The result{where} is {short(got)}, but should be {short(expected)}.")


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


def short(value: Any, limit: int = 80) -> str:
    """A value in one short line."""
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
