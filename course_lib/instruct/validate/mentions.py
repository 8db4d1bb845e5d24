"""Where a text names a thing, and with what determiner: "the dog", "a dog", "dogs"."""

from collections.abc import Iterator
from dataclasses import dataclass

from course_lib.instruct.validate.vocabulary import words as vocabulary
from course_lib.instruct.validate.words import number, word_set

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


def mentions(clause: list[str]) -> list[Mention]:
    """All things named in a clause, the longest names first tried: "hot dog" is no dog."""
    found: list[Mention] = []
    for start, end, names, plural in _matches(clause):
        determiner, phrase = _determiner(clause, start, found)
        mention = Mention(" ".join(clause[start:end]), names, plural, determiner, phrase, start, end)
        if _is_noun(clause, mention):
            found.append(mention)
    return found


def _matches(clause: list[str]) -> Iterator[tuple[int, int, frozenset[str], bool]]:
    known, at = vocabulary(), 0
    while at < len(clause):
        for length in (4, 3, 2, 1):
            hit = known.get(tuple(clause[at : at + length])) if at + length <= len(clause) else None
            if hit:
                if hit[0]:
                    yield at, at + length, *hit
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
