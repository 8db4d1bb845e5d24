"""Instruction data as LLaVA has them (its own, or what Lesson 05 writes), for training at full size.

A file is a JSON list of {"id": …, "image": "file.jpg", "conversations": [{"from": "human", "value": "<image>\\nWhat …?"},
{"from": "gpt", "value": "…"}, …]} (LLaVA: docs/Finetune_Custom_Data.md). Texts without a picture are left out.
"""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from course_lib.clip.data.images import open_picture
from course_lib.common.errors import Problem
from course_lib.common.text import readable
from course_lib.llava.chat_format import Segments, template_segments
from course_lib.llava.data.batches import LlavaBatch, collate

Turns = list[tuple[str, str]]  # (question, answer), …


class DataError(Problem):
    """Instruction data that can't be used; the message names the file or the record, and what is wrong with it."""


class InstructionData:
    """Pictures, each with all its conversations, which will share a row of the batch."""

    def __init__(
        self, file: Path, images: Path, tokenizer, processor: Callable, num_patches: int, max_tokens: int = 1024
    ) -> None:
        """processor: transformers' image processor of the vision tower. Longer conversations are cut to `max_tokens`.

        DataError where the file has no record with a picture, or names a picture that is not in the folder `images`.
        """
        self.images, self.tokenizer, self.processor = Path(images), tokenizer, processor
        self.num_patches, self.max_tokens = num_patches, max_tokens
        self.conversations: dict[str, list[Turns]] = {}  # by the picture's name
        for record in read_records(file):
            if record.get("image"):
                self.conversations.setdefault(record["image"], []).append(read_turns(record))
        self.names = sorted(self.conversations)
        if not self.names:
            raise DataError(f"{file} has no record with a picture.")
        if missing := next((name for name in self.names if not (self.images / name).exists()), None):
            raise DataError(f"{file} speaks of {missing}, which is not in {self.images}.")

    def sample(self, step: int, batch_size: int, seed: int = 0) -> list[str]:
        """The pictures of a step, from its number alone: all once in a random order, then all again in another."""
        names = []
        for position in range(step * batch_size, (step + 1) * batch_size):
            epoch, index = divmod(position, len(self.names))
            names.append(random.Random(f"{seed}/{epoch}").sample(self.names, len(self.names))[index])
        return names

    def batch(self, names: Sequence[str]) -> LlavaBatch:
        """These pictures with their conversations, a row each."""
        segments = [[self._truncated(turns) for turns in self.conversations[name]] for name in names]
        images = [open_picture(self.images / name) for name in names]
        pixels: Tensor = self.processor(images=images, return_tensors="pt")["pixel_values"]  # [B, 3, S, S]
        return collate(self.tokenizer, segments, pixels, self.num_patches)

    def _truncated(self, turns: Turns) -> Segments:
        """As many whole turns as fit, one at least, so that no picture and no answer is cut in two."""
        for count in range(len(turns), 1, -1):
            segments = template_segments(self.tokenizer, turns[:count])
            if sum(len(ids) for _, ids in segments) - 1 + self.num_patches <= self.max_tokens:
                return segments
        return template_segments(self.tokenizer, turns[:1])


def read_records(file: Path) -> list[dict]:
    """The records of a file; DataError, in one sentence, where it is no such list."""
    try:
        records = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file} can't be read as JSON: {error}") from None
    if not isinstance(records, list) or not all(isinstance(one, dict) and "conversations" in one for one in records):
        raise DataError(f'{file} must be a list of records with "image" and "conversations", as LLaVA has them.')
    if odd := next((one for one in records if not isinstance(one.get("image", ""), str)), None):
        raise DataError(f'{file}: "image" must be the name of a file, and in record {odd.get("id")} it is none.')
    return records


def read_turns(record: dict) -> Turns:
    """[(question, answer), …] of a record; the mark of the picture is taken out, since it always comes first. DataError."""
    try:
        texts = [readable(turn["value"].replace("<image>", "").strip()) for turn in record["conversations"]]
        speakers = [turn["from"] for turn in record["conversations"]]
    except (LookupError, TypeError, AttributeError):
        raise DataError(f'Record {record.get("id")}: a turn must have the texts "from" and "value".') from None
    if not texts or speakers != ["human", "gpt"] * (len(texts) // 2):
        raise DataError(f"Record {record.get('id')}: human and gpt must take turns, the human first, gpt last.")
    return list(zip(texts[::2], texts[1::2], strict=True))


def to_device(batch: LlavaBatch, device: torch.device) -> LlavaBatch:
    """The same batch on another device."""
    return LlavaBatch(*(tensor.to(device) for tensor in vars(batch).values()))
