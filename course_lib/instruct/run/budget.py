"""Tokens and money: estimated before a request, counted after it, and never past the budget."""

import threading
from collections.abc import Iterable
from typing import NamedTuple

from course_lib.instruct.teachers.base import MAX_REPLY_TOKENS, Messages, estimate_tokens


class Prices(NamedTuple):
    """What a million tokens cost, in the currency of your bill."""

    prompt: float = 0.0
    completion: float = 0.0

    def cost(self, prompt_tokens: float, completion_tokens: float) -> float:
        """The price of so many tokens."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


def estimate(questions: Iterable[Messages]) -> tuple[int, int]:
    """(tokens to read, tokens to write at most) for these questions, each asked once."""
    sizes = [estimate_tokens(messages) for messages in questions]
    return sum(sizes), MAX_REPLY_TOKENS * len(sizes)


FREE = Prices()


class Budget:
    """Lets requests begin only while their most expensive outcome still fits. Threads wait for one another's bills."""

    def __init__(self, max_tokens: int | None = None, max_cost: float | None = None, prices: Prices = FREE) -> None:
        self.max_tokens, self.max_cost, self.prices = max_tokens, max_cost, prices
        self.prompt_tokens = self.completion_tokens = 0  # spent
        self._reserved: list[tuple[int, int]] = []
        self._changed = threading.Condition()

    def reserve(self, prompt: int, completion: int) -> bool:
        """Set the tokens of a coming request aside. False if they no longer fit, once all running requests are paid."""
        with self._changed:
            while not self._fits(prompt, completion):
                if not self._reserved:
                    return False
                self._changed.wait()
            self._reserved.append((prompt, completion))
            return True

    def settle(self, reserved: tuple[int, int], prompt: int, completion: int) -> None:
        """Give back what was set aside for a request, and count what it took."""
        with self._changed:
            self._reserved.remove(reserved)
            self._changed.notify_all()
            self.count(prompt, completion)

    def count(self, prompt: int, completion: int) -> None:
        """Count tokens as spent."""
        self.prompt_tokens += prompt
        self.completion_tokens += completion

    @property
    def spent(self) -> float:
        """The money spent."""
        return self.prices.cost(self.prompt_tokens, self.completion_tokens)

    @property
    def is_watched(self) -> bool:
        """Does anybody ask what it costs: is there a limit, or a price?"""
        return self.max_tokens is not None or any(self.prices)

    def _fits(self, prompt: int, completion: int) -> bool:
        prompt += self.prompt_tokens + sum(p for p, _ in self._reserved)
        completion += self.completion_tokens + sum(c for _, c in self._reserved)
        if self.max_tokens is not None and prompt + completion > self.max_tokens:
            return False
        return self.max_cost is None or self.prices.cost(prompt, completion) <= self.max_cost
