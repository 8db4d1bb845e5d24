"""The arms: each model trained, measured, and written down; `data/emergence_arms.jsonl` has a line for each.

`python tools/emergence_arms.py NAME …` makes them. A measure is a pair: how many were right, and of how many.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from course_lib.emergence.arms import ARMS, Arm
from course_lib.emergence.evaluate.asking import (
    accepted,
    examples,
    is_in,
    is_right,
    letters_found,
    picture_replies,
    text_replies,
)
from course_lib.emergence.evaluate.controls import count_following
from course_lib.emergence.languages import CODES, KINDS, get_language
from course_lib.emergence.texts import language_of
from course_lib.emergence.train import saved
from course_lib.llava.data.testsets import VqaExample, blank
from course_lib.llava.model import MiniLlava
from course_lib.session import REPO

ROWS = REPO / "data" / "emergence_arms.jsonl"
Measures = dict[str, tuple[int, int]]


def gate(model, tokenizer, arm: Arm, stream: str = "test") -> Measures:
    """After the texts, before the pictures: questions about a perfect description in each language, answered in that language."""
    measures = {}
    for code in arm.languages:
        language = language_of(arm, code)
        for kind in arm.kinds:
            asked = examples(kind, stream=stream)
            replies = text_replies(model, tokenizer, asked, language, language)
            measures[f"gate.{code}.{kind}"] = counts(is_right(replies, asked, [language]))
    return measures


def measure(model: MiniLlava, arm: Arm, stream: str = "test") -> Measures:
    """Questions about pictures in all three languages, whatever the arm has learned: content, language, a blank picture."""
    if arm.base:
        return reading(model, stream)
    measures: Measures = {}
    everyone = [language_of(arm, code) for code in CODES]
    for code, language in zip(CODES, everyone, strict=True):
        said: list[np.ndarray] = []
        for kind in KINDS:
            asked = examples(kind, stream=stream)
            replies = picture_replies(model, asked, language)
            measures[f"picture.{code}.{kind}"] = counts(is_right(replies, asked, everyone))
            said.append(is_in(replies, language))
            blind = picture_replies(model, asked, language, blank(len(asked)))
            measures[f"blank.{code}.{kind}"] = counts(is_right(blind, asked, everyone))
            if arm.permuted and code != "en" and kind != "exist":  # yes and no are not permuted
                measures[f"follows.{code}.{kind}"] = follows(replies, asked, arm, code)
        measures[f"language.{code}"] = counts(np.concatenate(said))
    return measures


def reading(model: MiniLlava, stream: str = "test", count: int = 200) -> Measures:
    """Signs read from pictures: as a whole, and which of a sign's different letters the reply has; control: the reply about another sign."""
    english = get_language("en")
    asked = examples("read", count, stream)
    replies = picture_replies(model, asked, english)
    measures = {"read": counts(is_right(replies, asked, [english]))}
    for name, said in (("letters", replies), ("another", replies[1:] + replies[:1])):
        found = [letters_found(reply, one.question.answer) for reply, one in zip(said, asked, strict=True)]
        measures[name] = counts(np.concatenate(found))
    return measures


def follows(replies: Sequence[str], asked: Sequence[VqaExample], arm: Arm, code: str) -> tuple[int, int]:
    """Replies that only the permuted dictionary explains, of those that one of the two dictionaries alone does."""
    true, turned = (
        [accepted(one, example.question) for example in asked] for one in (get_language(code), language_of(arm, code))
    )
    return count_following(replies, true, turned)


def counts(right: np.ndarray) -> tuple[int, int]:
    """How many, of how many."""
    return int(right.sum()), len(right)


def run(name: str, seed: int, folder: Path) -> dict:
    """Train one arm in `folder`, where an interrupted run goes on, and measure it: its row of ROWS."""
    model, minutes = saved.read_texts(name, seed, folder)
    measures = gate(model.language_model, model.tokenizer, ARMS[name])
    if progress := saved.look_at_pictures(name, seed, folder, model):
        minutes += progress.seconds / 60
        file = folder / f"{name}.{seed}.safetensors"
        saved.save(file, model, saved.recipes(ARMS[name], seed), minutes, progress.losses)
    return {"arm": name, "seed": seed, "minutes": round(minutes, 1), **measures, **measure(model, ARMS[name])}


def read_rows(file: Path = ROWS) -> list[dict]:
    """The rows that are there."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
