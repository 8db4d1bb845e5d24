"""Answers that are none: refusals, and empty ones."""

import re

from course_lib.instruct.context import ImageContext
from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect
from course_lib.instruct.validate.words import sentences, tokens, word_set

NAME, EMPTY = "refusal", "empty"
I_CANNOT = re.compile(
    r"\b(i|we) (cannot|can not|can't|could not|couldn't|am unable|am not able|won't be able|will not be able|am not in a position"
    r"|must decline|have to decline|have no (access|way)|don't have|do not have|do not look|am not allowed|would rather not"
    r"|lack the)\b"
)
WHAT_IS_ASKED = word_set(  # what a refusal says it can't do; "I can't see the moon" is an answer
    "help assist answer comment describe provide process view access determine tell image images picture "
    "pictures photo photos photograph photographs visual decline request information ability"
)
AT_ONCE = re.compile(
    r"\bas an? (ai|artificial|language|text|large)\b|\bno (image|picture|photo) (was|has been|is) (attached|provided|given|sent)"
    r"|\b(enough|sufficient|insufficient) (information|context|detail)|\bbeyond (what i|my)\b|\bnot be appropriate\b"
    r"|\bi'm (sorry|afraid),? (but )?(i|that)\b"
)
SHORT_FORMS = {"i'm": "i am", "we're": "we are", "i've": "i have", "’": "'"}
NOTHING = frozenset(
    ("", "na", "none given", "no answer", "null", "nil", "nan", "tbd", "no response", "blank", "undefined")
)


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn without an answer."""
    found = []
    for at, turn in enumerate(sample.turns):
        if is_empty(turn.answer) or is_empty(turn.question):
            found.append(Defect(EMPTY, at, "nothing is said"))
        elif refuses(turn.answer):
            found.append(Defect(NAME, at, f'instead of an answer: "{turn.answer[:60]}"'))
    return found


def is_empty(text: str) -> bool:
    """No letter and no digit, or a word that stands for nothing. "no" and "none" are answers."""
    return re.sub(r"[^a-z0-9 ]", "", text.lower()).strip() in NOTHING


def refuses(text: str) -> bool:
    """Does a sentence of it say that the writer can't or won't answer?"""
    return any(_refuses(" ".join(sentence)) for sentence in sentences(tokens(text)))


def _refuses(sentence: str) -> bool:
    long = sentence
    for short, full in SHORT_FORMS.items():
        long = long.replace(short, full)
    return bool(AT_ONCE.search(sentence) or (I_CANNOT.search(long) and WHAT_IS_ASKED & set(long.split())))
