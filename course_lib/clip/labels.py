"""A learner's own labels: cleaned up, or refused in one sentence."""

import re
import unicodedata
from collections.abc import Iterable

from course_lib.readable import readable

MOST_LETTERS = 200
BETWEEN = re.compile(r"[,\n，、،;；]")  # the commas of several scripts


class LabelError(ValueError):
    """Labels that can't be used; the message says why, and what would do."""


def split_labels(labels: str | Iterable[str]) -> list[str]:
    """Labels as typed (commas or lines between them), or as a list → tidy ones; repeats stay, empty ones go."""
    parts = BETWEEN.split(labels) if isinstance(labels, str) else _as_list(labels)
    tidy = (" ".join(unicodedata.normalize("NFC", readable(part)).split()) for part in parts)
    return [label for label in tidy if label]


def check_labels(labels: str | Iterable[str]) -> list[str]:
    """What `split_labels` finds, each label once, in order; "Cat" is "cat" again, since the tokenizer reads small letters.

    Raises LabelError when none is left, or one is too long to be a label.
    """
    once: dict[str, str] = {}
    for label in split_labels(labels):
        once.setdefault(label.casefold(), label)
    if not once:
        raise LabelError("There is no label yet. Type one or more, with commas between them: a cat, a dog.")
    long = next((label for label in once.values() if len(label) > MOST_LETTERS), None)
    if long:
        raise LabelError(f"“{long[:40]}…” has {len(long):,} letters; a label may have {MOST_LETTERS}.")
    return list(once.values())


def _as_list(labels: Iterable[str]) -> list[str]:
    parts = list(labels) if isinstance(labels, Iterable) else [labels]
    if not all(isinstance(part, str) for part in parts):
        raise LabelError("Labels are texts, such as: a cat, a dog.")
    return parts
