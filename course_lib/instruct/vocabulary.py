"""The nouns of the world in running text: names, plurals, synonyms and words for groups.

This is how the grammar teacher reads, who must be certain which thing is meant. Filters are content with what a word could
mean, so `filters.mentions`, which is built on this, also knows look-alikes.
"""

import re
from dataclasses import dataclass
from functools import cache

from course_lib.instruct.resources import synonyms
from course_lib.world.nouns import COUNTED, MASS, is_plural, plural
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import classes

TOKEN = re.compile(r"[A-Za-z]+(?:[-'’][A-Za-z]+)*|\d+(?:\.\d+)?|[^\sA-Za-z\d]")
QUOTED = re.compile(r'"[^"]*"|“[^”]*”')
IRREGULAR = {
    "knife": "knives",
    "leaf": "leaves",
    "calf": "calves",
    "loaf": "loaves",
    "person": "people",
    "bookshelf": "bookshelves",
    "scarf": "scarves",
}
SPELLED = {"tv", "ufo"}  # capitals that are words; others ("OPEN") stand on signs


@dataclass(frozen=True, slots=True)
class Noun:
    """What a word or two can mean: some of these names."""

    names: frozenset[str]
    plural: bool


@dataclass(frozen=True, slots=True)
class NounSpan:
    """Where a noun stands in a text: tokens start … end - 1."""

    start: int
    end: int
    noun: Noun


def tokenise(text: str) -> list[str]:
    """Words, numbers and signs; without what is quoted, which are the words of a sign."""
    return [word.replace("’", "'") for word in TOKEN.findall(QUOTED.sub(' "" ', text))]


def find_nouns(tokens: list[str], extra: frozenset[str] = frozenset()) -> list[NounSpan]:
    """Every noun of the world (or of the `extra` names) among the tokens; of two that overlap, the longer one."""
    extra = extra - world_names()
    lengths, words = _lexicon(extra), [_lower(token) for token in tokens]
    nouns, i = [], 0
    while i < len(words):
        length = next((n for n in lengths.get(words[i], ()) if " ".join(words[i : i + n]) in _nouns(extra)), 0)
        if length:
            nouns.append(NounSpan(i, i + length, _nouns(extra)[" ".join(words[i : i + length])]))
        i += length or 1
    return nouns


def _lower(token: str) -> str:
    """In lower case; but capitals are the words of a sign, and no nouns."""
    low = token.lower()
    return "" if token.isupper() and len(token) > 1 and low not in SPELLED else low


@cache
def _lexicon(extra: frozenset[str]) -> dict[str, tuple[int, ...]]:
    """First word → how many words the nouns that begin with it have, longest first."""
    lengths: dict[str, set[int]] = {}
    for words in _nouns(extra):
        lengths.setdefault(words.split()[0], set()).add(len(words.split()))
    return {first: tuple(sorted(counts, reverse=True)) for first, counts in lengths.items()}


@cache
def _nouns(extra: frozenset[str]) -> dict[str, Noun]:
    """Words in lower case → what they mean."""
    if extra:
        return {**_nouns(frozenset()), **_forms({name: {name} for name in extra})}
    single: dict[str, set[str]] = {name: {name} for name in world_names()}
    for name, words in synonyms().words.items():
        for word in words:
            single.setdefault(word, set()).add(name)
    return {**_forms(_groups()), **_forms(single)}


def _groups() -> dict[str, set[str]]:
    listed = synonyms()
    members = {
        word: {c.name for c in classes() if c.supercategory in supercategories}
        for word, supercategories in listed.groups.items()
    }
    for word, names in listed.members.items():
        members[word] = {*names, *(c.name for c in classes() if word == c.supercategory == "mammal")}
    return members


def _forms(meanings: dict[str, set[str]]) -> dict[str, Noun]:
    """Each word and its plural."""
    forms: dict[str, Noun] = {}
    for word, names in meanings.items():
        counted = {COUNTED[word]} if word in COUNTED else set()
        for form, many in ((word, is_plural(word)), *((form, True) for form in plurals(word) | counted)):
            form = form.lower()
            names_so_far = forms[form].names if form in forms else frozenset()
            forms[form] = Noun(names_so_far | names, many)
    return forms


def plurals(word: str) -> set[str]:
    """The forms of a word for "many": "knife" → "knives"; none of what is one already, such as "scissors"."""
    if is_plural(word) and word != "fork and knife":
        return set()
    return {IRREGULAR.get(word) or (word + "s" if word in MASS else plural(word))}


@cache
def world_names() -> frozenset[str]:
    """Every name that a thing of the world can have."""
    return frozenset({c.name for c in classes()} | set(SHAPES) | {"sign"})
