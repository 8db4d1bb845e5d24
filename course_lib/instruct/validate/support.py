"""What a context speaks for: the names of its boxes, and all that its captions name."""

from functools import lru_cache

from course_lib.instruct.context import Box, ImageContext
from course_lib.instruct.validate.mentions import Mention, mentions
from course_lib.instruct.validate.vocabulary import singulars
from course_lib.instruct.validate.words import TOKEN, tokens


@lru_cache(maxsize=4096)
def present(context: ImageContext) -> frozenset[str]:
    """Every name of the world that a box or a caption stands for."""
    found: set[str] = set()
    for box in context.boxes:
        found |= singulars().get(box.name.lower(), frozenset((box.name,)))
    for caption in context.captions:
        found |= frozenset().union(*(mention.names for mention in mentions(tokens(caption))))
    return frozenset(found)


@lru_cache(maxsize=4096)
def caption_words(context: ImageContext) -> frozenset[str]:
    """Every word of the captions, in lower case."""
    return frozenset(word.lower() for caption in context.captions for word in TOKEN.findall(caption))


def supported(mention: Mention, context: ImageContext) -> bool:
    """May this be a thing of the picture? Every other word of the captions may be said as well."""
    return bool(mention.names & present(context)) or set(mention.text.split()) <= caption_words(context)


def boxes_of(mention: Mention, context: ImageContext) -> list[Box]:
    """The boxes that the mention may mean: those it names outright, else those that could be it."""
    exact = [box for box in context.boxes if box.name.lower() == mention.text]
    return exact or [box for box in context.boxes if box.name in mention.names]
