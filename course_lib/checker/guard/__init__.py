"""Code that we don't know, run so that the check comes back and nothing stays changed: `limit`, `names`, `state`."""

from collections.abc import Callable
from typing import Any

from course_lib.checker.guard.limit import limited, time_limit
from course_lib.checker.guard.names import put_back
from course_lib.checker.guard.state import kept_state, no_input


def guarded(limit: time_limit, function: Callable, *arguments: Any) -> tuple[Any, BaseException | None]:
    """(what the call returned, None) or (None, what it raised). Raises only `TooSlow`, or KeyboardInterrupt for Ctrl-C.

    What it replaced in modules, and settings of the whole process, are put back at once.
    """
    with kept_state():
        try:
            with no_input():
                return limited(limit, function, *arguments)
        finally:
            put_back()
