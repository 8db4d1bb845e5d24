"""Is a thing that a clause names said to be there, or only denied, imagined or compared with?"""

from course_lib.instruct.filters.mentions import SUBJECTS, Mention, find_mentions
from course_lib.instruct.filters.text import clauses, tokens, word_set
from course_lib.world.nouns import MASS

DENIES = word_set("no not without neither nor none nothing nobody never cannot nowhere lacks lacking lack")
MISSING = frozenset(("missing", "absent"))
SEEING = word_set(  # "I don't see the dog" denies it; "the dog doesn't move" takes it for granted
    "see seen sees show shows shown visible there present found find contain contains have has include "
    "includes included spot spotted depicted depict sight notice recognise recognize identify detect "
    "discernible anywhere heard"
)
HYPOTHETICAL = word_set(
    "if would might may could should imagine wish want wants need needs needed make bake cook draw "
    "build resemble resembles resembling reminds remind reminiscent instead mistaken mistake without against "
    "often usually typically generally whether suppose hunt hunts eat eats"
)
GUESSING = word_set("perhaps maybe")
COMPARING = word_set("like likes unlike as than") | GUESSING
CONDITIONAL = word_set("would could might may should")
EXISTS = (["there", "might", "be"], ["there", "may", "be"], ["there", "could", "be"], ["might", "be", "seen"])
AFTER_THERE = word_set("are with and several of is")  # after "there": "there are dogs", "there is bread"
SHOWING_VERBS = word_set(
    "see sees show shows contain contains feature features hold holds include includes display displays"
)
POSSESSIVES = word_set("its his her their my your our")
CONTINUES_LIST = word_set("a an any nor or no neither not let")  # after a comma: the list of what is denied goes on
SUBORDINATES = word_set("while although though since as because when if")
COORDINATES = word_set("and or nor")


def claimed_mentions(text: str) -> list[Mention]:
    """The things that this statement says, or takes for granted, to be in the picture."""
    return [m for clause in clauses(tokens(text)) for m in find_mentions(clause) if is_claimed(clause, m)]


def is_claimed(clause: list[str], mention: Mention) -> bool:
    """Is this mention a claim that the thing is there?"""
    before = _scope(clause, mention)
    lead = before[: len(before) - (mention.start - mention.phrase)]  # without its own article and adjectives
    if is_denied(clause, mention, before):
        return False
    if mention.determiner == "definite" and not (
        _is_owned(clause, mention) and _is_hypothetical(lead, [])
    ):  # "the dog" takes for granted that there is one, whatever is said of it
        return not ({"like", "unlike"} & set(lead[-2:])) and "whether" not in lead
    if _is_compared(lead, clause[mention.end :]) or _is_hypothetical(lead, clause[mention.end :]):
        return False
    return bool(mention.determiner) or _is_existential(mention, lead, clause[mention.end :])


def _is_compared(lead: list[str], after: list[str]) -> bool:
    """ "like a dog", "faster than in a bus", "as a dog and a cat do"; but "a cat as well as a dog" has both."""
    if lead[-3:] == ["as", "well", "as"]:
        return False
    if lead[-1:] == ["as"] and after and after[0].endswith("s") and after[0] not in ("is", "does", "has", "was"):
        return False  # "as a dog stands by": the reason for something
    at = max((at for at, word in enumerate(lead) if word in COMPARING), default=None)
    if at is None:
        return False
    between = lead[at + 1 :]
    guessed = lead[at] in GUESSING and bool(SUBJECTS & set(between[:1]))  # "perhaps he went for a walk with a dog"
    return len(between) <= 1 or guessed or bool(COORDINATES & set(between))


def _is_hypothetical(lead: list[str], after: list[str]) -> bool:
    """ "if a dog came", "a dog would bark", "a dog or a cat might do"; but "there may be a dog" says enough."""
    if HYPOTHETICAL & set(lead) and not any(_contains(lead, phrase) for phrase in EXISTS):
        return True
    near = after[:5] if after and after[0] in COORDINATES else after[:2]
    return bool(CONDITIONAL & set(near))


def _is_existential(mention: Mention, lead: list[str], after: list[str]) -> bool:
    """Without an article it may be any dogs: a claim is only "there are dogs", "one sees dogs", "dogs can be seen"."""
    if not (mention.plural or mention.text in MASS):
        return False
    if lead and (lead[-1] in SHOWING_VERBS or (lead[-1] in AFTER_THERE and "there" in lead)):
        return True
    return "," not in after[:4] and bool(SEEING & set(after[:4]))


def is_denied(clause: list[str], mention: Mention, before: list[str]) -> bool:
    """ "no dog", "I don't see a dog", "a dog isn't shown", "a dog is missing"."""
    after = clause[mention.end : mention.end + 8]
    after = after[: next((at for at, word in enumerate(after) if word in (",", "and")), None)]
    negative = any(map(negates, after))
    if MISSING & set(after) or (negative and SEEING & set(after)):
        return not negative or not MISSING & set(after)
    if mention.determiner == "indefinite" and any(map(negates, after[:2])):
        return True  # "a cloud isn't in view"
    if not any(map(negates, before)):
        return False
    direct = any(word in ("no", "without", "neither", "nor") for word in before[-3:])
    taken_for_granted = mention.determiner == "definite" and not _is_owned(clause, mention)
    return not taken_for_granted or direct or bool(SEEING & set(before + after))


def _scope(clause: list[str], mention: Mention) -> list[str]:
    """The words before a mention, from the last comma on, unless a list goes on after that comma."""
    start = 0
    for at, word in enumerate(clause[: mention.start]):
        if word == "," and not _continues_list(clause, start, at):
            start = at + 1
    return clause[start : mention.start]


def _continues_list(clause: list[str], start: int, comma: int) -> bool:
    """Is the comma one of a list: "there isn't a house, a tent or a castle"?"""
    part = clause[start:comma]
    if clause[comma + 1] not in CONTINUES_LIST or clause[start] in SUBORDINATES or len(part) < 2:
        return False
    return bool(word_set("a an any no some") & set(part))


def _is_owned(clause: list[str], mention: Mention) -> bool:
    """ "its door": nobody takes for granted that it has one."""
    return clause[mention.phrase] in POSSESSIVES


def negates(word: str) -> bool:
    """ "not", "no", "isn't"."""
    return word in DENIES or word.endswith("n't")


def _contains(words: list[str], phrase: list[str]) -> bool:
    return any(words[at : at + len(phrase)] == phrase for at in range(len(words)))
