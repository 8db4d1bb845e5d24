"""Hostile or unlucky code ends in a verdict in words, in time, and changes nothing for whoever comes after it."""

# ruff: noqa: B012, E722, SIM105 (what the code below does is what nobody should do)

import asyncio
import builtins
import contextlib
import dataclasses
import functools
import gc
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import types
import warnings

import matplotlib
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_exercise import TASK, normalise

from course_lib.checker.checking import check
from course_lib.checker.guard import limit as limits
from course_lib.checker.guard.limit import time_limit
from course_lib.checker.guard.names import watched
from course_lib.checker.registry import find_task
from course_lib.session import REPO

PATIENCE = 600  # seconds after which a test is sure that something hangs
QUICK = 0.3  # seconds of work that hostile code gets
OVER = threading.Event()


def hostile(written, task=TASK):
    return check(task, written, time_limit(QUICK))


def swallows_all(x, scale):
    while True:
        with contextlib.suppress(BaseException):
            while True:
                pass


def swallows_all_by_hand(x, scale):
    while True:
        try:
            time.sleep(1)
        except:
            pass


def swallows_in_turn(x, scale):
    def inner():
        while True:
            try:
                time.sleep(0.5)
            except BaseException:
                continue

    while True:
        try:
            inner()
        except BaseException:
            pass


def finally_again(x, scale):
    while True:
        try:
            threading.Event().wait()
        finally:
            continue


def recurses_on_errors(x, scale):
    try:
        while True:
            pass
    except BaseException:
        return recurses_on_errors(x, scale)


def answers_when_stopped(x, scale):
    try:
        while True:
            pass
    except BaseException:
        return normalise(x, scale)


def sleeps(x, scale):
    time.sleep(100_000)


def waits_for_a_queue(x, scale):
    return queue.Queue().get()


def waits_for_a_lock(x, scale):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def waits_for_a_thread(x, scale):
    thread = threading.Thread(target=time.sleep, args=(100_000,), daemon=True)
    thread.start()
    thread.join()


def waits_for_a_socket(x, scale):
    here, _there = socket.socketpair()
    return here.recv(1)


def waits_for_a_process(x, scale):
    subprocess.run([sys.executable, "-c", "import time; time.sleep(100000)"])


def waits_for_ever_async(x, scale):
    asyncio.run(asyncio.sleep(100_000))


def endless_result(x, scale):
    class Endless(list):
        def __iter__(self):
            while True:
                pass

    return Endless([1])


def endless_text(x, scale):
    class Slow(Exception):
        def __str__(self):
            while True:
                pass

    raise Slow


ENDLESS = [
    swallows_all,
    swallows_all_by_hand,
    swallows_in_turn,
    finally_again,
    answers_when_stopped,
]
ENDLESS += [sleeps, waits_for_a_queue, waits_for_a_lock, waits_for_a_thread, waits_for_a_socket, waits_for_a_process]
ENDLESS += [waits_for_ever_async, endless_text]


@pytest.mark.parametrize("written", ENDLESS, ids=lambda function: function.__name__)
def test_what_does_not_end_is_stopped_and_told_so(written):
    verdict = hostile(written)
    assert verdict.state == "wrong" and "stopped after" in verdict.what


def test_an_answer_that_recurses_on_each_interruption_is_stopped():
    # In a process of its own: it may be interrupted within the hooks by which pytest listens.
    code = "import test_exercise_hostile as t; print(t.hostile(t.recurses_on_errors))"
    paths = {"PYTHONPATH": os.pathsep.join((str(REPO), str(REPO / "tests")))}
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **paths}, capture_output=True, text=True)
    assert "state='wrong'" in done.stdout and "stopped after" in done.stdout, done.stderr


def test_an_interruption_that_goes_nowhere_is_no_news(monkeypatch):
    class Endless:
        def __del__(self):
            while True:
                pass

    def written(x, scale):
        Endless()
        return normalise(x, scale)

    news = []
    monkeypatch.setattr(sys, "unraisablehook", listener := news.append)
    assert "stopped after" in hostile(written).what
    ours = [one for one in news if "Endless" in str(one.object)]  # another test's litter may be collected just now
    assert ours == [] and sys.unraisablehook == listener


def swallows_all_until_the_test_is_over(x, scale):
    while not OVER.is_set():
        with contextlib.suppress(BaseException):
            while not OVER.is_set():
                pass


@pytest.mark.parametrize("written", [swallows_all_until_the_test_is_over, sleeps], ids=lambda one: one.__name__)
def test_elsewhere_a_thread_is_told_to_end_or_left_behind(written, monkeypatch):
    monkeypatch.setattr(limits, "GRACE", 1.0)
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(hostile(written)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    OVER.set()  # else it would go on, and slow down all tests after it
    assert "stopped after" in verdicts[0].what


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class Constructed(Exception):
    def __init__(self, a, b, *, c):
        super().__init__(a, b, c)


def raising(error):
    def written(x, scale):
        raise error

    return written


def recursive(x, scale):
    return recursive(x, scale)


ERRORS = [
    KeyboardInterrupt(),
    KeyboardInterrupt("mine"),
    GeneratorExit(),
    SystemExit(0),
    StopIteration(3),
    Unprintable(),
]
ERRORS += [
    StopAsyncIteration(),
    Constructed(1, 2, c=3),
    ValueError("x" * 10**6),
    ValueError("a\nb\n" * 50),
    MemoryError(),
]
ERRORS += [
    asyncio.CancelledError(),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "\ud800"),
    OSError(2, "gone"),
    Warning(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_whatever_is_raised_is_said_in_one_line(error):
    verdict = hostile(raising(error))
    assert verdict.state == "wrong" and type(error).__name__ in verdict.raw
    assert len(verdict.raw) < 500 and "\n" not in verdict.raw


def test_recursion_without_an_end_is_said():
    assert "RecursionError" in check(TASK, recursive).raw  # no limit to run into: what is told, not how soon


def test_input_is_answered_by_an_error_in_words():
    for asks in (lambda x, scale: input("?"), lambda x, scale: sys.stdin.readline(), lambda x, scale: next(sys.stdin)):
        assert "nobody is there to answer" in hostile(asks).raw
    assert "nobody is there to answer" in hostile(lambda x, scale: breakpoint()).raw


def test_exits_are_answers_like_others():
    for leaves in (lambda x, scale: exit(), lambda x, scale: quit(), lambda x, scale: sys.exit("bye")):
        assert "SystemExit" in hostile(leaves).raw


class Odd:
    def __getattribute__(self, name):
        raise RuntimeError("odd")

    def __eq__(self, other):
        raise RuntimeError("odd")

    __hash__ = __len__ = __repr__ = __eq__


class Agrees:
    """Equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


class Subclass(torch.Tensor):
    def __eq__(self, other):
        return torch.ones(self.shape, dtype=torch.bool)


class OddDict(dict):
    def keys(self):
        raise RuntimeError("odd")

    __len__ = __iter__ = __getitem__ = keys


def itself():
    items = [1]
    items.append(items)
    return items


async def coroutine():
    return 1


RESULTS = {
    "odd": Odd,
    "agrees with everything": Agrees,
    "generator": lambda: (i for i in range(3)),
    "map": lambda: map(str, [1]),
    "coroutine": coroutine,
    "function": lambda: print,
    "class": lambda: int,
    "contains itself": itself,
    "odd dict": lambda: OddDict(a=1),
    "huge list": lambda: [0] * 10**6,
    "huge text": lambda: "x" * 10**7,
    "deep": lambda: functools.reduce(lambda inner, _: [inner], range(5000), 1),
    "meta": lambda: torch.empty(3, 7, device="meta"),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "quantised": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
    "complex": lambda: torch.ones(3, dtype=torch.complex64).conj(),
    "bfloat16": lambda: torch.ones(3, dtype=torch.bfloat16),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "wrong subclass": lambda: torch.zeros(3, 7).as_subclass(Subclass),
    "masked array": lambda: np.ma.masked_array([1, 2], [True, False]),
    "array of objects": lambda: np.array([Odd(), None], dtype=object),
    "bytes": lambda: b"abc",
    "module": lambda: os,
    "lock": threading.Lock,
}


@pytest.mark.parametrize("make", RESULTS.values(), ids=RESULTS)
@pytest.mark.parametrize("expected", ["tensor", "dict"])
def test_whatever_is_returned_is_judged_in_words(make, expected):
    values = {"tensor": torch.ones(3, 7), "dict": {"a": [1, "b"], "c": np.ones(3)}}
    task = dataclasses.replace(TASK, reference=lambda x, scale: values[expected], mistakes=())
    task = dataclasses.replace(task, check_gradient=expected == "tensor")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = hostile(lambda x, scale: make(), task)
    assert verdict.state == "wrong" and 10 < len(verdict.what + verdict.raw) < 1000


def test_a_subclass_with_the_right_values_is_right():
    class Mine(list):
        pass

    task = dataclasses.replace(TASK, reference=lambda x, scale: [1, 2], mistakes=(), check_gradient=False)
    assert hostile(lambda x, scale: Mine([1, 2]), task).state == "solved"
    assert (
        hostile(
            lambda x, scale: torch.nn.Parameter(normalise(x, scale).detach()),
            dataclasses.replace(TASK, check_gradient=False),
        ).state
        == "solved"
    )


class Callable:
    def __call__(self, x, scale):
        return normalise(x, scale)


ANSWERS = [
    max,
    print,
    len,
    time.sleep,
    torch.sum,
    functools.partial(normalise),
    functools.partial(int, base=2),
    Callable(),
]
ANSWERS += [
    staticmethod(normalise),
    classmethod(normalise),
    property(normalise),
    coroutine,
    int,
    type,
    object,
    None,
    "text",
]
ANSWERS += [np.add, lambda x, *, scale: x, lambda: 1, lambda x, scale: (yield x), torch.nn.Linear, torch.nn.ReLU()]


@pytest.mark.parametrize("written", ANSWERS, ids=lambda written: type(written).__name__)
def test_whatever_stands_in_the_place_of_a_function_is_judged_in_words(written):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        verdict = hostile(written)
    assert verdict.state in ("solved", "not started") or len(verdict.what + verdict.raw) > 10


def test_an_object_that_answers_nothing_is_judged_in_words():
    assert len(hostile(Odd()).what) > 10


def test_partials_objects_and_static_methods_may_be_right():
    for right in (functools.partial(normalise), Callable(), staticmethod(normalise)):
        assert hostile(right).state == "solved"


def test_the_users_own_interruption_gets_through():
    def waits(x, scale):
        while True:
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(1)
            except BaseException:
                pass

    with pytest.raises(KeyboardInterrupt):
        check(TASK, waits, time_limit(PATIENCE))
    assert check(TASK, normalise).state == "solved"


def lies(*_, **__):
    return torch.tensor(0.0)


def agrees(*_, **__):
    return np.ones((), bool)


PATCHES = [
    (F, "cross_entropy", lies),
    (F, "softmax", lies),
    (torch, "softmax", lies),
    (torch, "allclose", agrees),
    (torch, "equal", agrees),
    (torch, "manual_seed", lies),
    (torch.autograd, "grad", lies),
    (torch.Tensor, "__eq__", agrees),
    (torch.Tensor, "norm", lies),
    (torch.Tensor, "clone", lies),
    (torch.Tensor, "detach", lies),
    (torch.Tensor, "numpy", lies),
    (torch.nn.Linear, "forward", lies),
    (torch.nn.Linear, "__call__", lies),
    (np, "isclose", agrees),
    (np, "allclose", agrees),
    (np, "asarray", lies),
    (np.random, "seed", lies),
    (random, "seed", lies),
    (builtins, "sum", lies),
    (builtins, "any", lambda items: False),
    (builtins, "isinstance", lambda *_: True),
    (builtins, "zip", lambda *_, **__: iter(())),
    (time, "monotonic", lambda: 0.0),
]


@pytest.mark.parametrize(("owner", "name", "patch"), PATCHES, ids=lambda value: value if isinstance(value, str) else "")
def test_what_is_replaced_deceives_nobody_and_is_put_back(owner, name, patch):
    task, before = find_task("clip.contrastive_loss"), owner.__dict__.get(name)

    def patched(image_features, text_features, logit_scale):
        setattr(owner, name, patch)
        return torch.tensor(0.0)

    assert check(task, patched).state == "wrong"
    assert owner.__dict__.get(name) is before
    assert check(task, lambda image_features, text_features, logit_scale: torch.tensor(0.0)).state == "wrong"
    assert check(task, task.alternatives[0]).state == "solved"


@pytest.mark.parametrize(
    ("owner", "name", "patch"), PATCHES[::3], ids=lambda value: value if isinstance(value, str) else ""
)
def test_what_the_notebook_replaced_before_deceives_nobody_and_stays(owner, name, patch):
    task, missing = find_task("clip.contrastive_loss"), object()
    before = owner.__dict__.get(name, missing)
    setattr(owner, name, patch)
    try:
        verdict = check(task, lambda image_features, text_features, logit_scale: torch.tensor(0.0))
        now = owner.__dict__[name]
    finally:
        delattr(owner, name) if before is missing else setattr(owner, name, before)
    assert verdict.state == "wrong" and now is patch


def test_the_courses_own_functions_are_put_back_too():
    import course_lib.checker.compare as compare
    import course_lib.clip.loss as loss

    task = find_task("clip.contrastive_loss")
    right, code = task.reference, task.reference.__code__

    def patched(image_features, text_features, logit_scale):
        loss.contrastive_loss = compare.find_difference = compare.are_close = lies
        loss.len = lies
        right.__code__ = (lambda image_features, text_features, logit_scale: 0).__code__
        return torch.tensor(0.0)

    assert check(task, patched).state == "wrong"
    assert loss.contrastive_loss is right and right.__code__ is code and not hasattr(loss, "len")
    assert check(task, right).state == "solved"


def everything():
    torch_state = torch.get_default_dtype(), torch.is_grad_enabled(), torch.is_inference_mode_enabled()
    torch_state += torch.get_num_threads(), torch.get_deterministic_debug_mode(), torch.get_default_device()
    torch_state += torch.is_autocast_enabled("cpu"), torch.get_float32_matmul_precision(), torch.initial_seed()
    python = (
        os.getcwd(),
        sorted(os.environ.items()),
        list(sys.path),
        sys.stdout,
        sys.stderr,
        sys.stdin,
        sys.getrecursionlimit(),
    )
    python += list(warnings.filters), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGALRM), sys.gettrace()
    python += signal.getitimer(signal.ITIMER_REAL), random.getstate(), input, sys.modules["math"]
    return torch_state, python, (np.geterr(), np.get_printoptions(), dict(matplotlib.rcParams), torch.tensor(1 / 3))


def test_settings_of_the_process_are_put_back(tmp_path):
    def changes_everything(x, scale):
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        torch.inference_mode().__enter__()
        torch.use_deterministic_algorithms(True)
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.set_default_device("meta")
        torch.autocast("cpu").__enter__()
        torch.manual_seed(99)
        torch.set_printoptions(precision=2)
        np.seterr(all="raise")
        np.set_printoptions(precision=2)
        random.seed(99)
        os.chdir(tmp_path)
        os.environ["COURSE_X"] = os.environ.pop("PATH")
        sys.path[:], sys.modules["math"] = [], None
        sys.stdout = sys.stderr = sys.stdin = None
        sys.setrecursionlimit(5000)
        warnings.simplefilter("error")
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        matplotlib.rcParams["font.size"] = 99
        return x

    before = everything()
    assert check(TASK, changes_everything).state == "wrong"
    assert torch.autocast_increment_nesting() == 1 and torch.autocast_decrement_nesting() == 0
    for was, now in zip(map(list, before), map(list, everything()), strict=True):
        assert [str(one) for one in was] == [str(one) for one in now]
    assert check(TASK, normalise).state == "solved"


def test_what_the_code_keeps_and_changes_later_changes_no_result():
    kept = []

    def keeps(x, scale):
        for tensor in kept:
            tensor.mul_(0)
        result = normalise(x, scale)
        kept.extend([result, x])
        return result

    assert judged_without_gradient(keeps).state == "solved"

    buffer = torch.zeros(10, 10)

    def same_memory(x, scale):
        view = buffer[: x.shape[0], : x.shape[1]]
        view.copy_(normalise(x, scale))
        return view

    assert judged_without_gradient(same_memory).state == "solved"

    results = []

    def first_result_again(x, scale):
        results.append(normalise(x, scale))
        return results[0]

    assert judged_without_gradient(first_result_again).state == "wrong"


def judged_without_gradient(written):
    return check(dataclasses.replace(TASK, check_gradient=False), written)


def test_a_limit_within_a_limit_leaves_the_outer_one_in_force():
    began = time.monotonic()
    with pytest.raises(limits.TooSlow), time_limit(PATIENCE, 1.0):
        while time.monotonic() < began + PATIENCE:
            check(TASK, sleeps, time_limit(QUICK))
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_modules_may_appear_while_the_loaded_ones_are_looked_through():
    """The garbage collector runs finalizers at any moment, and these may import."""

    class Appearing:
        def __del__(self):
            sys.modules["appears"] = types.ModuleType("appears")

    threshold = gc.get_threshold()
    try:
        for allocations in range(50, 700, 50):  # until the collector runs: before, while and after they are listed
            sys.modules.pop("appears", None)
            gc.collect()
            garbage = Appearing()
            garbage.itself = garbage
            del garbage
            gc.set_threshold(allocations)
            assert list(watched())
            gc.set_threshold(*threshold)
    finally:
        gc.set_threshold(*threshold)
        sys.modules.pop("appears", None)
