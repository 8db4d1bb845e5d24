"""The room's data files, typed: test sets, word lists, examples and wordings. data/instruct/README.md is their datasheet."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple, TypeVar

from course_lib.common.errors import Problem
from course_lib.instruct.formats import Box, ImageContext
from course_lib.session import REPO

FOLDER = REPO / "data" / "instruct"
Split = Literal["dev", "test"]  # to improve the filters with; for the measured figures alone
Texts = tuple[str, ...]
T = TypeVar("T")


class CleanAnswer(NamedTuple):
    """A question and an answer without defect about one of `clean_pictures`."""

    picture: str
    question: str
    answer: str


class Wording(NamedTuple):
    """How a defect is worded: a turn of its own, or with an empty question a sentence behind an answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class DefectWordings:
    """What planted defects are worded like."""

    unsupported_noun: tuple[Wording, ...]
    synonyms: Mapping[str, Texts]  # name → other words for things of the world
    wrong_count: tuple[Wording, ...]
    wrong_relation: Mapping[str, tuple[Wording, ...]]  # relation → how it is said of {one} and {other}
    leakage: Texts
    refusal: Texts
    empty: Texts
    role_swap: tuple[Wording, ...]
    small_changes: tuple[tuple[str, str], ...]  # of a near duplicate: (what stands there, what the copy says instead)


class Synonyms(NamedTuple):
    """Other English words for the things of the world, and words for whole groups of them."""

    words: Mapping[str, Texts]  # name → words that can mean it
    groups: Mapping[str, Texts]  # word → supercategories: any of their members makes it true
    members: Mapping[str, Texts]  # word → names: groups that cut across the supercategories


class Example(NamedTuple):
    """One of the few-shot examples: a picture in words, and what a good teacher writes about it."""

    context: ImageContext
    reply: str


class ConversationWordings(NamedTuple):
    """What the grammar teacher's conversations are worded like."""

    questions: Mapping[str, Texts]  # kind → templates
    answers: Mapping[str, Texts]  # kind, of yes/no questions with the answer → templates
    briefly: Texts  # how to ask for the shortest answer, so that a small model can be scored (LLaVA-1.5 does it, too)


class ComplexWordings(NamedTuple):
    """What the grammar teacher's reasoning questions are worded like."""

    questions: Mapping[str, Texts]  # kind → templates
    answers: Mapping[str, Texts]
    uses: Mapping[str, str]  # supercategory → what can be done with its things, though not with others
    advice: Mapping[str, Texts]  # place → what is good to do or to expect there


@cache
def clean_answers(split: Split) -> tuple[CleanAnswer, ...]:
    """Answers without any defect, written to mislead the filters."""
    return _load(f"clean_answers_{split}.jsonl", lambda rows: tuple(CleanAnswer(**_strings(row)) for row in rows))


@cache
def clean_pictures() -> dict[str, ImageContext]:
    """Id → picture in words, for those that the clean answers are about."""
    return _load("clean_pictures.jsonl", _pictures)


@cache
def photographs() -> dict[str, ImageContext]:
    """Name in `skimage.data` → the photograph in words, its captions and boxes written by hand for this course."""
    return _load("photographs.jsonl", _pictures)


@cache
def defect_wordings(split: Split) -> DefectWordings:
    """What defects are planted with."""
    kinds = dict.fromkeys(("unsupported_noun", "wrong_count", "role_swap"), _wordings)
    kinds |= dict.fromkeys(("leakage", "refusal", "empty"), _texts)
    kinds |= {"synonyms": _table, "wrong_relation": _relations, "small_changes": _changes}
    return _load(f"defect_wordings_{split}.json", lambda content: DefectWordings(**_fields(content, kinds)))


@cache
def synonyms() -> Synonyms:
    """The words that filters and the grammar teacher know for the world's things."""
    return _load("synonyms.json", lambda content: Synonyms(**_fields(content, dict.fromkeys(Synonyms._fields, _table))))


@cache
def outside_nouns() -> dict[str, Texts]:
    """Things that the world has no name for, but a teacher may make up: name → other words for it."""
    return _load("outside_nouns.json", _table)


@cache
def examples() -> dict[str, tuple[Example, ...]]:
    """Type of reply → its few-shot examples."""
    return _load("examples.json", _examples)


@cache
def conversation_wordings() -> ConversationWordings:
    """Templates of the grammar teacher's conversations."""
    kinds = {"questions": _table, "answers": _table, "briefly": _texts}
    return _load("conversation_wordings.json", lambda content: ConversationWordings(**_fields(content, kinds)))


@cache
def complex_wordings() -> ComplexWordings:
    """Templates of the grammar teacher's reasoning questions."""
    kinds = {"questions": _table, "answers": _table, "uses": _strings, "advice": _table}
    return _load("complex_wordings.json", lambda content: ComplexWordings(**_fields(content, kinds)))


def _load(name: str, build: Callable[[Any], T]) -> T:
    """A file's content as `build` makes it of the parsed JSON, or of a list of its lines. `Problem` if it can't."""
    try:
        text = (FOLDER / name).read_text(encoding="utf-8")
        if name.endswith(".jsonl"):
            return build([json.loads(row) for row in text.splitlines() or [text]])  # an empty file is damaged, too
        return build(json.loads(text))
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        says = f"Get data/instruct/{name} again (git checkout -- data/instruct): it is missing or damaged."
        raise Problem(says) from error


def _fields(content: Any, kinds: dict[str, Callable[[Any], Any]]) -> dict[str, Any]:
    """Every field as its kind reads it; KeyError where one is missing."""
    return {name: kind(content[name]) for name, kind in kinds.items()}


def _texts(value: Any) -> Texts:
    """A list of texts as a tuple; TypeError for anything else."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("no list of texts")
    return tuple(value)


def _strings(value: Any) -> dict[str, str]:
    """An object whose values are texts."""
    return dict(zip(value.keys(), _texts(list(value.values())), strict=True))


def _table(value: Any) -> dict[str, Texts]:
    """An object whose values are lists of texts."""
    return {key: _texts(texts) for key, texts in value.items()}


def _wordings(value: Any) -> tuple[Wording, ...]:
    """A list of [question, answer]."""
    return tuple(Wording(*_texts(pair)) for pair in value)


def _relations(value: Any) -> dict[str, tuple[Wording, ...]]:
    """Relation → its wordings."""
    return {relation: _wordings(wordings) for relation, wordings in value.items()}


def _changes(value: Any) -> tuple[tuple[str, str], ...]:
    """A list of [old, new]."""
    return tuple((old, new) for old, new in map(_texts, value))


def _pictures(rows: Any) -> dict[str, ImageContext]:
    """Boxes are named, with four edges in shares of the picture's width and height."""
    return {
        row["id"]: ImageContext(row["id"], row["image"], _texts(row["captions"]), tuple(Box(**b) for b in row["boxes"]))
        for row in rows
    }


def _examples(content: Any) -> dict[str, tuple[Example, ...]]:
    """A reply is a list of its lines."""
    pictures = _pictures(content["pictures"])
    return {
        type: tuple(Example(pictures[row["picture"]], "\n".join(_texts(row["reply"]))) for row in rows)
        for type, rows in content["replies"].items()
    }
