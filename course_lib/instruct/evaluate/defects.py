"""Planting: a clean sample gets one defect at a known place, to measure whether the filters find it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from course_lib.instruct.filters.mentions import noun_meanings, supported_names
from course_lib.instruct.filters.wrong_relation import OPPOSITE, offset
from course_lib.instruct.formats import IMAGE_TOKEN, ImageContext, Sample, Turn
from course_lib.instruct.resources import DefectWordings
from course_lib.world.nouns import COUNTED, MASS, NUMBERS, PLURAL, UNIQUE, article, is_plural, plural
from course_lib.world.stickers import classes

CLEAR = 0.2  # a relation is planted the wrong way only where nobody could doubt the right one


@dataclass(frozen=True)
class Planted:
    """A sample, or its record, with one defect."""

    name: str
    sample: Sample
    turn: int | None  # which question and answer has it; None: the sample as a whole
    record: dict | None = None  # for the defects that only the json has


def plant(
    sample: Sample, context: ImageContext, name: str, rng: random.Random, wordings: DefectWordings
) -> Planted | None:
    """The sample with a defect of this name, in one of the wordings; None where it has nothing to go wrong with."""
    return PLANTERS[name](sample, context, rng, wordings)


def _worded(name: str, sample: Sample, rng: random.Random, wording: tuple[str, str], **words: str) -> Planted:
    """The wording as a turn of its own, or added to an answer. A name in capitals begins a sentence: {A}, {One}."""
    words |= {key.capitalize(): text[:1].upper() + text[1:] for key, text in words.items()}
    question, answer = (part.format(**words) for part in wording)
    turns = list(sample.turns)
    at = rng.randrange(len(turns))
    if question:
        turns.insert(at, Turn(question[0].upper() + question[1:], answer))
    else:
        turns[at] = Turn(turns[at].question, _sentence(turns[at].answer) + " " + answer)
    return Planted(name, replace(sample, turns=tuple(turns)), at)


def _sentence(answer: str) -> str:
    """ "two" → "Two.", so that a sentence can follow."""
    answer = answer[:1].upper() + answer[1:]
    return answer if answer.endswith((".", "!", "?")) else answer + "."


def _unsupported_noun(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    there, known = supported_names(context), noun_meanings()
    absent = [c.name for c in classes() if not known[c.name.lower()] & there and _simple(c.name)]
    name = rng.choice(absent)
    word = name
    if rng.random() < 0.3:  # a synonym: another word, whose things are not there either
        others = [w for words in wordings.synonyms.values() for w in words]
        others = [w for w in others if not known.get(w.lower(), frozenset(_meant(w, wordings))) & there]
        word = rng.choice(others)
    return plant_noun(sample, word, rng, wordings)


def plant_noun(sample: Sample, word: str, rng: random.Random, wordings: DefectWordings) -> Planted:
    """The sample with this word in it, for a thing that isn't there."""
    words = {"a": f"{article(word, word)} {word}", "the": f"the {word}", "many": plural(word)}
    return _worded("unsupported_noun", sample, rng, rng.choice(wordings.unsupported_noun), **words)


def _meant(word: str, wordings: DefectWordings) -> list[str]:
    """The names of the world that a synonym stands for."""
    return [name for name, words in wordings.synonyms.items() if word in words]


def _simple(name: str) -> bool:
    """Does it take "a", and an ordinary plural?"""
    return name not in PLURAL | MASS | UNIQUE and name not in COUNTED and not is_plural(name)


def _wrong_count(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted | None:
    names = [box.name for box in context.boxes]
    possible = [n for n in dict.fromkeys(names) if n in noun_meanings() and _simple(n) and not _confusable(n, names)]
    if not possible:
        return None
    name = rng.choice(possible)
    wrong = rng.choice([n for n in range(2, 6) if n != names.count(name)])
    words = {"things": plural(name), "wrong": NUMBERS[wrong], "digit": str(wrong)}
    return _worded("wrong_count", sample, rng, rng.choice(wordings.wrong_count), **words)


def _confusable(name: str, names: list[str]) -> bool:
    meant = noun_meanings().get(name.lower(), frozenset())
    return any(other != name and other in meant for other in names)


def _wrong_relation(
    sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings
) -> Planted | None:
    names = [box.name for box in context.boxes]
    alone = [
        b
        for b in context.boxes
        if names.count(b.name) == 1 and b.name in noun_meanings() and _simple(b.name) and not _confusable(b.name, names)
    ]
    pairs = [(a, b, way) for a in alone for b in alone for way in OPPOSITE if a != b and offset(a, b, way) >= CLEAR]
    if not pairs:
        return None
    a, b, way = rng.choice(pairs)
    wording = rng.choice(wordings.wrong_relation[OPPOSITE[way]])
    return _worded("wrong_relation", sample, rng, wording, one=f"the {a.name}", other=f"the {b.name}")


def _leakage(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    return _worded("leakage", sample, rng, ("", rng.choice(wordings.leakage)))


def _answered(name: str) -> Callable:
    """A planter that puts one of the texts in place of an answer."""

    def planter(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
        at = rng.randrange(len(sample.turns))
        return _with_turn(name, sample, at, Turn(sample.turns[at].question, rng.choice(getattr(wordings, name))))

    return planter


def _with_turn(name: str, sample: Sample, at: int, turn: Turn) -> Planted:
    return Planted(name, replace(sample, turns=(*sample.turns[:at], turn, *sample.turns[at + 1 :])), at)


def _role_swap(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    at = rng.randrange(len(sample.turns))
    turn = sample.turns[at]
    swapped = Turn(turn.answer, turn.question) if rng.random() < 0.5 else Turn(*rng.choice(wordings.role_swap))
    return _with_turn("role_swap", sample, at, swapped)


def _repetition(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A turn that comes a second time, or an answer that says its last sentence again and again."""
    at = rng.randrange(len(sample.turns))
    turn = sample.turns[at]
    last = _sentence(turn.answer).removesuffix(".").split(". ")[-1]
    if rng.random() < 0.5 or len(last.split()) < 3:
        return Planted("repetition", replace(sample, turns=(*sample.turns, turn)), len(sample.turns))
    again = rng.choice((f" {last}.", f" {last}!", f" And {last}, and {last}, and {last}.")) * rng.randint(1, 4)
    return _with_turn("repetition", sample, at, Turn(turn.question, _sentence(turn.answer) + again))


def _image_token(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    record = sample.to_llava()
    said = record["conversations"]
    way = rng.choice(("gone", "misspelt", "twice", "with the answer"))
    at = 0 if way in ("gone", "misspelt") else rng.randrange(len(sample.turns))
    if way == "gone":
        said[0]["value"] = said[0]["value"].removeprefix(f"{IMAGE_TOKEN}\n")
    elif way == "misspelt":
        said[0]["value"] = said[0]["value"].replace(
            IMAGE_TOKEN, rng.choice(("<img>", "<Image>", "<image >", "[image]"))
        )
    else:
        said[2 * at + (way != "twice")]["value"] += f" {IMAGE_TOKEN}"
    return Planted("image_token", sample, at, record)


def _wrong_image_id(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    record, other = sample.to_llava(), context.id[:-1] + str((ord(context.id[-1]) + 1) % 10)
    way = rng.choice(("another picture", "another id", "no id", "another folder"))
    if way == "another picture":
        record["image"] = context.image.replace(context.id, other)
    elif way == "another folder":
        record["image"] = f"copies/{context.image}"
    else:
        record["id"] = f"{other}/{sample.type}" if way == "another id" else sample.type
    return Planted("wrong_image_id", sample, None, record)


def _near_duplicate(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A copy in which one expression is exchanged: to be checked beside the original."""
    old, new = rng.choice(wordings.small_changes)
    turns = tuple(Turn(turn.question, turn.answer.replace(old, new, 1)) for turn in sample.turns)
    return Planted("near_duplicate", replace(sample, turns=turns), None)


PLANTERS: dict[str, Callable] = {
    "unsupported_noun": _unsupported_noun,
    "wrong_count": _wrong_count,
    "wrong_relation": _wrong_relation,
    "leakage": _leakage,
    "refusal": _answered("refusal"),
    "empty": _answered("empty"),
    "role_swap": _role_swap,
    "repetition": _repetition,
    "image_token": _image_token,
    "wrong_image_id": _wrong_image_id,
    "near_duplicate": _near_duplicate,
}
