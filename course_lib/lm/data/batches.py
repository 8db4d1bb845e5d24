"""What the language model reads: plain documents in pretraining, conversations in tuning."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from course_lib.lm.chat import Message, encode_chat
from course_lib.lm.data.documents import describe, knowledge, practice, statements, story
from course_lib.lm.data.instructions import exchange
from course_lib.lm.tokenizer import END_OF_TEXT, get_tokenizer
from course_lib.world.questions import KINDS, questions
from course_lib.world.scenes import SceneSpec, make_scene


@dataclass(frozen=True)
class TextBatch:
    """Token ids of B texts or conversations, and what is learned from them."""

    input_ids: Tensor  # int64 [B, T]
    labels: Tensor  # int64 [B, T], IGNORE_INDEX where nothing is learned


def document(rng: random.Random, max_things: int = 4, practice_frac: float = 0.2) -> str:
    """A plain text of pretraining: practice in looking back, a story, what everybody knows, or a scene and what is true of it.

    practice_frac of them are practice; scenes have at most `max_things` things.
    """
    draw = rng.random() - practice_frac
    if draw < 0:
        return practice(rng)
    if draw < 0.1:
        return story(rng)
    if draw < 0.25:
        return knowledge(rng)
    scene = make_scene(rng.randrange(1_000_000_000), SceneSpec(count=(1, max_things)))
    sentences = list(dict.fromkeys(statements(scene, rng) + statements(scene, rng)))
    return " ".join([describe(scene, rng, places=rng.random() < 0.4), *sentences])


STAGES = (  # of tuning: (kinds of questions, fewest and most things, share of other instructions)
    (("exist",), (1, 2), 0.2),
    (("exist", "relation", "related"), (2, 2), 0.2),
    (KINDS, (1, 4), 0.4),
)


def conversation(rng: random.Random, stage: int = -1) -> list[Message]:
    """Some turns: about a scene that is described at first, or other instructions.

    The first stages ask again and again about what two words must be compared for. In a mixture of everything that stays
    at the level of guessing; asked alone, it is soon found out.
    """
    kinds, things, others = STAGES[stage]
    if rng.random() < others:
        turns = [(made.instruction, made.answer) for made in (exchange(rng) for _ in range(rng.randint(1, 3)))]
    else:
        turns = about_a_scene(rng, kinds, things)
    return [
        Message(role=role, content=text)
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]


def about_a_scene(rng: random.Random, kinds: Sequence[str], things: tuple[int, int]) -> list[tuple[str, str]]:
    """(question, answer) about a scene, five of each kind at most; its description comes with the first question."""
    scene = make_scene(rng.randrange(1_000_000_000), SceneSpec(count=things))
    rounds = 2 if kinds == KINDS else 5
    by_text = {question.text: question for _ in range(rounds) for question in questions(scene, rng)}
    chosen = [question for question in by_text.values() if question.kind in kinds] or list(by_text.values())
    rng.shuffle(chosen)
    places = kinds == KINDS and rng.random() < 0.2
    first, *others = [(question.text, question.answer) for question in chosen]
    return [(f"{describe(scene, rng, places)} {first[0]}", first[1]), *others]


def pack(texts: Iterator[tuple[list[int], list[int]]], batch_size: int, length: int) -> TextBatch:
    """Sequence packing: texts (ids, labels) one after the other into B rows of T tokens, without padding.

    Every row begins with the beginning of a text, and a row's last text is cut. The usual way of pretraining.
    """
    input_ids, labels = (torch.empty(batch_size, length, dtype=torch.long) for _ in range(2))  # [B, T]
    for row in range(batch_size):
        row_ids: list[int] = []
        row_labels: list[int] = []
        while len(row_ids) < length:
            text_ids, text_labels = next(texts)
            row_ids += text_ids
            row_labels += text_labels
        input_ids[row], labels[row] = torch.tensor(row_ids[:length]), torch.tensor(row_labels[:length])
    return TextBatch(input_ids, labels)


def plain_row(text: str) -> tuple[list[int], list[int]]:
    """(ids, labels) of a document: every token is learned, and so is its end."""
    ids = get_tokenizer().encode(f"{END_OF_TEXT} {text}", add_special_tokens=False)
    return ids, ids


def plain_batch(
    step: int, batch_size: int, length: int = 192, max_things: int = 4, practice_frac: float = 0.2, seed: int = 0
) -> TextBatch:
    """The documents of a pretraining step."""
    rng = random.Random(f"plain/{seed}/{step}")
    return pack((plain_row(document(rng, max_things, practice_frac)) for _ in count()), batch_size, length)


def chat_batch(step: int, batch_size: int, length: int = 256, stage: int = -1, seed: int = 0) -> TextBatch:
    """The conversations of a tuning step."""
    rng = random.Random(f"chat/{seed}/{step}")
    rows = (encode_chat(get_tokenizer(), conversation(rng, stage)) for _ in count())
    return pack(rows, batch_size, length)
