"""Is a thing that a clause names said to be there, or only denied, imagined or compared with?"""

from course_lib.instruct.validate.mentions import Mention, mentions
from course_lib.instruct.validate.words import clauses, tokens, word_set

DENIES = word_set("no not without neither nor none nothing nobody never cannot nowhere lacks lacking lack")
MISSING = frozenset(("missing", "absent"))
SEEING = word_set(  # "I don't see the dog" denies it; "the dog doesn't move" takes it for granted
    "see seen sees show shows shown visible there present found find contain contains have has include "
    "includes included spot spotted depicted depict sight notice recognise recognize identify detect "
    "discernible anywhere"
)
IMAGINES = word_set(
    "if would might may could should perhaps maybe imagine wish want wants need needs needed like likes "
    "unlike resemble resembles resembling reminds remind reminiscent than instead such mistaken mistake "
    "as without against often usually typically generally whether suppose hunt hunts eat eats"
)
CONDITIONAL = word_set("would could might may should")
EXISTS = (["there", "might", "be"], ["there", "may", "be"], ["there", "could", "be"], ["might", "be", "seen"])
SHOWS = word_set(  # before a bare plural: "there are dogs", "we see dogs"
    "are see shows show with contains features holds includes and spot depicts several of displays is"
)
CONTINUES = word_set("a an any nor or no neither not")  # after a comma: the list of what is denied goes on
SUBORDINATES = word_set("while although though since as because when if")


def claimed(text: str) -> list[Mention]:
    """The things that this statement says, or takes for granted, to be in the picture."""
    return [m for clause in clauses(tokens(text)) for m in mentions(clause) if is_claimed(clause, m)]


def is_claimed(clause: list[str], mention: Mention) -> bool:
    """Is this mention a claim that the thing is there?"""
    before = _scope(clause, mention)
    if denied(clause, mention, before):
        return False
    if mention.determiner == "definite":
        return not ({"like", "unlike"} & set(before[-2:]))
    if IMAGINES & set(before) and not any(_holds(before, phrase) for phrase in EXISTS):
        return False
    if CONDITIONAL & set(clause[mention.end : mention.end + 2]):  # "a rabbit would run away"
        return False
    if not mention.determiner:
        return (mention.plural or _is_mass(mention)) and bool(before) and before[-1] in SHOWS and "there" in before
    return True


def denied(clause: list[str], mention: Mention, before: list[str]) -> bool:
    """ "no dog", "I don't see a dog", "a dog isn't shown", "a dog is missing"."""
    after = clause[mention.end : mention.end + 6]
    after = after[: after.index(",")] if "," in after else after
    negative = any(map(_negates, after[:3]))
    if MISSING & set(after[:4]) or (negative and SEEING & set(after)):
        return not negative or not MISSING & set(after)
    if not any(map(_negates, before)):
        return False
    direct = any(word in ("no", "without", "neither", "nor") for word in before[-3:])
    return mention.determiner != "definite" or direct or bool(SEEING & set(before + after))


def _scope(clause: list[str], mention: Mention) -> list[str]:
    """The words before a mention, from the last comma on, unless a list goes on after that comma."""
    start = 0
    for at, word in enumerate(clause[: mention.start]):
        if word == "," and not (clause[at + 1] in CONTINUES and clause[start] not in SUBORDINATES and at > start + 1):
            start = at + 1
    return clause[start : mention.start]


def _negates(word: str) -> bool:
    return word in DENIES or word.endswith("n't")


def _holds(words: list[str], phrase: list[str]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words)))


def _is_mass(mention: Mention) -> bool:
    from course_lib.world.nouns import MASS

    return mention.text in MASS
