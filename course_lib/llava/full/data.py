"""Instruction data as LLaVA has them (its own, or what Lesson 05 writes), for training at full size.

A file is a JSON list, or JSON lines, of {"id": …, "image": "file.jpg", "conversations": [{"from": "human", "value": "<image>\\nWhat
…?"}, {"from": "gpt", "value": "…"}, …]} (LLaVA: docs/Finetune_Custom_Data.md).

The mixture is that of the shipped model, and of LLaVA-1.5's own file (llava_v1_5_mix665k.json): short answers are asked for by its
line (`with_format_prompt`), and a text without a picture stands in some picture's row, of which it sees none.

The rule for what can't be used: all records and the headers of all pictures are read before any model is loaded, in seconds.
Left out and named are records that break `TRAINING_RULES`, and those whose picture is missing or no picture; texts for which no
picture is left are counted. What shows only in training (a picture damaged behind its header, a question too long) is left out of
its step and named then. Refused, with a DataError, is only a file of which nothing is left.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from reprlib import repr as short
from typing import Any

import torch
from torch import Tensor

from course_lib.clip.data.images import PictureError, check_picture, open_picture
from course_lib.common.errors import Problem
from course_lib.common.json_files import read_values
from course_lib.common.text import readable
from course_lib.instruct.records import TRAINING_RULES, breach
from course_lib.llava.chat_format import MAX_LENGTH, Segments, template_segments, without_picture
from course_lib.llava.data.packing import LlavaBatch, collate

Turns = list[tuple[str, str]]  # (question, answer), …
MAX_LISTED = 10  # of what is left out; the rest is counted
FORMAT_PROMPT = "Answer the question using a single word or phrase."  # as LLaVA-1.5's data have it
SHORT = 3  # words of an answer that the line above asks for


class DataError(Problem):
    """Instruction data that can't be used; the message names the file or the record, and what is wrong with it."""


class InstructionData:
    """Pictures, each with all its conversations, which will share a row of the batch."""

    def __init__(
        self,
        file: Path,
        images: Path,
        tokenizer=None,
        processor: Callable | None = None,
        num_patches: int = 0,
        max_tokens: int = 1024,
    ) -> None:
        """Read and check the file and the headers of its pictures in the folder `images`. DataError where nothing is left.

        tokenizer, processor (transformers' image processor of the vision tower) and num_patches are the model's; they may be set
        later, since batches alone need them. Conversations longer than `max_tokens` are cut behind a turn.
        """
        self.images, self.tokenizer, self.processor = Path(images), tokenizer, processor
        self.num_patches, self.max_tokens = num_patches, max_tokens
        self.left_out: list[str] = []  # records and pictures, each with the reason
        self.texts: list[Turns] = []  # of records without a picture
        self.conversations: dict[str, list[Turns]] = {}  # by the picture's name
        records = read_records(file)
        for number, record in enumerate(records):
            self._add(number, record)
        self._check_pictures()
        self.names = sorted(self.conversations)
        self.text_beside = dict(zip(self.names, self.texts, strict=False))  # by the picture's name, at most one
        self.summary = "\n".join(self._summarised(Path(file).name, len(records)))
        if not self.names:
            raise DataError(f"{file} has no record with a picture to train on. {' '.join(self.left_out[:1])}".strip())

    def sample(self, step: int, batch_size: int, seed: int = 0) -> list[str]:
        """The pictures of a step, from its number alone: all once in a random order, then all again in another."""
        names = []
        for position in range(step * batch_size, (step + 1) * batch_size):
            epoch, index = divmod(position, len(self.names))
            names.append(random.Random(f"{seed}/{epoch}").sample(self.names, len(self.names))[index])
        return names

    def batch(self, names: Sequence[str]) -> LlavaBatch | None:
        """These pictures with their conversations, a row each; without those that are damaged. None if no row is left."""
        rows = [(*row, self._text(name)) for name in names for row in self._row(name)]
        if not rows:
            return None
        images, segments, texts = zip(*rows, strict=True)
        pixels: Tensor = self.processor(images=list(images), return_tensors="pt")["pixel_values"]  # [B, 3, S, S]
        return collate(self.tokenizer, segments, pixels, self.num_patches, text_only=texts)

    def _add(self, number: int, record: Any) -> None:
        """Take a record in, or note why not."""
        try:
            turns = read_turns(record, number)
        except DataError as error:
            self.left_out.append(str(error))
            return
        if record.get("image"):
            self.conversations.setdefault(record["image"], []).append(with_format_prompt(turns))
        else:
            self.texts.append(turns)

    def _check_pictures(self) -> None:
        """Leave out the pictures that are not there or, by their headers, can't be opened, with all that is said about them."""
        if not self.images.is_dir():
            raise DataError(f"There is no folder {self.images}. Give --images the folder of the pictures.")
        for name in list(self.conversations):
            try:
                check_picture(self._path(name))
            except PictureError as error:
                del self.conversations[name]
                self.left_out.append(f"{name} in {self.images}: {error}")

    def _path(self, name: str) -> Path:
        """A picture's file. PictureError where there is none, with the name that may be meant."""
        if "://" in name:
            raise PictureError("this is an address. Download the picture, and name its file.")
        alike = None
        try:
            for path in (self.images / name, self.images / name.replace("\\", "/")):  # the other as Windows writes it
                if path.is_file():
                    return path
            if len(self.left_out) < MAX_LISTED:  # a folder of 100,000 files is not searched for each that it lacks
                alike = next((one for one in path.parent.iterdir() if one.name.lower() == path.name.lower()), None)
        except (OSError, ValueError):  # no such folder; or no file can have such a name
            pass
        hint = f', but "{alike.name}"' if alike and alike.is_file() else ""
        raise PictureError(f"there is no such file{hint}.")

    def _summarised(self, file: str, num_records: int) -> Iterator[str]:
        """What will be trained on, and a line for each of the first things that will not."""
        count = sum(map(len, self.conversations.values()))
        used, unused = len(self.text_beside), len(self.texts) - len(self.text_beside)
        texts = f", and {used:,} texts without a picture" if used else ""
        yield f"{file}: {count + used:,} of {num_records:,} records, about {len(self.names):,} pictures{texts}."
        if unused:
            yield f"✗ Left out: of the texts without a picture {unused:,}, since there are more of them than pictures."
        yield from (f"✗ Left out: {what}" for what in self.left_out[:MAX_LISTED])
        if len(self.left_out) > MAX_LISTED:
            yield f"✗ Left out: {len(self.left_out) - MAX_LISTED:,} more."

    def _row(self, name: str) -> Iterator[tuple[Any, list[Segments]]]:
        """A picture and its conversations as a row of the batch; nothing, and a line about it, where that can't be."""
        segments = [
            segments for turns in self.conversations[name] if self._fits(name, segments := self._truncated(turns))
        ]
        try:
            if segments:
                yield open_picture(self._path(name)), segments
        except PictureError as error:
            self._leave_out(f"{name} in {self.images}: {error}")

    def _text(self, name: str) -> list[Segments]:
        """The text that stands in this picture's row; none where there is no such text, or the model can't read it whole."""
        if name not in self.text_beside:
            return []
        segments = without_picture(self._truncated(self.text_beside[name]))
        if (length := sum(len(ids) for _, ids in segments)) > MAX_LENGTH:
            self._leave_out(f"the text beside {name}: it has {length:,} tokens, {MAX_LENGTH:,} are read.")
            return []
        return [segments]

    def _fits(self, name: str, segments: Segments) -> bool:
        """Does the first answer begin within what the model reads?"""
        opening = sum(len(ids) for _, ids in takewhile(lambda segment: not segment[0], segments)) - 1 + self.num_patches
        if opening >= MAX_LENGTH:
            self._leave_out(
                f"a question about {name}: with the picture it has {opening:,} tokens, {MAX_LENGTH:,} are read."
            )
        return opening < MAX_LENGTH

    def _leave_out(self, what: str) -> None:
        """Say once what is left out of its steps."""
        if what not in self.left_out:
            self.left_out.append(what)
            print(f"✗ Left out: {what}", flush=True)

    def _truncated(self, turns: Turns) -> Segments:
        """As many whole turns as fit, one at least, so that no picture and no answer is cut in two."""
        for count in range(len(turns), 1, -1):
            segments = template_segments(self.tokenizer, turns[:count])
            if sum(len(ids) for _, ids in segments) - 1 + self.num_patches <= self.max_tokens:
                return segments
        return template_segments(self.tokenizer, turns[:1])


def read_records(file: Path) -> list[Any]:
    """The records of a JSON list or of JSON lines, unchecked. DataError, in one sentence, where it is a file of another kind."""
    try:
        values = read_values(Path(file))
    except Problem as error:
        raise DataError(str(error)) from None
    records = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    if not any(isinstance(one, dict) and "conversations" in one for one in records):
        what = ", but ".join(breach(records[0], TRAINING_RULES)) if records else "it is empty"
        raise DataError(
            f'{file} must be a list of records with "image" and "conversations", as LLaVA has them: {what}.'
        )
    return records


def read_turns(record: Any, number: int) -> Turns:
    """[(question, answer), …] of record `number`; the mark of the picture is taken out, since it always comes first. DataError."""
    if broken := breach(record, TRAINING_RULES):
        id = f" (id {short(record.get('id'))})" if isinstance(record, dict) else ""
        raise DataError(f"Record {number}{id}: {broken[0]}, but {broken[1]}.")
    texts = [readable(turn["value"].replace("<image>", "").strip()) for turn in record["conversations"]]
    return list(zip(texts[::2], texts[1::2], strict=True))


def with_format_prompt(turns: Turns) -> Turns:
    """The same turns; the first question asks for a word or phrase where all answers are one and none is asked for.

    So does LLaVA-1.5 with its short questions: once in a conversation (Liu et al., 2024, "Improved Baselines", section 3.2).
    """
    question, answer = turns[0]
    short = all(len(answer.split()) <= SHORT and not answer.endswith(".") for _, answer in turns)
    if not short or any(FORMAT_PROMPT in question for question, _ in turns):
        return turns
    return [(f"{question}\n{FORMAT_PROMPT}", answer), *turns[1:]]


def to_device(batch: LlavaBatch, device: torch.device) -> LlavaBatch:
    """The same batch on another device."""
    return LlavaBatch(*(tensor.to(device) for tensor in vars(batch).values()))
