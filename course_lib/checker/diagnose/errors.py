"""What errors of torch and numpy mean, in plain words: their own text is written for who knows the library from inside."""

import re
from collections.abc import Callable

from course_lib.common.text import say


def in_words(said: str) -> str:
    """The text of an error of theirs, translated; "" for any other text."""
    for pattern, translated in PATTERNS:
        if match := re.search(pattern, said):
            return translated(*match.groups())
    return ""


def _misfit(one: str, other: str) -> str:
    return say(
        "sizes {one} and {other} meet along one axis: they must be equal, or one of them 1", one=one, other=other
    )


def _product(one: str, other: str) -> str:
    return say(
        "in a matrix product the inner sizes must be equal, and here are {one} and {other}", one=one, other=other
    )


def _filled(one: str, other: str) -> str:
    return say("what is put in, {one}, does not fit the places that were chosen, {other}", one=one, other=other)


def _too_few() -> str:
    return say("there are more places to fill than there is to put in")


def _outside(index: str, size: str) -> str:
    return say("item {index} of an axis is asked for that has {size} (the first is number 0)", index=index, size=size)


def _no_axis(first: str, last: str, asked: str) -> str:
    return say(
        "axis {asked} is asked for, and there are {first} to {last}: was one lost (`squeeze`, a sum, an index)?",
        asked=asked, first=first, last=last,
    )  # fmt: skip


def _reshaped(shape: str, count: str) -> str:
    return say("{count} numbers can't be put into the shape {shape}", count=count, shape=shape)


def _many() -> str:
    return say("`if`, `and`, `or`, `not` want one yes or no, and here are many: `&`, `|`, `~`, `.any()` or `.all()`")


def _minus() -> str:
    return say("yes and no have no minus: turn them round with `~`, or make numbers of them first (`.float()`)")


def _joined() -> str:
    return say("parts that are joined must agree in number of axes and in all sizes but the joined one")


def _types() -> str:
    return say("two dtypes meet that can't be mixed here: convert one, as in `x.to(other.dtype)`")


def _one_number() -> str:
    return say("one number is wanted, and here are several")


def _gradient() -> str:
    return say("what has a gradient can't become a numpy array: stay with torch, or `.detach()` where none is needed")


def _mask() -> str:
    return say("the mask must be yes or no, and have as many entries as what it chooses from")


def _index() -> str:
    return say("an index must be a whole number, a slice, or yes or no")


def _nothing() -> str:
    return say("the smallest or largest of nothing is asked for: something is empty")


def _view() -> str:
    return say("`view` wants numbers that lie in order in memory: use `reshape`")


def _unpacked() -> str:
    return say("what stands right of `=` has not as many parts as stand left")


def _not_there() -> str:
    return say("something is looked for in a list that is not in it")


def _argument(call: str, argument: str) -> str:
    return say("`{call}` can't take what it got as `{argument}`", call=call, argument=argument)


def _letters() -> str:
    return say("the letters of `einsum` don't fit the axes: one letter an axis, and one size a letter")


Translated = Callable[..., str]
PATTERNS: tuple[tuple[str, Translated], ...] = (
    (r"size of tensor a \((\d+)\) must match the size of tensor b \((\d+)\)", _misfit),
    (r"expanded size of the tensor \((\d+)\) must match the existing size \((\d+)\)", _misfit),
    (r"could not be broadcast together with (?:remapped )?shapes (\(.*?\)) ?(\(.*?\))", _misfit),
    (r"could not broadcast input array from shape (\(.*?\)) into shape (\(.*?\))", _misfit),
    (r"cannot be multiplied \(\d+x(\d+) and (\d+)x\d+\)", _product),
    (r"batch2 tensor to be: (\[.*?\]) but got: (\[.*?\])", _product),
    (r"size (\d+) is different from (\d+)", _product),
    (r"expected tensor \[?(\d+)\]? and src \[?(\d+)\]?", _product),
    (r"value tensor of shape (\[.*?\]) cannot be broadcast to indexing result of shape (\[.*?\])", _filled),
    (r"cannot assign (\d+) input values to the (\d+) output values", _filled),
    (r"Number of elements of source", _too_few),
    (r"index (-?\d+) is out of bounds for (?:axis|dimension) -?\d+ with size (\d+)", _outside),
    (r"Dimension out of range \(expected to be in range of \[(-?\d+), (-?\d+)\], but got (-?\d+)\)", _no_axis),
    (r"shape '(\[.*?\])' is invalid for input of size (\d+)", _reshaped),
    (r"cannot reshape array of size (\d+) into shape (\(.*?\))", lambda count, shape: _reshaped(shape, count)),
    (r"view size is not compatible", _view),
    (r"oolean value of Tensor with more than one|truth value of an array with more than one", _many),
    (r"`-` operator, (?:on a|with a) bool|numpy boolean (?:negative|subtract)", _minus),
    (r"Sizes of tensors must match except|stack expects each tensor|Tensors must have same number of dim", _joined),
    (r"except for the concatenation axis|all input arrays must have the same shape", _joined),
    (r"expected scalar type|to have the same dtype|same dtype, but got|result type .* can't be cast", _types),
    (r"one element tensors can be|cannot be converted to Scalar|only (?:length-1|0-dimensional) arrays", _one_number),
    (r"numpy\(\) on Tensor that requires grad", _gradient),
    (r"shape of the mask|oolean index did not match|only supports boolean masks|must be a bool", _mask),
    (r"indices must be|used as indices must be|only integers, slices|list indices must be|to an index", _index),
    (
        r"zero-size array|argm(?:ax|in) of an empty|reduction dim to be specified|arg is an empty|empty sequence",
        _nothing,
    ),
    (r"values to unpack|cannot unpack", _unpacked),
    (r"is not in list", _not_there),
    (r"einsum", _letters),
    (r"(\w+)\(\): argument '(\w+)'", _argument),
)
