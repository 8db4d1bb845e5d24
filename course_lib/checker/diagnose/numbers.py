"""Arithmetic that turns wrong numbers into the right ones: what people forget, exchange, or do once too often."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import numpy as np

from course_lib.checker.compare import are_close, to_array
from course_lib.checker.diagnose.words import Diagnosis, diagnosis
from course_lib.checker.plain import is_tensor

Pair = tuple[np.ndarray, np.ndarray]  # wrong and right numbers of one draw
TOLERANCE = 1e-4

# What would put wrong numbers g right, where w is right: candidates, of which one must equal w. The most specific first.
UNDO: dict[str, Callable[[np.ndarray, np.ndarray], Any]] = {
    "transposed": lambda g, w: [g.swapaxes(-1, -2)] if g.ndim > 1 else [],
    "axis of size 1": lambda g, w: [g.reshape(w.shape)] if g.shape != w.shape and thin(g) == thin(w) else [],
    "axes": lambda g, w: (g.transpose(order) for order in permutations(range(g.ndim))) if 2 < g.ndim < 5 else [],
    "not averaged": lambda g, w: reduced(g, w, np.mean),
    "not summed": lambda g, w: reduced(g, w, np.sum),
    "another shape": lambda g, w: [g.reshape(w.shape)] if g.size == w.size and g.shape != w.shape else [],
    "repeated": lambda g, w: repeated(g, w),
    "sign": lambda g, w: [-g],
    "inverted": lambda g, w: [1 - g],
    "reciprocal": lambda g, w: [1 / g],
    "not of length 1": lambda g, w: along(g, lambda x, axis: x / np.linalg.norm(x, axis=axis, keepdims=True)),
    "not of sum 1": lambda g, w: along(g, lambda x, axis: x / x.sum(axis=axis, keepdims=True)),
    "log": lambda g, w: [np.exp(g), np.exp2(g), 10**g],
    "softmax forgotten": lambda g, w: along(g, softmax),
    "softmax twice": lambda g, w: [w] if any(same(done, g) for done in along(w, softmax)) else [],
    "log forgotten": lambda g, w: [np.log(g), np.log2(g), np.log10(g), np.log1p(g)],
    "sigmoid forgotten": lambda g, w: [1 / (1 + np.exp(-g))],
    "squared": lambda g, w: [np.sqrt(g), -np.sqrt(g)],
    "square forgotten": lambda g, w: [g**2],
    "absolute value": lambda g, w: [np.abs(g)],
    "rounding": lambda g, w: [np.round(g), np.floor(g), np.ceil(g), np.trunc(g), w if whole(g) and near(g, w) else g],
    "reversed": lambda g, w: (np.flip(g, axis) for axis in range(g.ndim)),
    "one place late": lambda g, w: (np.roll(g, -1, axis) for axis in range(g.ndim)),
    "one place early": lambda g, w: (np.roll(g, 1, axis) for axis in range(g.ndim)),
    "order of parts": lambda g, w: rolled(g),
    "interleaved": lambda g, w: interleaved(g),
}
# How often the size: the pattern that it speaks for.
POWERS = {1: "sum for mean", -1: "mean for sum", 0.5: "root of a size", -0.5: "root of a size"}
POWERS |= {2: "square of a size", -2: "square of a size"}
FACTORS = {"2π": 2 * np.pi, "1/(2π)": 0.5 / np.pi, "π": np.pi, "1/π": 1 / np.pi, "√2": 2**0.5, "1/√2": 0.5**0.5}
FACTORS |= {"ln 2": np.log(2), "1/ln 2": 1 / np.log(2), "ln 10": np.log(10), "1/ln 10": 1 / np.log(10)}


def calculation(arrays: list[Pair], sizes: list[dict[str, float]]) -> Diagnosis | None:
    """The calculation that puts all wrong numbers right; `sizes`: those of the inputs by name, for each pair."""
    name = next((name for name, undo in UNDO.items() if all(is_undone(undo, *pair) for pair in arrays)), "")
    if name:
        return diagnosis(name)
    factors = [ratio(got, wanted) for got, wanted in arrays]
    if None in factors:
        return None
    for name in sizes[0]:
        counts = [size.get(name, 0.0) for size in sizes]
        for power, pattern in POWERS.items() if len(set(counts)) > 1 and min(counts) > 0 else ():
            if np.allclose(factors, np.power(counts, float(power)), rtol=TOLERANCE):
                return diagnosis(pattern, size=name)
    return None


def remainder(arrays: list[Pair]) -> Diagnosis | None:
    """A factor or an offset that is always the same; or where the wrong numbers stand."""
    if any(got.shape != wanted.shape or got.size == 0 for got, wanted in arrays):
        return None
    factors = [ratio(got, wanted) for got, wanted in arrays]
    if None not in factors and np.allclose(factors, factors[0], rtol=TOLERANCE):
        known = next((f" ({name})" for name, value in FACTORS.items() if abs(factors[0] / value - 1) < TOLERANCE), "")
        return diagnosis("factor", factor=f"{factors[0]:.4g}{known}")
    return offset_diagnosis(arrays) or place_diagnosis(arrays)


def as_array(value: Any) -> np.ndarray | None:
    """A tensor, an array, a number or a list of numbers as an array of floats; None for all else."""
    is_list = isinstance(value, list | tuple) and value and all(isinstance(item, bool | int | float) for item in value)
    if not (is_tensor(value) or is_list or isinstance(value, np.ndarray | np.generic | bool | int | float)):
        return None
    array = to_array(value)
    return array.astype(float) if array.dtype.kind in "biuf" else None


def is_undone(undo: Callable[[np.ndarray, np.ndarray], Any], got: np.ndarray, wanted: np.ndarray) -> bool:
    """Does a candidate equal the right result?"""
    return any(same(candidate, wanted) for candidate in undo(got, wanted))


def same(candidate: np.ndarray, wanted: np.ndarray) -> bool:
    """Equal in shape and values."""
    return np.shape(candidate) == wanted.shape and bool(are_close(candidate, wanted, TOLERANCE).all())


def thin(array: np.ndarray) -> list[int]:
    """Its shape without the axes of size 1."""
    return [size for size in array.shape if size != 1]


def whole(array: np.ndarray) -> bool:
    """Are all numbers whole?"""
    return same(np.round(array), array)


def near(got: np.ndarray, wanted: np.ndarray) -> bool:
    """Do they differ by less than rounding does, while the right ones aren't whole?"""
    return got.shape == wanted.shape and not whole(wanted) and bool((np.abs(got - wanted) < 1).all())


def reduced(got: np.ndarray, wanted: np.ndarray, how: Callable) -> Iterator[np.ndarray]:
    """Averaged or summed over all axes, or over one."""
    if got.size > wanted.size:
        for axis in (None, *range(got.ndim)):
            yield np.asarray(how(got, axis=axis))


def repeated(got: np.ndarray, wanted: np.ndarray) -> Iterator[np.ndarray]:
    """One of the things that are all the same along an extra axis."""
    if got.size > wanted.size > 0:
        for axis in range(got.ndim):
            one = got.take([0], axis)
            if (got == one).all():
                yield one.reshape(wanted.shape) if one.size == wanted.size else one


def along(array: np.ndarray, how: Callable) -> Iterator[np.ndarray]:
    """`how` along every axis, the last first."""
    for axis in reversed(range(array.ndim if array.size else 0)):
        yield how(array, axis)


def softmax(array: np.ndarray, axis: int) -> np.ndarray:
    """exp, normalised to sum 1 along an axis."""
    powers = np.exp(array - array.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def rolled(array: np.ndarray) -> Iterator[np.ndarray]:
    """Cut in two along an axis, and joined the other way round."""
    for axis in range(array.ndim):
        for cut in range(1, min(array.shape[axis], 256)):
            yield np.roll(array, cut, axis)


def interleaved(array: np.ndarray) -> Iterator[np.ndarray]:
    """Parts of the last axis one after the other instead of in turn, or in turn instead of one after the other."""
    last = array.shape[-1] if array.ndim else 0
    for parts in range(2, last):
        if last % parts == 0:
            # [..., D] → [..., parts, D / parts] → [..., D / parts, parts] → [..., D]
            yield array.reshape(*array.shape[:-1], parts, -1).swapaxes(-1, -2).reshape(array.shape)


def ratio(got: np.ndarray, wanted: np.ndarray) -> float | None:
    """The one factor between two arrays, if there is one."""
    if got.shape != wanted.shape:
        return None
    used = np.abs(wanted) > 1e-9
    if not used.any() or not np.isfinite(got).all() or not np.isfinite(wanted).all():
        return None
    ratios = got[used] / wanted[used]
    one = np.allclose(ratios, ratios[0], rtol=TOLERANCE) and np.allclose(got[~used], 0, atol=1e-6)
    return float(ratios[0]) if one and abs(ratios[0]) > 1e-9 else None


def offset_diagnosis(arrays: list[Pair]) -> Diagnosis | None:
    """All numbers too large or too small by the same."""
    offsets = np.concatenate([(got - wanted).ravel() for got, wanted in arrays])
    if np.isfinite(offsets).all() and np.allclose(offsets, offsets[0], rtol=TOLERANCE, atol=1e-6):
        return diagnosis("too much" if offsets[0] > 0 else "too little", by=f"{abs(offsets[0]):.4g}")
    return None


def place_diagnosis(arrays: list[Pair]) -> Diagnosis | None:
    """Where the wrong numbers stand, or what all of them have in common."""
    wrong = [~are_close(got, wanted, TOLERANCE) for got, wanted in arrays]
    if all(got.size > 1 and same(np.sort(got, axis=None), np.sort(wanted, axis=None)) for got, wanted in arrays):
        return diagnosis("places")
    for name in ("diagonal", "first entry", "last entry", "first row", "last row", "first half", "second half"):
        if all(is_within(mask, area(name, mask)) for mask in wrong):
            return diagnosis(name)
    should_be = {float(value) for (_, wanted), mask in zip(arrays, wrong, strict=True) for value in wanted[mask]}
    is_mask = all(np.isin(wanted, (0, 1)).all() for _, wanted in arrays)
    if len(should_be) == 1 and not is_mask and not all(mask.all() for mask in wrong):
        return diagnosis("not limited", limit=f"{should_be.pop():.4g}")
    return None


def area(name: str, mask: np.ndarray) -> np.ndarray:
    """Marks one part of an array; nothing where the array has no such part."""
    marked = np.zeros(mask.shape, bool)
    if name == "diagonal" and mask.ndim == 2:
        np.fill_diagonal(marked, True)
    elif name.endswith("half") and mask.ndim:
        middle = mask.shape[-1] // 2
        marked[..., slice(0, middle) if name == "first half" else slice(middle, None)] = True
    elif name.endswith("entry") and mask.ndim:
        marked[..., 0 if name == "first entry" else -1] = True
    elif name.endswith("row") and mask.ndim > 1:
        marked[0 if name == "first row" else -1] = True
    return marked if not marked.all() else np.zeros(mask.shape, bool)


def is_within(mask: np.ndarray, marked: np.ndarray) -> bool:
    """Is everything that is wrong in the marked part?"""
    return bool(marked.any()) and not mask[~marked].any()
