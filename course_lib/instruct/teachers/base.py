"""What every teacher has in common, wherever it runs."""

import re
from dataclasses import dataclass
from typing import Protocol

Messages = list[dict[str, str]]  # [{"role": "system" | "user" | "assistant", "content": …}, …]
PIECES = re.compile(r"[A-Za-z]{1,4}|[^\sA-Za-z]")  # four letters, or any other sign: rather more than tokenizers make
MAX_REPLY_TOKENS = 512  # a teacher stops there; three times what a good reply takes


@dataclass(frozen=True)
class Completion:
    """A teacher's reply, and the tokens it took."""

    text: str
    prompt_tokens: int
    completion_tokens: int
    cut_off: bool = False  # it ran into MAX_REPLY_TOKENS
    estimated: bool = False  # the server did not count the tokens, so these are a guess
    problem: str = ""  # why this is no answer, where the server says so: a refusal, a filter of its own


class Teacher(Protocol):
    """Somebody who reads messages and writes a reply. May be asked from several threads at once."""

    name: str  # as in journals and dataset cards

    def ask(self, messages: Messages) -> Completion:
        """The reply. Raises TeacherError, or TryAgain where the same question may succeed later."""
        ...


class TeacherError(RuntimeError):
    """The teacher can't answer, and asking again would not help. The message says why, and never holds a key."""


class QuestionRefused(TeacherError):
    """The teacher won't answer this question, and asking it again would not help; others may be answered."""


class TryAgain(RuntimeError):
    """It went wrong this time: too many requests, an overloaded server, a timeout, a damaged answer.

    `after`: seconds that the server wants us to wait, if it said so. `paid`: may this attempt have been billed?
    `words`: the server's own, without any key; they may differ each time, where the message names the kind of failure.
    `counts`: is it one of the attempts that a question has? A run that slows down for it counts it as none.
    """

    counts = True

    def __init__(self, message: str, after: float | None = None, paid: bool = False, words: str = "") -> None:
        super().__init__(message)
        self.after, self.paid, self.words = after, paid, words


class TooSlow(TryAgain):
    """No answer within the teacher's `timeout`. It may come with more time, or with fewer questions at once."""


def estimate_tokens(messages: Messages) -> int:
    """How many tokens these messages have for the teacher: rather too many than too few, as no tokenizer is at hand."""
    return sum(4 + len(PIECES.findall(message["content"])) for message in messages)
