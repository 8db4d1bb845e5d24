"""Mentions: which things a clause names. "bunnies" → rabbit, "boat" → sailboat or ship, "bird" → any bird.

So that a made-up sofa is noticed, some things are among the nouns that the world doesn't have (`outside_nouns`). The grammar
teacher, which must be certain what is meant, reads with `course_lib.instruct.vocabulary`; a filter is content with what a word
could mean, so this one, built on that, also knows look-alikes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from course_lib.instruct.filters.text import TOKEN, number, tokens, word_set
from course_lib.instruct.formats import Box, ImageContext
from course_lib.instruct.resources import outside_nouns, synonyms
from course_lib.instruct.vocabulary import plurals, world_names
from course_lib.world.nouns import could_be, is_plural
from course_lib.world.stickers import classes

PLURAL_ONLY = ("fries", "skis")  # and those of `nouns.is_plural`
NOT_THINGS = (  # fixed expressions in which a noun names nothing that could be seen
    *("piece of cake", "pieces of cake", "raining cats and dogs", "rain cats and dogs", "same boat", "ring a bell"),
    *("rings a bell", "star of the show", "cherry on top", "cherry on the cake", "fish out of water", "bear in mind"),
    *("bears in mind", "elephant in the room", "over the moon", "blue moon", "apple of", "black sheep", "icing on the cake"),
    *("cat out of the bag", "hold your horses", "heart of", "heart and soul", "by heart", "at heart", "key to", "sign of"),
    *("signs of", "place in the sun", "under the sun", "bed of", "book by its cover", "top of", "light of", "train of thought"),
    *("bounding box", "bounding boxes", "bus stop", "bus station", "train station", "fire station", "dog house", "bird house", "car park", "fish tank"),
    *("fire brigade", "police station", "hot air", "bee line", "catch fire", "on fire", "circle of", "ring of", "star sign"),
)  # fmt: skip
DEFINITE = word_set("the this that these those its his her their my your our")
INDEFINITE = word_set("a an another some any several many few more no each every various countless other")
ENDS_PHRASE = word_set(  # a noun phrase holds none of them, so that the search for its determiner ends there
    "is are was were be been has have had do does did can could will would may might must of in on at to "
    "by for from with without near beside behind over under above below than that which who it they he "
    "she we you i not there here , . ; : ! ?"
)  # fmt: skip
AMOUNTS = word_set("handful dozens dozen couple bunch group pair lots lot number herd flock plenty row pile hundreds")
COORDINATES = frozenset(("and", "or", "nor"))
ALSO_OTHER_WORDS = word_set(  # verbs, adjectives and colours as well as things
    "orange rose key watch ring star fire box train ship duck bear fly book dress fish bat target square "
    "cross circle light bell crown drum bed plane present lock bath jet die cab ball hound hog tub hat "
    "leaf bulb cock heart diamond egg package door ape fiddle sow stocking peach ice cherry cow glasses "
    "notebook sign remote tie sink seal plate bowl cup coat belt mirror rope crow mule raft ski"
)
VERBS = word_set(
    "leaves watches rings ducks bears trains books fishes crosses circles lights flies"
)  # "that leaves two"
SUBJECTS = word_set("that this it he she who which what nobody everybody one")
FOLLOWS_HEAD = word_set(  # what may follow a noun that ends its phrase
    "is are was were has have had does do did can could will would may might must and or nor that which "
    "who whose in on at to by for from with without near beside behind over under above below than as too "
    "here there between next of not isn't aren't while because since so if before after close left right "
    "around among along across against inside outside just also only rather certainly clearly probably "
    "then when where seems looks appears first last again now still already alone nearby behind besides either "
    "one we you i it he she they somebody nobody lie stand sit look see belong move go come stay fit"
)
MAKES_COMPOUND = word_set(  # "a cat food tin" shows no cat
    "stop station shop house food toy pattern print theme shape shaped like coloured colored colour color "
    "costume tank park sign painting lover owner tree juice sauce cake pie light"
)


@dataclass(frozen=True)
class Mention:
    """A thing named in a clause: tokens `start` to `end`."""

    text: str
    names: frozenset[str]  # of the world, all that it could be
    plural: bool
    determiner: str  # "definite", "indefinite" or ""
    phrase: int  # where the noun phrase begins, with its determiner
    start: int
    end: int


@cache
def noun_meanings() -> dict[str, frozenset[str]]:
    """Word → the names that it may stand for: of the world, or of what is outside it."""
    meanings: dict[str, set[str]] = {}
    listed = synonyms()
    for name in sorted(world_names()):
        for word in (name, *listed.words.get(name, ())):
            meanings.setdefault(word.lower(), set()).update(could_be(name))
    for word, groups in listed.groups.items():
        meanings.setdefault(word, set()).update(c.name for c in classes() if c.supercategory in groups)
    for word, names in listed.members.items():
        meanings.setdefault(word, set()).update(names)
    for name, others in outside_nouns().items():
        for word in (name, *others):
            meanings.setdefault(word, set()).add(name)
    return {word: frozenset(names) for word, names in meanings.items()}


@cache
def noun_forms() -> dict[tuple[str, ...], tuple[frozenset[str], bool]]:
    """Tokens → (names, is it a plural). Fixed expressions are in it with no names."""
    forms: dict[tuple[str, ...], tuple[frozenset[str], bool]] = {}
    for word, names in noun_meanings().items():
        for many in plurals(word):
            forms[tuple(many.split())] = (names, True)
    for word, names in noun_meanings().items():
        forms[tuple(word.split())] = (names, is_plural(word) or word in PLURAL_ONLY)
    return forms | {tuple(text.split()): (frozenset(), False) for text in NOT_THINGS}


def find_mentions(clause: list[str]) -> list[Mention]:
    """All things named in a clause, the longest names first tried: "hot dog" is no dog."""
    mentions: list[Mention] = []
    for start, end, names, plural in _matches(clause):
        determiner, phrase = _determiner(clause, start, mentions)
        mention = Mention(" ".join(clause[start:end]), names, plural, determiner, phrase, start, end)
        if _is_noun(clause, mention):
            mentions.append(mention)
    return mentions


def _matches(clause: list[str]) -> Iterator[tuple[int, int, frozenset[str], bool]]:
    forms, at = noun_forms(), 0
    while at < len(clause):
        for length in (4, 3, 2, 1):
            match = forms.get(tuple(clause[at : at + length])) if at + length <= len(clause) else None
            if match:
                if match[0]:
                    yield at, at + length, *match
                at += length
                break
        else:
            at += 1


def _determiner(clause: list[str], start: int, before: list[Mention]) -> tuple[str, int]:
    """Looks back over adjectives. After "and", the determiner of the thing before holds: "a cat and dog"."""
    for at in range(start - 1, max(start - 5, -1), -1):
        word = clause[at]
        if before and at < before[-1].end:  # "a whale eats fish": the article is the whale's
            return "", at + 1
        if word in DEFINITE:
            return "definite", at
        if word in INDEFINITE or number(word) is not None:
            definite = at > 0 and clause[at - 1] in DEFINITE  # "the two dogs"
            return ("definite", at - 1) if definite else ("indefinite", at)
        if word in COORDINATES and before and before[-1].end == at:
            return before[-1].determiner, at + 1
        if word == "of" and at and clause[at - 1] in AMOUNTS:  # "a handful of dogs"
            return "indefinite", at - 1
        if word in ENDS_PHRASE or word in COORDINATES:
            return "", at + 1
    return "", start


def _is_noun(clause: list[str], mention: Mention) -> bool:
    """Is it the thing itself, and not a verb ("watch out"), a colour ("orange fur") or half a compound ("bus stop")?"""
    after = clause[mention.end] if mention.end < len(clause) else "."
    if after in MAKES_COMPOUND and not mention.plural:
        return False
    if mention.text in VERBS and mention.start and clause[mention.start - 1] in SUBJECTS:
        return False
    if mention.text not in ALSO_OTHER_WORDS:
        return True
    ends = not after[0].isalpha() or after in FOLLOWS_HEAD or after.endswith(("s", "ing", "ed", "er"))
    return bool(mention.determiner) and ends


@lru_cache(maxsize=4096)
def supported_names(context: ImageContext) -> frozenset[str]:
    """Every name of the world that a box or a caption stands for."""
    names: set[str] = set()
    for box in context.boxes:
        names |= noun_meanings().get(box.name.lower(), frozenset((box.name,)))
    for caption in context.captions:
        names |= frozenset().union(*(mention.names for mention in find_mentions(tokens(caption))))
    return frozenset(names)


@lru_cache(maxsize=4096)
def caption_words(context: ImageContext) -> frozenset[str]:
    """Every word of the captions, in lower case."""
    return frozenset(word.lower() for caption in context.captions for word in TOKEN.findall(caption))


def is_supported(mention: Mention, context: ImageContext) -> bool:
    """May this be a thing of the picture? Every other word of the captions may be said as well."""
    return bool(mention.names & supported_names(context)) or set(mention.text.split()) <= caption_words(context)


def boxes_of(mention: Mention, context: ImageContext) -> list[Box]:
    """The boxes that the mention may mean: those it names outright, else those that could be it."""
    exact = [box for box in context.boxes if box.name.lower() == mention.text]
    return exact or [box for box in context.boxes if box.name in mention.names]
