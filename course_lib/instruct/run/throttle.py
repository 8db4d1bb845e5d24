"""How many questions are under way at once, and how long each may take: fewer and longer once a teacher proves to be slow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from course_lib.instruct.teachers.base import Teacher

MAX_TIMEOUT = 600.0  # seconds that a reply may take, unless more were asked for …
MAX_LONGER = 8  # … and so many times what it might take at first
WAKE = 0.2  # seconds until a thread that waits looks whether the run was stopped


class Throttle:
    """Lets up to `parallel` threads ask at a time. After a time-out half as many may, and each waits twice as long."""

    def __init__(self, teacher: Teacher, parallel: int) -> None:
        self.teacher, self.parallel = teacher, parallel
        timeout = getattr(teacher, "timeout", 0.0)  # only teachers far away have one
        self._max_timeout = max(timeout, min(MAX_TIMEOUT, MAX_LONGER * timeout))
        self._slowed_down = 0  # times
        self._under_way = 0
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, stop: threading.Event) -> Iterator[int | None]:
        """Wait for one's turn, and have it within the `with` block. Yields the pace, for `slow_down`; None if `stop` came first."""
        with self._changed:
            while self._under_way >= self.parallel and not stop.is_set():
                self._changed.wait(WAKE)
            if stop.is_set():
                pace = None
            else:
                pace, self._under_way = self._slowed_down, self._under_way + 1
        try:
            yield pace
        finally:
            with self._changed:
                self._under_way -= pace is not None
                self._changed.notify_all()

    def slow_down(self, pace: int) -> bool:
        """A question asked at this pace found no answer in time. False if the run is as slow as it gets."""
        with self._changed:
            if pace < self._slowed_down:
                return True  # since it was asked, another one has slowed the run down
            parallel, timeout = max(1, self.parallel // 2), min(2 * self.teacher.timeout, self._max_timeout)
            if (parallel, timeout) == (self.parallel, self.teacher.timeout):
                return False
            self.parallel, self.teacher.timeout = parallel, timeout
            self._slowed_down += 1
        print(
            f"The teacher is slow: from here on {parallel} question{'s' if parallel > 1 else ''} at a time, each with "
            f"{timeout:g} seconds; what found no answer in time is asked again. (--parallel, --timeout)"
        )
        return True
