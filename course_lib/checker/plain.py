"""A copy of any value that nobody else holds, made of plain lists, tuples, dicts, numbers, texts, arrays and tensors."""

import sys
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np

NUMBERS = (
    (bool, bool),
    (int, int.__int__),
    (float, float.__float__),
    (complex, complex.__complex__),
    (str, str.__str__),
)


@dataclass(frozen=True)
class Odd:
    """What can't be copied and compared; `kind` says in words what it is, such as "a generator"."""

    kind: str


def is_tensor(value: Any) -> bool:
    """Is it a torch tensor? Does not import torch: without it, nothing is."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def plain(value: Any, above: tuple[int, ...] = ()) -> Any:
    """The copy. Subclasses become the type they derive from, by its own methods; `above`: the ids of what this lies in."""
    if value is None or value is ... or isinstance(value, np.generic):
        return value
    for kind, convert in NUMBERS:
        if isinstance(value, kind):
            return convert(value)
    if is_tensor(value):
        return plain_tensor(value)
    if isinstance(value, np.ndarray):
        return np.array(value, copy=True, subok=False)
    if id(value) in above:
        return Odd("something that contains itself")
    within = (*above, id(value))
    if isinstance(value, list):
        return [plain(item, within) for item in list.__iter__(value)]
    if isinstance(value, tuple):
        return tuple(plain(item, within) for item in tuple.__iter__(value))
    if isinstance(value, dict):
        return {plain(key, within): plain(item, within) for key, item in dict.items(value)}
    if isinstance(value, set):
        return frozenset(set.__iter__(value))
    if isinstance(value, frozenset):
        return frozenset(frozenset.__iter__(value))
    return Odd(kind_of(value))


def plain_tensor(tensor: Any) -> Any:
    """A tensor of its own: dense, on the CPU, without a graph; what has no such copy is odd."""
    import torch

    if tensor.device.type != "cpu":
        return Odd(f"a tensor on the device {tensor.device}")
    if tensor.is_quantized or tensor.layout != torch.strided or tensor.is_nested:
        return Odd("a quantised tensor" if tensor.is_quantized else f"a tensor of layout {tensor.layout}")
    with torch.no_grad():
        copied = torch.Tensor.clone(tensor.detach().as_subclass(torch.Tensor).resolve_conj().resolve_neg())
    return copied.contiguous()


def kind_of(value: Any) -> str:
    """What sort of thing this is, in the words of a message."""
    names = {"function": "a function", "builtin_function_or_method": "a function", "method": "a method"}
    names |= {"ellipsis": "the blank `...`", "type": "a class", "generator": "a generator", "coroutine": "a coroutine"}
    name = type(value).__name__
    return names.get(name, f"an object of type {name}")


def short(value: Any, limit: int = 80) -> str:
    """A value in one short line."""
    if isinstance(value, str):
        text = repr(value[: limit + 1])
    elif isinstance(value, list | tuple) and len(value) > limit:
        text = repr(list(islice(value, limit)))
    else:
        text = f"{value:.6g}" if isinstance(value, float) else words(repr, value)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def words(how: Any, value: Any, limit: int = 200) -> str:
    """`how` (str or repr) of any value, in one line; where that fails, what it is."""
    try:
        text = " ".join(how(value).split())
    except BaseException as error:  # a value whose class somebody wrote; the caller limits the time
        return f"({kind_of(value)} whose text fails: {type(error).__name__})"
    return text if len(text) <= limit else text[: limit - 1] + "…"
