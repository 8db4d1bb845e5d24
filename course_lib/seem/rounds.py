"""Interactive segmentation goes in rounds: one mark, one answer, then the next mark, where the answer was wrong."""

from collections.abc import Callable
from typing import Any

from course_lib.canvas import Mark


class Rounds:
    """Plays one round a mark and keeps what came out of each: one more mark costs one round, taking back costs none.

    play(marks so far, what the round before gave or None) → what this round gives.
    """

    def __init__(self, play: Callable[[list[Mark], Any], Any]) -> None:
        self._play = play
        self._marks: list[Mark] = []
        self._results: list[Any] = []

    def __call__(self, marks: list[Mark]) -> Any:
        """What the last round gives; None without marks."""
        same = 0
        while same < min(len(marks), len(self._marks)) and marks[same] == self._marks[same]:
            same += 1
        del self._marks[same:], self._results[same:]
        for mark in marks[same:]:
            before = self._results[-1] if self._results else None
            self._results.append(self._play([*self._marks, mark], before))
            self._marks.append(mark)
        return self._results[-1] if marks else None
