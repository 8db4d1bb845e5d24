"""Planting: a clean sample gets one defect at a known place, to measure whether the filters find it.

One planter for each name of `filters.DEFECTS` but yes-bias, which no sample has by itself. All take the same arguments: the
sample, its context, a source of chance, and the wordings.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from course_lib.instruct.filters.mentions import noun_meanings, supported_names
from course_lib.instruct.filters.wrong_relation import OPPOSITE, offset
from course_lib.instruct.formats import IMAGE_TOKEN, Box, ImageContext, Sample, Turn
from course_lib.instruct.resources import DefectWordings
from course_lib.world.nouns import COUNTED, MASS, NUMBERS, PLURAL, UNIQUE, article, is_plural, plural
from course_lib.world.stickers import classes

CLEAR = 0.2  # a relation is planted the wrong way only where nobody could doubt the right one
SYNONYM_FRAC = 0.3  # of the unsupported nouns
TURN_ENDS = (  # and the next {question} and {answer}, as Llama, Vicuna, ChatML, LLaVA v0, Llama 2 and 3, Gemma and others have them
    *("</s>", "</s>USER: {} ASSISTANT: {}", " USER: {} ASSISTANT: {}", "<|im_end|>\n<|im_start|>user\n{}<|im_end|>"),
    *("\n### Human: {}\n### Assistant: {}", " [INST] {} [/INST] {}", "<|eot_id|>", "<end_of_turn>", "\nHuman: {}"),
)


@dataclass(frozen=True)
class Planted:
    """A sample, or its record, with one defect."""

    name: str
    sample: Sample
    turn: int | None  # which question and answer has it; None: the sample as a whole
    record: dict | None = None  # for the defects that only the JSON has


Planter = Callable[[Sample, ImageContext, random.Random, DefectWordings], Planted | None]


def plant(
    sample: Sample, context: ImageContext, name: str, rng: random.Random, wordings: DefectWordings
) -> Planted | None:
    """The sample with a defect of this name, in one of the wordings; None where it has nothing to go wrong with."""
    return PLANTERS[name](sample, context, rng, wordings)


def plant_noun(sample: Sample, word: str, rng: random.Random, wordings: DefectWordings) -> Planted:
    """The sample with this word in it, for a thing that isn't there."""
    words = {"a": f"{article(word, word)} {word}", "the": f"the {word}", "many": plural(word)}
    return _with_wording("unsupported_noun", sample, rng, rng.choice(wordings.unsupported_noun), **words)


def _unsupported_noun(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A thing that neither captions nor boxes support, by its name or by a synonym."""
    present, meanings = supported_names(context), noun_meanings()
    absent = [c.name for c in classes() if not meanings[c.name.lower()] & present and _is_simple(c.name)]
    word = rng.choice(absent)
    if rng.random() < SYNONYM_FRAC:  # another word, whose things are not there either
        named = {word: {n for n, some in wordings.synonyms.items() if word in some} for word in _synonyms(wordings)}
        absent_words = [w for w in _synonyms(wordings) if not meanings.get(w.lower(), named[w]) & present]
        word = rng.choice(absent_words)
    return plant_noun(sample, word, rng, wordings)


def _wrong_count(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted | None:
    """Another number of things than the boxes hold."""
    names = [box.name for box in context.boxes]
    countable = [name for name in dict.fromkeys(names) if _is_unambiguous(name, names)]
    if not countable:
        return None
    name = rng.choice(countable)
    wrong = rng.choice([n for n in range(2, 6) if n != names.count(name)])
    words = {"things": plural(name), "wrong": NUMBERS[wrong], "digit": str(wrong)}
    return _with_wording("wrong_count", sample, rng, rng.choice(wordings.wrong_count), **words)


def _wrong_relation(
    sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings
) -> Planted | None:
    """The opposite of a clear relation between two boxes."""
    names = [box.name for box in context.boxes]
    single = [box for box in context.boxes if names.count(box.name) == 1 and _is_unambiguous(box.name, names)]
    triples = [
        (a, b, direction) for a in single for b in single for direction in OPPOSITE if _is_clear(a, b, direction)
    ]
    if not triples:
        return None
    a, b, direction = rng.choice(triples)
    wording = rng.choice(wordings.wrong_relation[OPPOSITE[direction]])
    return _with_wording("wrong_relation", sample, rng, wording, one=f"the {a.name}", other=f"the {b.name}")


def _leakage(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A sentence that mentions captions, boxes or other sources, behind an answer."""
    return _with_wording("leakage", sample, rng, ("", rng.choice(wordings.leakage)))


def _no_answer(
    name: str, sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings
) -> Planted:
    """A refusal, or nothing, in place of an answer."""
    at = rng.randrange(len(sample.turns))
    return _with_turn(name, sample, at, Turn(sample.turns[at].question, rng.choice(getattr(wordings, name))))


def _role_swap(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """Question and answer of a turn exchanged, or a turn in which the assistant asks."""
    at = rng.randrange(len(sample.turns))
    turn = sample.turns[at]
    swapped = Turn(turn.answer, turn.question) if rng.random() < 0.5 else Turn(*rng.choice(wordings.role_swap))
    return _with_turn("role_swap", sample, at, swapped)


def _repetition(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A turn that comes a second time, or an answer that says its last sentence again and again."""
    at = rng.randrange(len(sample.turns))
    turn = sample.turns[at]
    last = _as_sentence(turn.answer).removesuffix(".").split(". ")[-1]
    if rng.random() < 0.5 or len(last.split()) < 3:
        return Planted("repetition", replace(sample, turns=(*sample.turns, turn)), len(sample.turns))
    again = rng.choice((f" {last}.", f" {last}!", f" And {last}, and {last}, and {last}.")) * rng.randint(1, 4)
    return _with_turn("repetition", sample, at, Turn(turn.question, _as_sentence(turn.answer) + again))


def _image_token(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A record whose image token is gone, misspelt, or there a second time."""
    record = sample.to_llava()
    turns = record["conversations"]
    variant = rng.choice(("gone", "misspelt", "twice", "with the answer"))
    at = 0 if variant in ("gone", "misspelt") else rng.randrange(len(sample.turns))
    if variant == "gone":
        turns[0]["value"] = turns[0]["value"].removeprefix(f"{IMAGE_TOKEN}\n")
    elif variant == "misspelt":
        misspelt = rng.choice(("<img>", "<Image>", "<image >", "[image]"))
        turns[0]["value"] = turns[0]["value"].replace(IMAGE_TOKEN, misspelt)
    else:
        turns[2 * at + (variant != "twice")]["value"] += f" {IMAGE_TOKEN}"
    return Planted("image_token", sample, at, record)


def _wrong_image_id(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A record whose picture or id is another one's, or in another folder, or missing."""
    record, other = sample.to_llava(), context.id[:-1] + str((ord(context.id[-1]) + 1) % 10)
    variant = rng.choice(("another picture", "another id", "no id", "another folder"))
    if variant == "another picture":
        record["image"] = context.image.replace(context.id, other)
    elif variant == "another folder":
        record["image"] = f"copies/{context.image}"
    else:
        record["id"] = f"{other}/{sample.type}" if variant == "another id" else sample.type
    return Planted("wrong_image_id", sample, None, record)


def _near_duplicate(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """A copy in which one expression is exchanged: to be checked beside the original."""
    old, new = rng.choice(wordings.small_changes)
    turns = tuple(Turn(turn.question, turn.answer.replace(old, new, 1)) for turn in sample.turns)
    return Planted("near_duplicate", replace(sample, turns=turns), None)


def _separator(sample: Sample, context: ImageContext, rng: random.Random, wordings: DefectWordings) -> Planted:
    """An answer that goes on behind the end of its turn, in the words of some chat template."""
    at = rng.randrange(len(sample.turns))
    turn = sample.turns[at]
    end = rng.choice(TURN_ENDS).format(turn.question, turn.answer)
    return _with_turn("separator", sample, at, Turn(turn.question, turn.answer + end))


PLANTERS: dict[str, Planter] = {
    "unsupported_noun": _unsupported_noun,
    "wrong_count": _wrong_count,
    "wrong_relation": _wrong_relation,
    "leakage": _leakage,
    "refusal": partial(_no_answer, "refusal"),
    "empty": partial(_no_answer, "empty"),
    "role_swap": _role_swap,
    "repetition": _repetition,
    "image_token": _image_token,
    "wrong_image_id": _wrong_image_id,
    "near_duplicate": _near_duplicate,
    "separator": _separator,
}


def _with_wording(name: str, sample: Sample, rng: random.Random, wording: tuple[str, str], **words: str) -> Planted:
    """The wording as a turn of its own, or added to an answer. A name in capitals begins a sentence: {A}, {One}."""
    words |= {key.capitalize(): text[:1].upper() + text[1:] for key, text in words.items()}
    question, answer = (part.format(**words) for part in wording)
    turns = list(sample.turns)
    at = rng.randrange(len(turns))
    if question:
        turns.insert(at, Turn(question[0].upper() + question[1:], answer))
    else:
        turns[at] = Turn(turns[at].question, _as_sentence(turns[at].answer) + " " + answer)
    return Planted(name, replace(sample, turns=tuple(turns)), at)


def _with_turn(name: str, sample: Sample, at: int, turn: Turn) -> Planted:
    """The sample with this turn in place of the one at `at`."""
    return Planted(name, replace(sample, turns=(*sample.turns[:at], turn, *sample.turns[at + 1 :])), at)


def _as_sentence(answer: str) -> str:
    """ "two" → "Two.", so that a sentence can follow."""
    answer = answer[:1].upper() + answer[1:]
    return answer if answer.endswith((".", "!", "?")) else answer + "."


def _synonyms(wordings: DefectWordings) -> list[str]:
    """All words that can be planted in place of a name."""
    return [word for words in wordings.synonyms.values() for word in words]


def _is_simple(name: str) -> bool:
    """Does it take "a", and an ordinary plural?"""
    return name not in PLURAL | MASS | UNIQUE and name not in COUNTED and not is_plural(name)


def _is_unambiguous(name: str, names: list[str]) -> bool:
    """Is it a simple name that the filters know, and can it mean no other box of the picture?"""
    meanings = noun_meanings().get(name.lower(), frozenset())
    return name in noun_meanings() and _is_simple(name) and not any(n != name and n in meanings for n in names)


def _is_clear(a: Box, b: Box, direction: str) -> bool:
    """Does a lie so far in that direction of b that nobody could doubt it?"""
    return a != b and offset(a, b, direction) >= CLEAR
