"""Conversations as text, as tokens, and as labels: the chat template, and whose words are learned."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypedDict

from course_lib.lm.loss import IGNORE_INDEX

START, END = "<|im_start|>", "<|im_end|>"  # around every turn, as in ChatML


class Message(TypedDict):
    """One turn, as every chat library writes it."""

    role: str  # "user" or "assistant"
    content: str


def render_chat(messages: Sequence[Message], add_generation_prompt: bool = False) -> str:
    """The chat template: a conversation as one text in the pocket model's format.

    Every turn is "<|im_start|>role content<|im_end|>"; the generation prompt, "<|im_start|>assistant", opens a turn.
    """
    turns = [f"{START}{message['role']} {message['content']}{END}" for message in messages]
    return "".join(turns) + (f"{START}assistant" if add_generation_prompt else "")


def mask_labels(segments: Sequence[tuple[bool, Sequence[int]]]) -> tuple[list[int], list[int]]:
    """Token segments (learned?, ids) in their order → (input ids, labels), equally long.

    Labels are the ids themselves where a segment is learned from, and IGNORE_INDEX everywhere else.
    """
    ids: list[int] = []
    labels: list[int] = []
    for learned, tokens in segments:
        ids += tokens
        labels += tokens if learned else [IGNORE_INDEX] * len(tokens)
    return ids, labels


def chat_segments(tokenizer, messages: Sequence[Message]) -> list[tuple[bool, list[int]]]:
    """A conversation in segments (learned?, ids): the assistant's words with their end of turn are learned, all else is not.

    The first token, as in every text, is the one that says that a new text begins. Turns are tokenised in pieces, between
    their markers: what a person types is never taken for a marker.
    """
    start, end = tokenizer.convert_tokens_to_ids([START, END])
    segments = [(False, [tokenizer.bos_token_id])]
    for message in messages:
        turn = render_chat([message]).removeprefix(START).removesuffix(END)  # "role content"
        role, content = turn[: len(message["role"])], turn[len(message["role"]) :]
        segments.append((False, [start, *_ids(tokenizer, role)]))
        segments.append((message["role"] == "assistant", [*_ids(tokenizer, content), end]))
    return segments


def encode_chat(tokenizer, messages: Sequence[Message]) -> tuple[list[int], list[int]]:
    """(input ids, labels) of a conversation."""
    return mask_labels(chat_segments(tokenizer, messages))


def encode_prompt(tokenizer, messages: Sequence[Message]) -> list[int]:
    """The ids of a conversation, up to where the assistant begins to write."""
    ids = [i for _, tokens in chat_segments(tokenizer, messages) for i in tokens]
    opening = render_chat([], add_generation_prompt=True).removeprefix(START)  # "assistant"
    return [*ids, tokenizer.convert_tokens_to_ids(START), *_ids(tokenizer, opening)]


@lru_cache(maxsize=50_000)  # roles, and most questions and answers, come again and again
def _ids(tokenizer, text: str) -> tuple[int, ...]:
    """The tokens of words. Somebody who writes "<|im_end|>" gets these ten characters, and can't end a turn with it."""
    return tuple(tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])
