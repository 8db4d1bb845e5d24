"""Instruction data as LLaVA has them (its own, or what Lesson 05 writes), for training at scale.

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
from course_lib.common.text import readable
from course_lib.llava.chat_format import Segments, template_segments
from course_lib.llava.data.batches import LlavaBatch, collate

Turns = list[tuple[str, str]]


class InstructionData:
    """Pictures, each with all its conversations, which will share a row."""

    def __init__(self, file: Path, images: Path, tokenizer, processor: Callable, patches: int, longest: int = 1024):
        """processor: transformers' image processor of the vision tower. Conversations beyond `longest` tokens are cut."""
        self.images, self.tokenizer, self.processor = Path(images), tokenizer, processor
        self.patches, self.longest = patches, longest
        self.pictures: dict[str, list[Turns]] = {}
        for record in read(file):
            if record.get("image"):
                self.pictures.setdefault(record["image"], []).append(turns(record))
        self.names = sorted(self.pictures)
        if not self.names:
            raise ValueError(f"{file} has no record with a picture.")
        if missing := next((name for name in self.names if not (self.images / name).exists()), None):
            raise ValueError(f"{file} speaks of {missing}, which is not in {self.images}.")

    def chosen(self, step: int, size: int, seed: int = 0) -> list[str]:
        """The pictures of a step, from its number alone: all once in a random order, then all again in another."""
        found = []
        for place in range(step * size, (step + 1) * size):
            epoch, rest = divmod(place, len(self.names))
            found.append(random.Random(f"{seed}/{epoch}").sample(self.names, len(self.names))[rest])
        return found

    def batch(self, names: Sequence[str]) -> LlavaBatch:
        """These pictures with their conversations, a row each."""
        told = [[self._cut(one) for one in self.pictures[name]] for name in names]
        opened = [open_picture(self.images / name) for name in names]
        pixels: Tensor = self.processor(images=opened, return_tensors="pt")["pixel_values"]
        return collate(told, pixels)

    def _cut(self, conversation: Turns) -> Segments:
        """As many whole turns as fit, one at least, so that no picture and no answer is cut in two."""
        for count in range(len(conversation), 1, -1):
            segments = template_segments(self.tokenizer, conversation[:count], self.patches)
            if sum(len(ids) for _, ids in segments) <= self.longest:
                return segments
        return template_segments(self.tokenizer, conversation[:1], self.patches)


def read(file: Path) -> list[dict]:
    """The records of a file; ValueError, in one sentence, where it is no such list."""
    try:
        records = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{file} can't be read as JSON: {error}") from None
    if not isinstance(records, list) or not all(isinstance(one, dict) and "conversations" in one for one in records):
        raise ValueError(f'{file} must be a list of records with "image" and "conversations", as LLaVA has them.')
    if odd := next((one for one in records if not isinstance(one.get("image", ""), str)), None):
        raise ValueError(f'{file}: "image" must be the name of a file, and in record {odd.get("id")} it is none.')
    return records


def turns(record: dict) -> Turns:
    """[(question, answer), …] of a record; the mark of the picture is taken out, since it always comes first."""
    try:
        said = [readable(turn["value"].replace("<image>", "").strip()) for turn in record["conversations"]]
        speakers = [turn["from"] for turn in record["conversations"]]
    except (LookupError, TypeError, AttributeError):
        raise ValueError(f'Record {record.get("id")}: a turn must have the texts "from" and "value".') from None
    if not said or speakers != ["human", "gpt"] * (len(said) // 2):
        raise ValueError(f"Record {record.get('id')}: human and gpt must take turns, the human first, gpt last.")
    return list(zip(said[::2], said[1::2], strict=True))


def to_device(batch: LlavaBatch, device: torch.device) -> LlavaBatch:
    """The same batch on another device."""
    return LlavaBatch(*(tensor.to(device) for tensor in vars(batch).values()))
