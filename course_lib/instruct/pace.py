"""When to ask: no faster than agreed, and after a failure later and later."""

import random
import threading
import time

LONGEST_WAIT = 60.0  # seconds


def backoff(attempt: int, first: float, after: float | None = None) -> float:
    """Seconds to wait after failure number `attempt` (from 0): first·2^attempt, times a random half to whole.

    Chance keeps many clients from coming back together. A server's own Retry-After is never undercut.
    """
    wait = min(first * 2**attempt, LONGEST_WAIT) * random.uniform(0.5, 1.0)
    return max(wait, after or 0.0)


class Pace:
    """At most so many requests a minute, evenly spaced; all of them pause when the server asks for it."""

    def __init__(self, per_minute: float | None = None) -> None:
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0  # on time.monotonic's clock
        self._lock = threading.Lock()

    def pause(self, seconds: float) -> None:
        """Let no request begin for that long."""
        with self._lock:
            self._next = max(self._next, time.monotonic() + seconds)

    def wait(self, stop: threading.Event) -> bool:
        """Wait for the next free moment. False if `stop` came first."""
        with self._lock:
            now = time.monotonic()
            mine = max(self._next, now)
            self._next = mine + self._gap
        return not stop.wait(mine - now)
