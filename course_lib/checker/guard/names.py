"""The names of modules and classes as they were when the course was loaded, whatever a notebook has put in their place."""

import builtins
import contextlib
import sys
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Any

# What references, inputs and the comparison are made of. A package's name stands for all its modules.
PACKAGES = ("course_lib",)
MODULES = (
    *("builtins", "math", "cmath", "random", "statistics", "itertools", "functools", "collections", "operator"),
    *("re", "string", "json", "copy", "time", "os", "inspect", "ast", "contextlib", "zlib", "hashlib"),
    *("numpy", "numpy.linalg", "numpy.random", "scipy.optimize", "scipy.ndimage"),
    *("torch", "torch.nn", "torch.nn.functional", "torch.nn.init", "torch.linalg", "torch.autograd", "torch.random"),
    *("torch._C._nn", "torch._C._linalg"),
)
Names = dict[ModuleType | type, dict[str, Any]]  # module or class → name in it → object
Code = dict[FunctionType, tuple]  # function → its code and its defaults

_originals: Names = {}
_original_code: Code = {}
_built_in, _built_in_now = dict(vars(builtins)), vars(builtins)


def watched() -> Iterator[ModuleType]:
    """The modules of these names that are loaded, and not just being loaded."""
    # A copy in one step: while a list of pairs is built, the garbage collector may run code that imports a module.
    for name, module in sys.modules.copy().items():
        if name in MODULES or name.partition(".")[0] in PACKAGES:
            spec = getattr(module, "__spec__", None)
            if isinstance(module, ModuleType) and not getattr(spec, "_initializing", False):
                yield module


def remember() -> None:
    """Note what stands in the modules that were loaded since the last time, in their classes, and in their functions."""
    for module in watched():
        if module not in _originals:
            classes = [thing for thing in vars(module).values() if isinstance(thing, type) and not is_fixed(thing)]
            for owner in (module, *classes):
                _originals.setdefault(owner, dict(vars(owner)))
                functions = [thing for thing in vars(owner).values() if isinstance(thing, FunctionType)]
                _original_code.update({one: code_of(one) for one in functions if one not in _original_code})


def is_fixed(kind: type) -> bool:
    """Is it a class written in C, whose names can't be replaced?"""
    return not kind.__flags__ & (1 << 9)  # Py_TPFLAGS_HEAPTYPE


def code_of(function: FunctionType) -> tuple:
    """What a function consists of, which can be replaced, too."""
    return function.__code__, function.__defaults__


def put(names: Names) -> None:
    """Put everything back that was replaced since, and take away what hides a built-in or an inherited name."""
    for owner, members in names.items():
        now = vars(owner)
        for name, value in members.items():
            if now.get(name, names) is not value:
                with contextlib.suppress(AttributeError, TypeError):  # read-only, such as a class's __dict__
                    setattr(owner, name, value)
        if len(now) != len(members):
            for name in [name for name in now if name not in members and hides(owner, name)]:
                delattr(owner, name)


def put_code(code: Code) -> None:
    """Put the code of functions back."""
    for function, parts in code.items():
        if function.__code__ is not parts[0] or function.__defaults__ is not parts[1]:
            function.__code__, function.__defaults__ = parts


def hides(owner: Any, name: str) -> bool:
    """Would this new name be found in place of an older one?"""
    if isinstance(owner, type):
        return any(name in vars(base) for base in owner.__mro__[1:])
    return name in vars(builtins)


@contextlib.contextmanager
def originals() -> Iterator[None]:
    """Inside, all names are as they were when the course was loaded; afterwards as they were before."""
    built_in = dict(_built_in_now)
    put_built_ins_back()
    remember()
    before = {owner: dict(vars(owner)) for owner in _originals}
    code_before = {function: code_of(function) for function in _original_code}
    put_back(code=True)
    try:
        yield
    finally:
        put(before)
        put_code(code_before)
        _built_in_now.update(built_in)


def put_built_ins_back() -> None:
    """The first thing to do: all else here is written with `isinstance`, `len`, …"""
    _built_in_now.update(_built_in)


def put_back(code: bool = False) -> None:
    """Undo what the code that just ran has replaced; with `code`, within functions too, which takes longer."""
    put(_originals)
    if code:
        put_code(_original_code)
