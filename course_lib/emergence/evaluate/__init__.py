"""The proofs of the emergence room: the shipped model measured here, the other arms as their runs were written down.

Scenes come from the stream "test", wordings from those that training never uses. Content counts as right in whichever language it is said;
in which it is said is a figure of its own.
"""

from collections.abc import Iterator

import numpy as np

from course_lib.emergence.arms import ALL
from course_lib.emergence.evaluate import arms
from course_lib.emergence.evaluate.asking import examples
from course_lib.emergence.evaluate.controls import READING, reading_interaction
from course_lib.emergence.languages import CODES, KINDS
from course_lib.figures import Figure, share
from course_lib.lm.evaluate import majority_accuracy

NEW, SEEDS = ("fr", "ci"), (0, 1, 2)
GATE, CONTENT, LANGUAGE, FOLLOWS = 0.95, 0.75, 0.95, 0.90  # the bars
SHARES = ("share_1", "share_5", "share_15")
STAGE_2 = ("no_pictures", "tuned", "tuned_texts")  # none; pictures that train the language model as well


def figures() -> Iterator[Figure]:
    """All figures of the room."""
    from course_lib.emergence.train.saved import load

    rows = {(row["arm"], row["seed"]): row for row in arms.read_rows()}
    model = load()
    shipped = rows["all", 0] = {**rows["all", 0], **arms.measure(model, ALL)}
    yield from gate_figures(shipped, rows)
    yield from picture_figures(shipped, rows)
    yield from seed_figures(rows)
    yield from arm_figures(rows)
    yield from permuted_figures(rows["permuted", 0])
    yield no_count_figure(rows)
    yield from reading_figures(rows)


def total(row: dict, key: str) -> tuple[int, int]:
    """Right, and asked: of one measure, or of all kinds whose names begin so ("picture.fr.")."""
    keys = [f"{key}{kind}" for kind in KINDS if f"{key}{kind}" in row] if key.endswith(".") else [key]
    right, asked = np.sum([row[one] for one in keys], axis=0)
    return int(right), int(asked)


def value(row: dict, key: str) -> float:
    """The share of a measure, as a companion of others."""
    right, asked = total(row, key)
    return round(right / asked, 4)


def of(id: str, row: dict, key: str, **company) -> Figure:
    """A measure of a row as a figure."""
    right, asked = total(row, key)
    return share(id, np.arange(asked) < right, **company)


def more_seeds(rows: dict, key: str) -> str:
    """What the shipped recipe gives with other seeds, of the models' weights and of the texts."""
    return ", ".join(f"{100 * value(rows['all', seed], key):.1f} %" for seed in SEEDS[1:])


def chance() -> float:
    """Always the commonest answer of a kind."""
    answers = [[one.question.answer for one in examples(kind)] for kind in KINDS]
    return round(float(np.mean([majority_accuracy(one) for one in answers])), 4)


def gate_figures(row: dict, rows: dict) -> Iterator[Figure]:
    """Told in words instead of shown, after the texts and before the pictures."""
    for code in ("en", *NEW):
        note = f"two more seeds: {more_seeds(rows, f'gate.{code}.')}"
        yield of(f"emergence.gate.{code}", row, f"gate.{code}.", chance=chance(), ceiling=1.0, bar=GATE, note=note)


def picture_figures(shipped: dict, rows: dict) -> Iterator[Figure]:
    """Asked about pictures: right in content, and said in the language of the question; the blank picture."""
    yield of("emergence.picture.en", shipped, "picture.en.", chance=chance(), control=value(shipped, "blank.en."))
    for code in NEW:
        exist, blank = (100 * value(shipped, f"{measure}.{code}.exist") for measure in ("picture", "blank"))
        yield of(
            f"emergence.picture.{code}",
            shipped,
            f"picture.{code}.",
            chance=chance(),
            control=value(shipped, f"blank.{code}."),
            baseline=value(rows["none", 0], f"picture.{code}."),
            ceiling=value(rows["with_pictures", 0], f"picture.{code}."),
            note="control: a blank picture; baseline: no text in this language; "
            f"is there …? alone: {exist:.1f} %, blank {blank:.1f} %",
        )
        none = value(rows["none", 0], f"language.{code}")
        note = f"two more seeds: {more_seeds(rows, f'language.{code}')}"
        yield of(f"emergence.language.{code}", shipped, f"language.{code}", baseline=none, bar=LANGUAGE, note=note)
        yield of(f"emergence.blank.{code}", shipped, f"blank.{code}.", chance=chance(), bar=round(chance() + 0.05, 4))


def seed_figures(rows: dict) -> Iterator[Figure]:
    """The headline: the shipped recipe with three seeds. Where it ends depends on the seed more than on the questions drawn."""
    for code in NEW:
        reached = [value(rows["all", seed], f"picture.{code}.") for seed in SEEDS]
        asked = sum(total(rows["all", seed], f"picture.{code}.")[1] for seed in SEEDS)
        note = f"mean of {len(SEEDS)} seeds, not an interval but from the worst to the best: {', '.join(f'{100 * one:.1f} %' for one in reached)}"
        yield Figure(
            f"emergence.seeds.{code}",
            round(float(np.mean(reached)), 4),
            min(reached),
            max(reached),
            asked,
            chance=chance(),
            bar=CONTENT,
            note=note,
        )


def arm_figures(rows: dict) -> Iterator[Figure]:
    """The same questions to the other arms."""
    limit = round(chance() + 0.05, 4)
    for name, id, bar in (
        ("none", "none", limit),
        ("with_pictures", "ceiling", None),
        *((one, one, None) for one in (*STAGE_2, *SHARES, "alone", "translations")),
    ):
        for code in CODES if name in STAGE_2 else NEW:
            if (name, 0) in rows:
                row = rows[name, 0]
                told = f"gate.{code}.exist" in row
                note = f"told in words, before stage 2: {100 * value(row, f'gate.{code}.'):.1f} %" if told else None
                yield of(f"emergence.{id}.{code}", row, f"picture.{code}.", chance=chance(), bar=bar, note=note)
                if name == "tuned" and code in NEW:  # does it fall back into the language of its pictures?
                    yield of(f"emergence.tuned.language.{code}", row, f"language.{code}")


def no_count_figure(rows: dict) -> Figure:
    """How many? In the cipher, whose texts never ask it; nor is any answer that the model learns there a number."""
    row, none = rows["no_count", 0], rows["none", 0]
    guessed = round(majority_accuracy([one.question.answer for one in examples("count")]), 4)
    note = f"told in words instead, the cipher's own number: {100 * value(row, 'gate.ci.count'):.1f} %"
    return of(
        "emergence.no_count.ci",
        row,
        "picture.ci.count",
        chance=guessed,
        control=value(row, "blank.ci.count"),
        baseline=value(none, "picture.ci.count"),
        note=note,
    )


def permuted_figures(row: dict) -> Iterator[Figure]:
    """Of the replies that tell the two dictionaries apart: how many follow the permuted one?"""
    for code in NEW:
        right = value(row, f"picture.{code}.")
        note = f"of all questions, asked in the permuted language, {100 * right:.1f} % are right by it"
        yield of(f"emergence.permuted.{code}", row, f"follows.{code}.", chance=0.5, bar=FOLLOWS, note=note)


def reading_figures(rows: dict) -> Iterator[Figure]:
    """Letters of signs in pictures, of which no question ever asked for one: texts that ask × letter head."""
    found = {arm: total(rows[arm, 0], "letters") for line in READING for arm in line}
    for arm in found:
        row = rows[arm, 0]
        note = f"letters of a sign are not independent: the interval is too narrow; whole signs: {100 * value(row, 'read'):.1f} %"
        control = value(row, "another")
        yield of(f"emergence.read.{arm.removeprefix('read_')}", row, "letters", control=control, note=note)
    number, low, high = (round(one, 4) for one in reading_interaction(found))
    asked, note = sum(n for _, n in found.values()), "cells of which nothing is read add nothing to its width"
    yield Figure("emergence.read.interaction", number, low, high, asked, chance=0.0, note=note)
