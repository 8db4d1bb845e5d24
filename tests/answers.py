"""Answers to exercises as people write them, beside those that the exercises know: tests/answers_<room>.py collects them here."""

from collections.abc import Callable

RIGHT: list[tuple[str, Callable]] = []
WRONG: list[tuple[str, Callable]] = []


def right(task_id: str) -> Callable[[Callable], Callable]:
    """Marks an answer that must pass."""
    return lambda answer: RIGHT.append((task_id, answer)) or answer


def wrong(task_id: str) -> Callable[[Callable], Callable]:
    """Marks an answer that must be refused."""
    return lambda answer: WRONG.append((task_id, answer)) or answer
