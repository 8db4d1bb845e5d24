"""When a run gives up. A teacher that can't do it costs money with every question, so it is told early, and with the likely cause."""

import re
import threading
from collections import Counter

from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS, TeacherError

MAX_UNANSWERED = 5  # questions without any answer, until the teacher counts as gone
MAX_USELESS = 12  # replies in a row that fail alike, with no good one between, until it counts as unfit …
MAX_GAPS = 10  # … or, if it has given good ones, so many times the replies that one took so far
CAUSES = (  # what the problems have in common → what is probably wrong; the first that fits
    (
        r"reasoning",
        f"the model reasons. Its reasoning may take up all {MAX_REPLY_TOKENS} tokens of a reply: switch it off at the server, or take a "
        "model that doesn't",
    ),
    (r"cut off", f"the model writes more than the {MAX_REPLY_TOKENS} tokens that a reply may take, or finds no end"),
    (r"refuses|content filter", "the model, or a filter before it, declines such questions"),
    (r"broke off", "the connection, or a proxy within it, cuts answers off"),
    (r"calls a tool", "the server offers the model tools: switch that off"),
    (r"empty", "the server sends nothing: perhaps its template doesn't fit the model, or hides what the model reasons"),
    (r"no chat completion|unpacked", "what answers at OPENAI_BASE_URL speaks another protocol"),
    (
        r'it holds "',
        "the server leaves marks in the text: its chat template, or its reasoning parser, doesn't fit the model",
    ),
    (r"", "the model doesn't keep to the form that the prompt asks for; it may be too small, or not tuned for chat"),
)


class Patience:
    """Counts what comes to nothing, in all threads of a run, and says when it is enough."""

    def __init__(self) -> None:
        self._unanswered = 0  # questions given up since the last reply of any kind
        self._useless: list[str] = []  # what was wrong with each reply since the last good one
        self._earlier = self._good = 0  # replies up to the last good one, and the good ones among them
        self._lock = threading.Lock()

    def answered(self, problem: str) -> None:
        """A reply came; `problem` says what is wrong with it, "" if nothing is. TeacherError if it is enough."""
        with self._lock:
            self._unanswered = 0
            self._useless.append(problem)
            if not problem:
                self._earlier, self._good = self._earlier + len(self._useless), self._good + 1
                self._useless.clear()
        self._check_useless()

    def paid_for_nothing(self, reason: str) -> None:
        """No reply came, but a bill may. TeacherError if it is enough."""
        with self._lock:
            self._useless.append(reason)
        self._check_useless()

    def unanswered(self, reason: str) -> None:
        """A question found no answer. TeacherError if it is enough."""
        with self._lock:
            self._unanswered += 1
            enough = self._unanswered >= MAX_UNANSWERED
        if enough:
            raise TeacherError(
                f"{MAX_UNANSWERED} questions in a row found no answer. The last time: {reason.rstrip('.')}."
            )

    def _check_useless(self) -> None:
        with self._lock:
            gap = self._earlier / self._good if self._good else 0  # replies for one good one
            problems = list(self._useless)
        cause, times = Counter(map(likely_cause, problems)).most_common(1)[0] if problems else ("", 0)
        if times >= max(MAX_USELESS, MAX_GAPS * gap):
            last = next(problem for problem in reversed(problems) if likely_cause(problem) == cause)
            raise TeacherError(
                f"{len(problems)} replies in a row were of no use, {times} of them in the same way: {last.rstrip('.')}. Probably {cause}."
            )


def likely_cause(problem: str) -> str:
    """What is probably wrong with a teacher whose replies have this problem."""
    return next(cause for pattern, cause in CAUSES if re.search(pattern, problem))
