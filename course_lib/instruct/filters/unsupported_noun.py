"""The filter for hallucinated objects: an answer claims, or a question presupposes, what neither captions nor boxes support.

`unsupported_nouns` is its simplest form, word by word, which the learner writes: the baseline that the filter is measured
against. `check_unsupported_noun` knows claims, denials, plurals and presuppositions.
"""

import re
from collections.abc import Collection, Mapping

from course_lib.instruct.filters.claims import CONDITIONAL, SEEING, claimed_mentions, is_denied
from course_lib.instruct.filters.mentions import Mention, find_mentions, is_supported
from course_lib.instruct.filters.text import clauses, denies_it, number, says_no, says_yes, sentences, tokens, word_set
from course_lib.instruct.formats import Defect, ImageContext, Sample, Turn

WORD_OR_END = re.compile(r"[a-z]+|[.!?]")
DENIALS = ("no", "not", "without")
THERE_IS = word_set("there see seen visible yes")  # "could there be a dog?" "Yes, a dog."
QUESTION_WORDS = word_set("what which where why who whose how when")
HYPOTHETICAL = word_set("would might may could should if like")


def unsupported_nouns(answer: str, known: Mapping[str, Collection[str]], supported: Collection[str]) -> list[str]:
    """The words of an answer that name things which nothing speaks for, in order and in lower case.

    `known`: a word → all that it may mean, as "boat" may be a sailboat or a ship. One supported meaning is enough. Whatever
    follows a denial ("no", "not", "without") is not claimed, up to the end of its sentence.
    """
    unsupported, denied = [], False
    for token in WORD_OR_END.findall(answer.lower()):
        if token in ".!?":
            denied = False
        elif token in DENIALS:
            denied = True
        elif token in known and not denied and not set(known[token]) & set(supported):
            unsupported.append(token)
    return unsupported


def check_unsupported_noun(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn, which names the first unsupported thing."""
    defects = []
    for turn_number, turn in enumerate(sample.turns):
        claimed = [*presupposed_mentions(turn), *asserted_mentions(turn), *bare_mentions(turn)]
        unsupported = next((mention for mention in claimed if not is_supported(mention, context)), None)
        if unsupported:
            message = f'"{unsupported.text}" is in no caption and no box of {context.id}'
            defects.append(Defect("unsupported_noun", turn_number, message))
    return defects


def asserted_mentions(turn: Turn) -> list[Mention]:
    """What the answer claims. To "what would you add?", the first sentence answers with what isn't there."""
    first, *others = list(sentences(tokens(turn.answer))) or [[]]
    claimed = [mention for sentence in others for mention in claimed_mentions(" ".join(sentence))]
    question = tokens(turn.question)
    if CONDITIONAL & set(question) and question[:2] != ["could", "you"] and not THERE_IS & set(first):
        return claimed + [m for m in claimed_mentions(" ".join(first)) if m.determiner == "definite"]
    return claimed + claimed_mentions(" ".join(first))


def bare_mentions(turn: Turn) -> list[Mention]:
    """ "What else is there?" "Mostly dogs." Elsewhere a noun without an article claims nothing."""
    question, clause = tokens(turn.question), next(clauses(tokens(turn.answer)), [])
    asks_what_is_seen = question and question[0] in QUESTION_WORDS and SEEING & set(question)
    if len(clause) > 4 or not asks_what_is_seen or HYPOTHETICAL & set(question):
        return []
    return [m for m in find_mentions(clause) if not m.determiner and not is_denied(clause, m, clause[: m.start])]


def presupposed_mentions(turn: Turn) -> list[Mention]:
    """What the question presupposes ("what is the dog doing?"), or the answer's yes confirms."""
    question = tokens(turn.question)
    question[:1] = [word.removesuffix("n't") for word in question[:1]]  # "isn't there a dog?" asks whether there is one
    if denies_it(turn.answer) if QUESTION_WORDS & set(question[:1]) else says_no(turn.answer):
        return []
    return [mention for mention in find_mentions(question) if _is_presupposed(question, mention, turn.answer)]


def _is_presupposed(question: list[str], mention: Mention, answer: str) -> bool:
    """Does the question, with this answer, take for granted that the thing is there?"""
    before = question[: mention.start]
    if is_denied(question, mention, before):
        return False
    if before[-2:] == ["how", "many"] or {"number", "count"} & set(before[-3:]):
        return any(number(word) for word in tokens(answer))  # a number above zero
    if mention.determiner == "definite":
        return True
    if QUESTION_WORDS & set(before):
        there = {"is", "are"} & set(before)  # "why is a dog here?", but not "what opens a door?"
        return mention.determiner == "indefinite" and bool(there) and not HYPOTHETICAL & set(question)
    return says_yes(answer)
