"""Hallucination: an answer claims, or a question takes for granted, what neither captions nor boxes speak for."""

from course_lib.instruct.filters.claims import CONDITIONAL, SEEING, claimed, denied
from course_lib.instruct.filters.defect import Defect
from course_lib.instruct.filters.vocabulary import Mention, mentions, supported
from course_lib.instruct.filters.words import clauses, denies_it, number, says_no, says_yes, sentences, tokens, word_set
from course_lib.instruct.formats import ImageContext, Sample, Turn

NAME = "unsupported_noun"
THERE_IS = word_set("there see seen visible yes")  # "could there be a dog?" "Yes, a dog."
ASKS_FOR = word_set("what which where why who whose how when")
IMAGINES = word_set("would might may could should if like")


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn, which names the first unsupported thing."""
    found = []
    for number_of_turn, turn in enumerate(sample.turns):
        wrong = next((m for m in claimed_in(turn) if not supported(m, context)), None)
        if wrong:
            message = f'"{wrong.text}" is in no caption and no box of {context.id}'
            found.append(Defect(NAME, number_of_turn, message))
    return found


def claimed_in(turn: Turn) -> list[Mention]:
    """Claims of the answer, and of the question together with its answer."""
    return [*presupposed(turn), *said(turn), *named_alone(turn)]


def said(turn: Turn) -> list[Mention]:
    """What the answer claims. To "what would you add?", the first sentence answers with what isn't there."""
    first, *others = list(sentences(tokens(turn.answer))) or [[]]
    found = [mention for sentence in others for mention in claimed(" ".join(sentence))]
    asked = tokens(turn.question)
    if CONDITIONAL & set(asked) and asked[:2] != ["could", "you"] and not THERE_IS & set(first):
        return found + [m for m in claimed(" ".join(first)) if m.determiner == "definite"]
    return found + claimed(" ".join(first))


def named_alone(turn: Turn) -> list[Mention]:
    """ "What else is there?" "Mostly dogs." Elsewhere a noun without an article claims nothing."""
    asked, words = tokens(turn.question), next(clauses(tokens(turn.answer)), [])
    if len(words) > 4 or not (asked and asked[0] in ASKS_FOR and SEEING & set(asked)) or IMAGINES & set(asked):
        return []
    return [m for m in mentions(words) if not m.determiner and not denied(words, m, words[: m.start])]


def presupposed(turn: Turn) -> list[Mention]:
    """What the question takes for granted ("what is the dog doing?"), or the answer's yes confirms."""
    words = tokens(turn.question)
    words[:1] = [word.removesuffix("n't") for word in words[:1]]  # "isn't there a dog?" asks whether there is one
    if denies_it(turn.answer) if ASKS_FOR & set(words[:1]) else says_no(turn.answer):
        return []
    return [m for m in mentions(words) if _granted(words, m, turn.answer)]


def _granted(words: list[str], mention: Mention, answer: str) -> bool:
    before = words[: mention.start]
    if denied(words, mention, before):
        return False
    if before[-2:] == ["how", "many"] or {"number", "count"} & set(before[-3:]):
        return any(number(word) for word in tokens(answer))  # a number above zero
    if mention.determiner == "definite":
        return True
    if ASKS_FOR & set(before):
        there = {"is", "are"} & set(before)  # "why is a dog here?", but not "what opens a door?"
        return mention.determiner == "indefinite" and bool(there) and not IMAGINES & set(words)
    return says_yes(answer)
