"""What can be asked for in words: twelve things are drawn well, other known words are drawn somehow, the rest is refused."""

import re
from functools import cache

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen.model import TOKENS
from course_lib.gligen.world import NAMES
from course_lib.world.scenes import SIZES
from course_lib.world.stickers import COLOURS, classes

ARTICLES = frozenset(("a", "an", "the", "some"))


def note_on_phrase(phrase: str) -> str:
    """What there is to say of a box's phrase: nothing ("") for one of the twelve things that the generator has drawn.

    Other words that CLIP's text tower has read ("a giraffe", "a red frog") get a sentence and are drawn all the same: the
    grounding net reads any embedding, and what becomes of it is worth seeing. Raises ValueError for words that the tower
    has never read, as in another language: their embedding means nothing.
    """
    words = re.findall(r"[^\W_]+", phrase.lower())
    if unknown := [word for word in words if word not in read_words()]:
        raise ValueError(
            f"the text tower never read “{unknown[0]}”: it reads English names of stickers. Drawn here: {_list()}"
        )
    if " ".join(word for word in words if word not in ARTICLES) in NAMES:
        return ""
    return f"“{phrase}” is none of the twelve things that this generator has drawn, so expect anything. Drawn here: {_list()}"


def note_on_caption(caption: str) -> str:
    """A caption is free: words that were never read become noise among those that were. Only a cut is worth a sentence."""
    tokens = len(get_tokenizer().encode(caption)) + 2  # start and end
    return f"the caption has {tokens} tokens, and is cut after {TOKENS}: make it shorter" if tokens > TOKENS else ""


@cache
def read_words() -> frozenset[str]:
    """The words of phrases that CLIP's training has read: its 160 names, colours, sizes, articles."""
    names = " ".join([*(c.name for c in classes() if c.split == "base"), *COLOURS, *SIZES]).lower()
    return frozenset(re.findall(r"[^\W_]+", names)) | ARTICLES


def _list() -> str:
    return f"{', '.join(NAMES)}."
