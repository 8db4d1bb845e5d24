"""The three languages of Lesson 09, and the same languages with their dictionaries permuted.

English comes with pictures. French and the cipher come as text only. If a question about a picture is answered in one of them, the
words must have been learned from that text; the permuted dictionary proves it: the answers must follow the permutation.
"""

import random
from dataclasses import replace
from typing import TypeVar

from course_lib.emergence.cipher import cipher
from course_lib.emergence.english import english
from course_lib.emergence.french import french
from course_lib.emergence.grammar import ASKED, KINDS, Language, Noun, asked_for

__all__ = ("ASKED", "CODES", "KINDS", "Language", "Noun", "asked_for", "get_language", "permuted")
MAKERS = {"en": english, "fr": french, "ci": cipher}
CODES = tuple(MAKERS)
Word = TypeVar("Word")


def get_language(code: str) -> Language:
    """The language "en", "fr" or "ci" (the cipher). ValueError for any other code."""
    if code not in MAKERS:
        raise ValueError(f"no language has the code {code!r}; there are {', '.join(CODES)}")
    return MAKERS[code]()


def permuted(language: Language, seed: int = 0) -> Language:
    """The same grammar with its dictionary permuted: "voiture" stands for a dog. No word keeps its meaning.

    Nouns change places with nouns of their gender and number, colours with colours, places with places. Numbers up to four, which
    scenes hold, change among themselves, and so do those above. Yes and no stay, and so does the French "un": it is an article.
    """
    rng = random.Random(f"permuted/{language.code}/{seed}")
    numbers = list(language.numbers)
    first = 1 if language.code == "fr" else 0
    groups = [numbers[first:4], numbers[4:]]
    return replace(
        language,
        names=_deranged(language.names, _noun_groups(language), rng),
        colours=_deranged(language.colours, [list(language.colours)], rng),
        numbers=_deranged(language.numbers, groups, rng),
        places=_deranged(language.places, [list(language.places)], rng),
    )


def _noun_groups(language: Language) -> list[list[str]]:
    """English names whose nouns agree in gender and number."""
    groups: dict[tuple[str, bool], list[str]] = {}
    for name, noun in language.names.items():
        groups.setdefault((noun.gender, noun.kind == "plural"), []).append(name)
    return list(groups.values())


def _deranged(words: dict[str, Word], groups: list[list[str]], rng: random.Random) -> dict[str, Word]:
    """Each group's words one step round a random circle, so that none stays where it was."""
    result = dict(words)
    for group in groups:
        circle = rng.sample(group, len(group))
        result.update({name: words[after] for name, after in zip(circle, circle[1:] + circle[:1], strict=True)})
    return result
