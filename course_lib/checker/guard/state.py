"""What holds for the whole process (number formats, seeds, folders, streams, …), and how it is put back."""

import builtins
import contextlib
import gc
import getpass
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from course_lib.common.errors import Problem

Setting = tuple[Callable[[], Any], Callable[[Any], Any]]  # how it is read, how it is set
_modes: list[Any] = []  # keeps torch's mode as long as it is needed


class NoInput(Problem):
    """The code waits for a person, and there is none."""


@contextlib.contextmanager
def kept_state() -> Iterator[None]:
    """Put back afterwards what the code inside changed for the whole process."""
    before = [(read, write, read()) for read, write in (*of_python(), *of_numpy(), *of_torch(), *of_matplotlib())]
    try:
        with warnings.catch_warnings():
            yield
    finally:
        for read, write, value in before:
            with contextlib.suppress(Exception):  # a folder that is gone, say: the others all the same
                if read() != value:
                    write(value)


def of_python() -> list[Setting]:
    """Streams, folder, environment, paths, modules, signals, limits."""
    settings: list[Setting] = [
        (lambda name=name: getattr(sys, name), lambda value, name=name: setattr(sys, name, value))
        for name in ("stdin", "stdout", "stderr", "excepthook", "displayhook", "breakpointhook")
    ]
    settings += [
        (folder, lambda value: os.chdir(value) if value else None),
        (lambda: dict(os.environ), lambda value: refill(os.environ, value)),
        (lambda: list(sys.path), lambda value: sys.path.__setitem__(slice(None), value)),
        (sys.modules.copy, sys.modules.update),
        (sys.getrecursionlimit, sys.setrecursionlimit),
        (sys.gettrace, sys.settrace),
        (sys.getprofile, sys.setprofile),
        (gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
    ]
    if threading.current_thread() is threading.main_thread():
        numbers = [number for number in signal.valid_signals() if signal.getsignal(number) is not None]
        settings += [(lambda n=n: signal.getsignal(n), lambda value, n=n: signal.signal(n, value)) for n in numbers]
    return settings


def of_numpy() -> list[Setting]:
    """Warnings about numbers, and how arrays are printed."""
    return [
        (np.geterr, lambda value: np.seterr(**value)),
        (np.get_printoptions, lambda value: np.set_printoptions(**value)),
    ]


def of_torch() -> list[Setting]:
    """Default dtype and device, modes of autograd and autocast, determinism, threads; nothing where torch isn't loaded."""
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    printing = vars(torch._tensor_str.PRINT_OPTS)
    return [
        (torch.is_inference_mode_enabled, lambda on: _modes.append(torch._C._InferenceMode(on))),
        (torch.is_grad_enabled, torch._C._set_grad_enabled),
        (torch.get_default_dtype, torch.set_default_dtype),
        (torch.get_default_device, lambda device: torch.set_default_device(None if device.type == "cpu" else device)),
        (torch.get_num_threads, torch.set_num_threads),
        (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
        (torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
        (torch.is_anomaly_enabled, torch.set_anomaly_enabled),
        (lambda: torch.is_autocast_enabled("cpu"), lambda on: torch.set_autocast_enabled("cpu", on)),
        (lambda: torch.is_autocast_enabled("cuda"), lambda on: torch.set_autocast_enabled("cuda", on)),
        (lambda: torch.get_autocast_dtype("cpu"), lambda dtype: torch.set_autocast_dtype("cpu", dtype)),
        (autocast_depth, leave_autocast),
        (lambda: dict(printing), printing.update),
    ]


def autocast_depth() -> int:
    """In how many `torch.autocast` are we?"""
    import torch

    depth = torch.autocast_increment_nesting() - 1
    torch.autocast_decrement_nesting()
    return depth


def leave_autocast(depth: int) -> None:
    """Leave those that were entered and not left: else every later one keeps casts of weights that have changed since."""
    import torch

    for _ in range(autocast_depth() - depth):
        torch.autocast_decrement_nesting()
    torch.clear_autocast_cache()


def of_matplotlib() -> list[Setting]:
    """The styles of figures, if there are any."""
    matplotlib = sys.modules.get("matplotlib")
    settings = getattr(matplotlib, "rcParams", None)
    return [(lambda: dict.copy(settings), lambda value: dict.update(settings, value))] if settings else []


def folder() -> str:
    """The current folder; "" if somebody deleted it."""
    try:
        return os.getcwd()
    except OSError:
        return ""


def refill(mapping: Any, content: dict) -> None:
    """Make it hold this again, and no more."""
    for name in set(mapping) - set(content):
        del mapping[name]
    mapping.update(content)


@contextlib.contextmanager
def no_input() -> Iterator[None]:
    """`input()` and reading the standard input fail, instead of waiting for a person."""
    asking = [(builtins, "input"), (getpass, "getpass"), (sys, "stdin"), (sys, "breakpointhook")]
    before = [getattr(module, name) for module, name in asking]
    for module, name in asking:
        setattr(module, name, Nobody())
    try:
        yield
    finally:
        for (module, name), value in zip(asking, before, strict=True):
            setattr(module, name, value)


class Nobody:
    """Stands where a person would answer."""

    encoding, errors = "utf-8", "strict"

    def __call__(self, *_: object, **__: object) -> str:
        raise NoInput("In a check nobody is there to answer an `input()`: use the arguments.")

    read = readline = readlines = __iter__ = __next__ = __call__

    def fileno(self) -> int:
        """As a stream without a file says it."""
        raise OSError("no file")
