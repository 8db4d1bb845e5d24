"""Which words mean something: the twelve things that the generator has drawn, and what its text tower has read."""

import re
from collections.abc import Iterable
from functools import cache

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen.model import MAX_TEXT_TOKENS
from course_lib.world.scenes import SIZES
from course_lib.world.stickers import COLOURS, classes

NAMES = (
    "panda",
    "frog",
    "lion",
    "penguin",
    "sunflower",
    "pine tree",
    "banana",
    "strawberry",
    "hamburger",
    "bus",
    "house",
    "rocket",
)
ARTICLES = frozenset(("a", "an", "the", "some"))


def notes_on_phrases(phrases: Iterable[str]) -> list[str]:
    """A sentence for each different phrase that names none of the twelve things; see `note_on_phrase`."""
    return [note for phrase in dict.fromkeys(phrases) if phrase and (note := note_on_phrase(phrase))]


def note_on_phrase(phrase: str) -> str:
    """What to expect of a box's phrase: nothing to say ("") if it names one of the twelve things that were learned.

    All others are drawn all the same, since the grounding net reads any embedding, and what becomes of it is worth seeing.
    The sentence says which of two it is: words that CLIP's text tower has read, so that they mean something ("a giraffe");
    or words that it never read, as in another language ("ein Frosch"), whose embedding means nothing.
    """
    words = re.findall(r"[^\W_]+", phrase.lower()) or [phrase]
    if any(f" {name} " in f" {' '.join(words)} " for name in NAMES):
        return ""
    unknown = [word for word in words if word not in known_words()]
    why = (
        f"the text tower never read “{unknown[0]}”, so these words mean nothing to it"
        if unknown
        else "the text tower knows these words, but this generator has never drawn such a thing"
    )
    return f"“{phrase}”: {why}. Expect anything. What it has drawn: {', '.join(NAMES)}."


def note_on_caption(caption: str) -> str:
    """A caption is free: words that were never read become noise among those that were. Only a cut is worth a sentence."""
    tokens = len(get_tokenizer().encode(caption)) + 2  # start and end
    return (
        f"the caption has {tokens} tokens, and is cut after {MAX_TEXT_TOKENS}: make it shorter"
        if tokens > MAX_TEXT_TOKENS
        else ""
    )


@cache
def known_words() -> frozenset[str]:
    """The words of phrases that CLIP's training has read: its 160 names, colours, sizes, articles."""
    names = " ".join([*(c.name for c in classes() if c.split == "base"), *COLOURS, *SIZES]).lower()
    return frozenset(re.findall(r"[^\W_]+", names)) | ARTICLES
