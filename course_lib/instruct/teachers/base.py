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


class Teacher(Protocol):
    """Somebody who reads messages and writes a reply. May be asked from several threads at once."""

    name: str  # as in journals and dataset cards

    def ask(self, messages: Messages) -> Completion:
        """The reply. Raises TeacherError, or TryAgain where the same question may succeed later."""
        ...


class TeacherError(RuntimeError):
    """The teacher can't answer, and asking again would not help. The message says why, and never holds a key."""


class TryAgain(RuntimeError):
    """It went wrong this time: too many requests, an overloaded server, a timeout, a damaged answer.

    `after`: seconds that the server wants us to wait, if it said so. `paid`: may this attempt have been billed?
    """

    def __init__(self, message: str, after: float | None = None, paid: bool = False) -> None:
        super().__init__(message)
        self.after, self.paid = after, paid


def estimate_tokens(messages: Messages) -> int:
    """How many tokens these messages have for the teacher: rather too many than too few, as no tokenizer is at hand."""
    return sum(4 + len(PIECES.findall(message["content"])) for message in messages)
