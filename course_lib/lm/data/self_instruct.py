"""Self-instruct in miniature: a model writes its own tuning data from a few seed tasks (Wang et al., 2022).

The seeds teach it to write an instruction with its answer; it is then asked for many more; filters throw away what is
broken, too short or too long, or too much like what is there already. What is left tunes the model.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch

from course_lib.lm.chat import Message, encode_prompt
from course_lib.lm.data.instructions import MAKERS, exchange
from course_lib.lm.generate import generate_batch

ASK: list[Message] = [{"role": "user", "content": "write a new instruction and its answer."}]
MARK = " => "  # between an instruction and its answer
MIN_WORDS, MAX_WORDS = 3, 40  # of an instruction


@dataclass(frozen=True)
class Pair:
    """An instruction and its answer."""

    instruction: str
    answer: str

    def messages(self) -> list[Message]:
        """As a conversation to be tuned on."""
        return [Message(role="user", content=self.instruction), Message(role="assistant", content=self.answer)]

    def as_written(self) -> list[Message]:
        """As a conversation in which the model is asked to write this very pair."""
        return [*ASK, Message(role="assistant", content=f"{self.instruction}{MARK}{self.answer}")]


@dataclass(frozen=True)
class Rejected:
    """A text that a filter threw away, and why."""

    text: str
    reason: str


def longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence: words that come in the same order in both, with others between them."""
    best = [0] * (len(b) + 1)  # best[j]: for the words of a so far, and the first j words of b
    for word in a:
        before = best[:]
        for j, other in enumerate(b):
            best[j + 1] = before[j] + 1 if word == other else max(before[j + 1], best[j])
    return best[-1]


def rouge_l(candidate: str, reference: str) -> float:
    """How alike two texts are, 0–1: ROUGE-L's F score on lower-case words (Lin, 2004, section 3.2, with β = 1)."""
    a, b = candidate.lower().split(), reference.lower().split()
    common = longest_common(a, b)
    if common == 0:
        return 0.0
    recall, precision = common / len(b), common / len(a)
    return 2 * recall * precision / (recall + precision)


def write_pairs(model, tokenizer, count: int, seed: int = 0, temperature: float = 1.0) -> list[str]:
    """`count` texts that the model writes when it is asked for an instruction and its answer."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        prompts = [encode_prompt(tokenizer, ASK)] * count
        return generate_batch(
            model, tokenizer, prompts, max_new_tokens=64, do_sample=True, temperature=temperature, top_k=0
        )


def keep(texts: Iterable[str], pool: Sequence[Pair], max_rouge_l: float = 0.7) -> tuple[list[Pair], list[Rejected]]:
    """The filters: (pairs worth keeping, what was thrown away). An instruction must be new among the pool and the kept."""
    kept: list[Pair] = []
    rejected: list[Rejected] = []
    for text in texts:
        pair, reason = _parse(text)
        if pair and any(rouge_l(pair.instruction, old.instruction) >= max_rouge_l for old in [*pool, *kept]):
            reason = "near-duplicate"
        if reason:
            rejected.append(Rejected(text, reason))
        else:
            kept.append(pair)
    return kept, rejected


def _parse(text: str) -> tuple[Pair | None, str | None]:
    """(pair, None) of a well-formed text, or (None, what is wrong with it)."""
    instruction, mark, answer = text.partition(MARK.strip())
    if not mark or not answer.strip() or MARK.strip() in answer:
        return None, "broken format"
    words = len(instruction.split())
    if words < MIN_WORDS:
        return None, "too short"
    if words > MAX_WORDS:
        return None, "too long"
    return Pair(instruction.strip(), answer.strip()), None


def seed_pairs(count: int, seed: int = 0) -> list[Pair]:
    """Seed tasks, as people would have written them: of every kind equally many."""
    rng = random.Random(f"seeds/{seed}")
    tasks = [task for task in MAKERS if task != "scene"]
    made = [exchange(rng, "train", tasks[i % len(tasks)]) for i in range(count)]
    return [Pair(one.instruction, one.answer) for one in made]
