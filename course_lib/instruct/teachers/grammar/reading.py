"""Reads one caption: which things it names, with size, colour and text, where it plays, and who is where."""

import itertools
import re
from dataclasses import dataclass

from course_lib.instruct.vocabulary import NounSpan, find_nouns, world_names
from course_lib.world.language import PLACES, RELATIONS
from course_lib.world.nouns import NUMBERS
from course_lib.world.stickers import COLOURS

SIZES = {"small": "small", "little": "small", "tiny": "small", "big": "big", "large": "big", "huge": "big"}
SAYS = re.compile(r'\bsign (?:that says|that reads|with the text|saying|reading) "([^"]+)"', re.IGNORECASE)
PLACE_WORDS = {words: place for place, words in PLACES.items()}
RELATION_PHRASES = {
    tuple(way.split()): how for ways in RELATIONS.values() for how, found in ways.items() for way in found
}


@dataclass(frozen=True)
class NamedThing:
    """A thing as one caption names it."""

    name: str
    many: bool
    colour: str | None = None
    size: str | None = None
    text: str | None = None


def read_caption(caption: str, tokens: list[str], boxed: frozenset[str]) -> list[NamedThing]:
    """The things that a caption names. Words with several meanings count only if a box decides for one of them."""
    texts = iter(SAYS.findall(caption))
    named = []
    for span in find_nouns(tokens, boxed):
        name = _name(span, tokens, boxed)
        if name:
            colour, size = _adjectives(tokens, span.start)
            text = next(texts, None) if name == "sign" else None
            named.append(NamedThing(name, _is_several(span, name, tokens), colour, size, text))
    return named


def _is_several(span: NounSpan, name: str, tokens: list[str]) -> bool:
    """ "two sheep", "dogs"; but "some cherries" are one."""
    word = " ".join(tokens[span.start : span.end]).lower()
    before = tokens[span.start - 1].lower() if span.start else ""
    return before in NUMBERS[2:] or (span.noun.plural and word != name.lower())


def _name(span: NounSpan, tokens: list[str], boxed: frozenset[str]) -> str | None:
    """The name that a noun stands for here, if that can be said."""
    word = " ".join(tokens[span.start : span.end])
    if word in COLOURS and span.end < len(tokens) and tokens[span.end][0].isalpha():
        return None if _is_adjective(tokens, span.end) else word
    if word in world_names() and (not boxed or word in boxed):
        return word
    possible = span.noun.names & boxed if boxed else span.noun.names
    return next(iter(possible)) if len(possible) == 1 else None


def _is_adjective(tokens: list[str], end: int) -> bool:
    """Is the colour word that ends before `end` followed by the noun that it belongs to?"""
    rest = tokens[end:]
    return any(m.start == 0 for m in find_nouns(rest)) or rest[0] in SIZES


def _adjectives(tokens: list[str], start: int) -> tuple[str | None, str | None]:
    """(colour, size) said directly before the noun at `start`."""
    colour = size = None
    for token in reversed(tokens[:start]):
        low = token.lower()
        if low in COLOURS and not colour:
            colour = low
        elif low in SIZES and not size:
            size = SIZES[low]
        else:
            break
    return colour, size


def read_place(caption: str) -> str | None:
    """The place at a caption's end, in the course's own words for places."""
    text = caption.rstrip(".").lower()
    return next((place for words, place in PLACE_WORDS.items() if text.endswith(words)), None)


def read_relations(tokens: list[str]) -> list[tuple[str, str, str]]:
    """(name, how, other name) wherever two things are joined by nothing but the course's own words for a relation."""
    nouns = [(m, _name(m, tokens, frozenset())) for m in find_nouns(tokens)]
    nouns = [(noun, name) for noun, name in nouns if name]
    relations = []
    for (first, a), (second, b) in itertools.pairwise(nouns):
        between = [token for token in tokens[first.end : second.start] if token not in ("a", "an", "the", "some")]
        while between and (between[-1] in SIZES or between[-1] in COLOURS):
            between.pop()
        direction = RELATION_PHRASES.get(tuple(between)) or RELATION_PHRASES.get(_with_article(tuple(between)))
        if direction and a != b:
            relations.append((a, direction, b))
    return relations


def _with_article(words: tuple[str, ...]) -> tuple[str, ...]:
    """ "to left of" → "to the left of": articles were dropped on the way."""
    return (words[0], "the", *words[1:]) if len(words) > 1 else words
