"""Is a thing that a clause names said to be there, or only denied, imagined or compared with?"""

from dataclasses import dataclass

from course_lib.instruct.filters.vocabulary import SUBJECTS, Mention, mentions
from course_lib.instruct.filters.words import clauses, tokens, word_set
from course_lib.world.nouns import MASS

DENIES = word_set("no not without neither nor none nothing nobody never cannot nowhere lacks lacking lack")
MISSING = frozenset(("missing", "absent"))


SEEING = word_set(  # "I don't see the dog" denies it; "the dog doesn't move" takes it for granted
    "see seen sees show shows shown visible there present found find contain contains have has include "
    "includes included spot spotted depicted depict sight notice recognise recognize identify detect "
    "discernible anywhere heard"
)


IMAGINES = word_set(
    "if would might may could should imagine wish want wants need needs needed make bake cook draw "
    "build resemble resembles resembling reminds remind reminiscent instead mistaken mistake without against "
    "often usually typically generally whether suppose hunt hunts eat eats"
)
GUESSES = word_set("perhaps maybe")
COMPARES = word_set("like likes unlike as than") | GUESSES
CONDITIONAL = word_set("would could might may should")
EXISTS = (["there", "might", "be"], ["there", "may", "be"], ["there", "could", "be"], ["might", "be", "seen"])
LISTS = word_set("are with and several of is")  # after "there": "there are dogs", "there is bread"
FINDS = word_set("see sees show shows contain contains feature features hold holds include includes display displays")
OWNERS = word_set("its his her their my your our")
CONTINUES = word_set("a an any nor or no neither not let")  # after a comma: the list of what is denied goes on
SUBORDINATES = word_set("while although though since as because when if")
COORDINATES = word_set("and or nor")


def claimed(text: str) -> list[Mention]:
    """The things that this statement says, or takes for granted, to be in the picture."""
    return [m for clause in clauses(tokens(text)) for m in mentions(clause) if is_claimed(clause, m)]


def is_claimed(clause: list[str], mention: Mention) -> bool:
    """Is this mention a claim that the thing is there?"""
    before = _scope(clause, mention)
    lead = before[: len(before) - (mention.start - mention.phrase)]  # without its own article and adjectives
    if denied(clause, mention, before):
        return False
    if mention.determiner == "definite" and not (
        _owned(clause, mention) and _imagined(lead, [])
    ):  # "the dog" takes for granted that there is one, whatever is said of it
        return not ({"like", "unlike"} & set(lead[-2:])) and "whether" not in lead
    if _compared(lead, clause[mention.end :]) or _imagined(lead, clause[mention.end :]):
        return False
    return bool(mention.determiner) or _listed(mention, lead, clause[mention.end :])


def _compared(lead: list[str], after: list[str]) -> bool:
    """ "like a dog", "faster than in a bus", "as a dog and a cat do"; but "a cat as well as a dog" has both."""
    if lead[-3:] == ["as", "well", "as"]:
        return False
    if lead[-1:] == ["as"] and after and after[0].endswith("s") and after[0] not in ("is", "does", "has", "was"):
        return False  # "as a dog stands by": the reason for something
    at = max((at for at, word in enumerate(lead) if word in COMPARES), default=None)
    if at is None:
        return False
    between = lead[at + 1 :]
    guessed = lead[at] in GUESSES and bool(SUBJECTS & set(between[:1]))  # "perhaps he went for a walk with a dog"
    return len(between) <= 1 or guessed or bool(COORDINATES & set(between))


def _imagined(lead: list[str], after: list[str]) -> bool:
    """ "if a dog came", "a dog would bark", "a dog or a cat might do"; but "there may be a dog" says enough."""
    if IMAGINES & set(lead) and not any(_holds(lead, phrase) for phrase in EXISTS):
        return True
    near = after[:5] if after and after[0] in COORDINATES else after[:2]
    return bool(CONDITIONAL & set(near))


def _listed(mention: Mention, lead: list[str], after: list[str]) -> bool:
    """Without an article it may be any dogs: a claim is only "there are dogs", "one sees dogs", "dogs can be seen"."""
    if not (mention.plural or mention.text in MASS):
        return False
    if lead and (lead[-1] in FINDS or (lead[-1] in LISTS and "there" in lead)):
        return True
    return "," not in after[:4] and bool(SEEING & set(after[:4]))


def denied(clause: list[str], mention: Mention, before: list[str]) -> bool:
    """ "no dog", "I don't see a dog", "a dog isn't shown", "a dog is missing"."""
    after = clause[mention.end : mention.end + 8]
    after = after[: next((at for at, word in enumerate(after) if word in (",", "and")), None)]
    negative = any(map(_negates, after))
    if MISSING & set(after) or (negative and SEEING & set(after)):
        return not negative or not MISSING & set(after)
    if mention.determiner == "indefinite" and any(map(_negates, after[:2])):
        return True  # "a cloud isn't in view"
    if not any(map(_negates, before)):
        return False
    direct = any(word in ("no", "without", "neither", "nor") for word in before[-3:])
    taken_for_granted = mention.determiner == "definite" and not _owned(clause, mention)
    return not taken_for_granted or direct or bool(SEEING & set(before + after))


def _scope(clause: list[str], mention: Mention) -> list[str]:
    """The words before a mention, from the last comma on, unless a list goes on after that comma."""
    start = 0
    for at, word in enumerate(clause[: mention.start]):
        if word == "," and not _goes_on(clause, start, at):
            start = at + 1
    return clause[start : mention.start]


def _goes_on(clause: list[str], start: int, comma: int) -> bool:
    """Is the comma one of a list: "there isn't a house, a tent or a castle"?"""
    part = clause[start:comma]
    if clause[comma + 1] not in CONTINUES or clause[start] in SUBORDINATES or len(part) < 2:
        return False
    return bool(word_set("a an any no some") & set(part))


def _owned(clause: list[str], mention: Mention) -> bool:
    """ "its door": nobody takes for granted that it has one."""
    return clause[mention.phrase] in OWNERS


def _negates(word: str) -> bool:
    return word in DENIES or word.endswith("n't")


def _holds(words: list[str], phrase: list[str]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words)))


DIRECTIONS = {
    **dict.fromkeys(("left", "left-hand", "leftmost"), "left"),
    **dict.fromkeys(("right", "right-hand", "rightmost"), "right"),
    **dict.fromkeys(("above", "over", "higher", "atop"), "above"),
    "up": "above",  # before "than" or "from": "further up than"
    "down": "below",
    **dict.fromkeys(("below", "under", "underneath", "beneath", "lower"), "below"),
}
BETWEEN = word_set("of than side up down from to the")  # between the direction and the reference
ITS = word_set("its it their them")


@dataclass(frozen=True)
class Relation:
    """The subject lies that way of the reference."""

    subject: Mention
    way: str  # "left", "right", "above" or "below"
    reference: Mention


def direction_of(word: str) -> str | None:
    """ "beneath" → "below"."""
    return DIRECTIONS.get(word)


def stated(text: str) -> list[Relation]:
    """Every relation between two named things that a statement makes."""
    return [relation for clause in clauses(tokens(text)) for relation in _in_clause(clause)]


def _in_clause(clause: list[str]) -> list[Relation]:
    named = mentions(clause)
    if len(named) < 2 or any(word in DENIES or word.endswith("n't") for word in clause):
        return []
    found = []
    for at, word in enumerate(clause):
        way = direction_of(word)
        if way:
            found += _of_its(clause, named, at, way) or _of_the_next(clause, named, at, way)
    return found


def _of_its(clause: list[str], named: list[Mention], at: int, way: str) -> list[Relation]:
    """ "the cat has a dog on its left": the dog is left of the cat."""
    before = [m for m in named if m.end <= at]
    after = [m for m in named if m.start > at]
    rest = [word for word in clause[at + 1 : at + 4] if word != "of"]
    if not (clause[at - 1] in ITS or rest[:1] in (["it"], ["them"])):
        return []
    if len(before) >= 2:
        return [Relation(before[-1], way, before[-2])]
    return [Relation(after[0], way, before[0])] if before and after else []  # "the cat, and on its left a dog"


def _of_the_next(clause: list[str], named: list[Mention], at: int, way: str) -> list[Relation]:
    """ "a dog left of a cat"; and with the place first, "left of the cat sits a dog"."""
    reference = next((m for m in named if m.start > at), None)
    if reference is None or not set(clause[at + 1 : reference.phrase]) <= BETWEEN:
        return []
    between = set(clause[at + 1 : reference.phrase])
    if way in ("left", "right") and not {"of", "from", "than"} & between:
        return []
    if clause[at] in ("up", "down") and not {"from", "than"} & between:
        return []
    before = [m for m in named if m.end <= at]
    after = [m for m in named if m.start >= reference.end]
    if before:
        return [Relation(before[-1], way, reference)]
    return [Relation(after[0], way, reference)] if after else []
