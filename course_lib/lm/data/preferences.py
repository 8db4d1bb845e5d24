"""Preference data: of two answers to one instruction, which is better? Both are the model's own; the world is the judge.

People judge in InstructGPT (Ouyang et al., 2022), a larger model in UltraFeedback (Cui et al., 2023). Here an instruction
knows which answers are right, so a pair is kept where exactly one of its two answers is.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.lm.chat import Message, encode_chat, encode_prompt
from course_lib.lm.data.instructions import exchange
from course_lib.lm.data.self_instruct import Pair
from course_lib.lm.generate import generate_batch
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.session import few


@dataclass(frozen=True)
class Preference:
    """An instruction, and two answers to it."""

    instruction: str
    chosen: str
    rejected: str


def sample_preferences(model, tokenizer, task: str, count: int, seed: int = 0) -> list[Preference]:
    """Let the model answer `count` instructions of a task, twice each, and keep the pairs of which one answer is right."""
    exchanges = [exchange(random.Random(f"preference/{seed}/{i}"), "train", task) for i in range(few(count, 40))]
    prompts = [encode_prompt(tokenizer, [Message(role="user", content=one.instruction)]) for one in exchanges]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        first, second = (generate_batch(model, tokenizer, prompts, do_sample=True, top_k=0) for _ in range(2))
    pairs = []
    for one, a, b in zip(exchanges, first, second, strict=True):
        if one.accepts(a) != one.accepts(b):
            pairs.append(Preference(one.instruction, *((a, b) if one.accepts(a) else (b, a))))
    return pairs


@dataclass(frozen=True)
class PreferenceBatch:
    """The answers to B instructions: B rows with the chosen ones, and below them B with the rejected ones."""

    input_ids: Tensor  # int64 [2B, T]
    labels: Tensor  # int64 [2B, T], IGNORE_INDEX but for the answer


def preference_batch(tokenizer, pairs: Sequence[Preference]) -> PreferenceBatch:
    """Pairs as tensors. Padding stands behind a text, where none of its tokens can see it, and is not learned from."""
    asked = [(one.instruction, one.chosen) for one in pairs] + [(one.instruction, one.rejected) for one in pairs]
    rows = [encode_chat(tokenizer, Pair(*pair).messages()) for pair in asked]
    length = max(len(ids) for ids, _ in rows)
    input_ids = [ids + [tokenizer.pad_token_id] * (length - len(ids)) for ids, _ in rows]
    labels = [labels + [IGNORE_INDEX] * (length - len(labels)) for _, labels in rows]
    return PreferenceBatch(torch.tensor(input_ids), torch.tensor(labels))
