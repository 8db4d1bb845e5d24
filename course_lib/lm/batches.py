"""What the language model reads: plain documents in pretraining, conversations in tuning."""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count

import torch
from torch import Tensor

from course_lib.lm.chat import Message, chat_segments, mask_labels
from course_lib.lm.describe import describe
from course_lib.lm.instructions import exchange
from course_lib.lm.statements import statements
from course_lib.lm.stories import knowledge, listing, story
from course_lib.lm.tokenizer import END_OF_TEXT, get_tokenizer
from course_lib.world.questions import questions
from course_lib.world.scenes import Recipe, make_scene


@dataclass(frozen=True)
class TextBatch:
    """Token ids, and what is learned from them."""

    ids: Tensor  # int64 [B, T]
    labels: Tensor  # int64 [B, T], IGNORE where nothing is learned


def document(rng: random.Random, most: int = 4, lists: float = 0.1) -> str:
    """A plain text: a list (a share of `lists`), a story, what everybody knows, or a description with what follows from it.

    Scenes have at most `most` things.
    """
    share = rng.random() - lists
    if share < 0:
        return listing(rng)
    if share < 0.1:
        return story(rng)
    if share < 0.25:
        return knowledge(rng)
    scene = make_scene(rng.randrange(1_000_000_000), Recipe(count=(1, most)))
    said = list(dict.fromkeys(statements(scene, rng) + statements(scene, rng)))
    return " ".join([describe(scene, rng, places=rng.random() < 0.4), *said])


def conversation(rng: random.Random, most: int = 4) -> list[Message]:
    """Some turns: about a scene that is described at first, or other instructions."""
    if rng.random() < 0.4:
        turns = [(made.instruction, made.answer) for made in (exchange(rng) for _ in range(rng.randint(1, 3)))]
    else:
        scene = make_scene(rng.randrange(1_000_000_000), Recipe(count=(1, most)))
        asked = questions(scene, rng) + questions(scene, rng)
        rng.shuffle(asked)
        turns = [(q.text, q.answer) for q in asked]
        turns[0] = (f"{describe(scene, rng, places=rng.random() < 0.4)} {turns[0][0]}", turns[0][1])
    return [
        Message(role=role, content=text)
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]


def pack(texts: Iterator[tuple[list[int], list[int]]], batch: int, length: int) -> TextBatch:
    """Texts (ids, labels) one after the other into B rows of T tokens: nothing is padded, and a row's last text is cut.

    Every row begins with the beginning of a text. The usual way of pretraining: no time is spent on padding.
    """
    ids, labels = torch.empty(batch, length, dtype=torch.long), torch.empty(batch, length, dtype=torch.long)
    for row in range(batch):
        these: list[int] = []
        learned: list[int] = []
        while len(these) < length:
            more, more_learned = next(texts)
            these += more
            learned += more_learned
        ids[row], labels[row] = torch.tensor(these[:length]), torch.tensor(learned[:length])
    return TextBatch(ids, labels)


def plain_row(text: str) -> tuple[list[int], list[int]]:
    """(ids, labels) of a document: every token is learned, and so is its end."""
    ids = get_tokenizer().encode(f"{END_OF_TEXT} {text}", add_special_tokens=False)
    return ids, ids


def plain_batch(
    step: int, batch: int, length: int = 192, most: int = 4, lists: float = 0.1, seed: int = 0
) -> TextBatch:
    """The documents of a pretraining step."""
    rng = random.Random(f"plain/{seed}/{step}")
    return pack((plain_row(document(rng, most, lists)) for _ in count()), batch, length)


def chat_batch(
    step: int, batch: int, length: int = 256, most: int = 4, seed: int = 0, mask: Callable = mask_labels
) -> TextBatch:
    """The conversations of a tuning step; `mask` decides whose words are learned."""
    rng = random.Random(f"chat/{seed}/{step}")
    rows = (mask(chat_segments(get_tokenizer(), conversation(rng, most))) for _ in count())
    return pack(rows, batch, length)
