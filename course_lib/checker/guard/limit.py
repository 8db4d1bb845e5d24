"""A time limit from outside: it ends endless loops, long sleeps and code that catches every exception."""

import ctypes
import random
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from time import monotonic, process_time, thread_time
from types import FrameType
from typing import Any

from course_lib.checker.guard.names import put_built_ins_back
from course_lib.common.text import say

TIME_LIMIT = 20.0  # seconds of work for all draws of one function
PATIENCE = 3.0  # so many times as long by the clock, as other programs may have the processor
TICK = 0.2  # seconds between two looks at the clocks
NOBODY_LISTENS = deque(maxlen=0).append  # written in C, so that no signal finds it at work
GRACE = 3.0  # seconds for a thread to end once it was told to


class TooSlow(BaseException):
    """The code did not come back in time. No `Exception`, so that `except Exception` lets it through."""


class time_limit:
    """`with time_limit(20): f()` stops `f` after 20 seconds of work, or 60 by the clock, and raises `TooSlow`.

    Work is processor time: a machine that is busy with other things costs no right answer. A timer signal looks at both
    clocks and raises within `f`, again and again until `f` is left: one that lands in a `try` is followed by one that
    does not. Ctrl-C within `f` is noted in `interrupted`, and insists likewise. The same limit may be entered several
    times; it counts on. Signals work in the main thread of POSIX systems; elsewhere nothing is limited (`limited` is).
    """

    def __init__(self, seconds: float = TIME_LIMIT, by_the_clock: float | None = None) -> None:
        self.seconds, self.by_the_clock = seconds, by_the_clock or PATIENCE * seconds
        self.worked = self.passed = 0.0  # seconds, before it was entered this time
        self.reason, self.interrupted = "", False

    def __enter__(self) -> "time_limit":
        self.caller, self.listener = sys._getframe(1), sys.unraisablehook
        self.start(thread_time)
        self.before = {}
        if has_signals():
            self.handle(signal.SIGALRM, self.tick)
            if callable(signal.getsignal(signal.SIGINT)):
                self.handle(signal.SIGINT, self.ctrl_c)
            tick = min(TICK, self.seconds / 4)
            self.timer = signal.setitimer(signal.ITIMER_REAL, tick, tick)
        return self

    def __exit__(self, *_: object) -> None:
        if self.before:
            signal.setitimer(signal.ITIMER_REAL, 0)
        sys.unraisablehook = self.listener
        for number, handler in self.before.items():
            signal.signal(number, handler)
        if self.before:
            signal.setitimer(signal.ITIMER_REAL, *self.timer)
        self.worked, self.passed = self.clocks()
        if self.interrupted:
            raise KeyboardInterrupt
        if self.reason:
            raise TooSlow(self.reason) from None

    def handle(self, number: int, handler: Callable) -> None:
        """Handle this signal here, and by whom it was handled before afterwards."""
        self.before[number] = signal.getsignal(number) or signal.SIG_DFL
        signal.signal(number, handler)

    def start(self, work_clock: Callable[[], float]) -> None:
        """Begin to count, or go on."""
        self.work_clock, self.began = work_clock, (work_clock() - self.worked, monotonic() - self.passed)

    def clocks(self) -> tuple[float, float]:
        """(seconds of work, seconds by the clock) so far."""
        return self.work_clock() - self.began[0], monotonic() - self.began[1]

    def is_over(self) -> bool:
        """Is the time up? `reason` says by which clock."""
        worked, passed = self.clocks()
        if not self.reason and worked > self.seconds:
            self.reason = say(
                "It was stopped after {seconds:.3g} seconds of work. Is there a loop that never ends?",
                seconds=self.seconds,
            )
        elif not self.reason and passed > self.by_the_clock:
            self.reason = say(
                "It was stopped after {seconds:.3g} seconds, most of which it waited. Is there a long sleep, a wait for what does not come, or a loop that never ends?",
                seconds=self.by_the_clock,
            )
        return bool(self.reason)

    def tick(self, number: int, frame: FrameType | None) -> None:
        """The timer's signal."""
        around = self.before[signal.SIGALRM]
        if callable(around):  # another limit: the grader's, around a cell
            around(number, frame)
        if (self.is_over() or self.interrupted) and self.is_inside(frame):
            # The next signal is due while this exception still unwinds: at some random moment it finds the code between
            # two `try`, where nothing catches it.
            signal.setitimer(signal.ITIMER_REAL, random.uniform(2e-6, 1e-4), TICK)
            sys.unraisablehook = NOBODY_LISTENS  # one that lands in a `__del__` goes nowhere, and is no news
            raise KeyboardInterrupt if self.interrupted else TooSlow(self.reason)

    def ctrl_c(self, number: int, frame: FrameType | None) -> None:
        """The user's own interruption, which looks the same as one that the code raises."""
        self.interrupted = True
        if self.is_inside(frame):
            raise KeyboardInterrupt

    def is_inside(self, frame: FrameType | None) -> bool:
        """Does the signal interrupt what was called in the `with` block, and neither that block's own lines nor our own?"""
        first, own = frame, (time_limit.__enter__.__code__, time_limit.__exit__.__code__)
        while frame and frame is not self.caller and frame.f_code not in own:
            frame = frame.f_back
        return frame is self.caller and frame is not first


def has_signals() -> bool:
    """Can a timer interrupt this thread? Only the main one, and not on Windows."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


def limited(limit: time_limit, function: Callable, *arguments: Any) -> tuple[Any, BaseException | None]:
    """(what the call returned, None) or (None, what it raised), whatever that is, SystemExit and KeyboardInterrupt too.

    `TooSlow` if it did not come back in time, KeyboardInterrupt if the user pressed Ctrl-C.
    """
    if not has_signals():
        return in_thread(limit, function, *arguments)
    with limit:
        value, error = caught(function, *arguments)
    if isinstance(error, TooSlow):  # that of a limit around this one
        raise error
    return value, error


def caught(function: Callable, *arguments: Any) -> tuple[Any, BaseException | None]:
    """What a call returned and what it raised."""
    try:
        return function(*arguments), None
    except BaseException as error:
        return None, error
    finally:
        put_built_ins_back()


def in_thread(limit: time_limit, function: Callable, *arguments: Any) -> tuple[Any, BaseException | None]:
    """`limited` where no signal helps: in a thread that is told to end, and left alone if it does not."""
    results: list[tuple[Any, BaseException | None]] = []
    thread = threading.Thread(target=lambda: results.append(caught(function, *arguments)), daemon=True)
    limit.start(process_time)
    thread.start()
    try:
        while thread.is_alive() and not limit.is_over():
            thread.join(TICK)
    finally:  # also when Ctrl-C ends the waiting
        end_thread(thread)
    limit.worked, limit.passed = limit.clocks()
    if thread.is_alive():
        limit.reason += " " + say("It goes on in the background until you restart the kernel (Kernel, Restart).")
    if limit.reason:
        raise TooSlow(limit.reason)
    return results[0]


def end_thread(thread: threading.Thread) -> None:
    """Raise within the thread, again and again, until it ends or GRACE is over. A call that blocks hears nothing of it."""
    until = monotonic() + GRACE
    while thread.is_alive() and monotonic() < until:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(TooSlow))
        thread.join(random.uniform(0, 0.01))
