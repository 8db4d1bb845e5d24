"""Leakage: the text gives away that its writer read captions and boxes, and saw no picture."""

import re

from course_lib.instruct.context import ImageContext
from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect

NAME = "leakage"
PHRASES = {  # what leaks → how it is said
    "captions": r"\bcaption(s|ed|ing)?\b",
    "boxes": r"\b(bounding|detection)[ -]box|\bbbox|\bbox coordinates",
    "coordinates": r"\bcoordinates?\b|\b[01]\.\d\d+\b|\[\s*\d+(\.\d+)?\s*,\s*\d",
    "annotations": r"\bannotat(ed|ions?|or)\b|\bmetadata\b|\bobject detect(ion|or)\b|\bdataset\b",
    "what was given": r"\b(provided|given|supplied) (text|descriptions?|information|sentences?|context|data|details|input|list)\b"
    r"|\b(text|descriptions?|information|sentences?|context|data|details|input|list) (that )?(i was |was |were |is |are )?"
    r"(provided|given|supplied)\b",
    "according to": r"\b(according to|based on|going by|judging by|as (stated|mentioned|described) (in|by)|mentioned in|from|in) "
    r"(the|this|these|my|what the) (texts?|descriptions?|information|sentences?|context|data|input|prompt|list)\b",
    "texts that speak": r"\b(descriptions?|sentences?|texts?|input|context|prompt) (all )?"
    r"(says?|mentions?|states?|tells?|names?|lists?|notes?|describes?|indicates?|does not|doesn't|do not|don't)\b",
}
COMPILED = {what: re.compile(phrase, re.IGNORECASE) for what, phrase in PHRASES.items()}
IN_QUESTIONS = ("captions", "boxes", "coordinates", "annotations")  # the rest may well be asked by somebody who sees


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn that mentions its sources."""
    found = []
    for at, turn in enumerate(sample.turns):
        what = leak(turn.answer) or leak(turn.question, IN_QUESTIONS)
        if what:
            found.append(Defect(NAME, at, f"it gives away that the picture was not seen ({what})"))
    return found


def leak(text: str, kinds: tuple[str, ...] = tuple(PHRASES)) -> str | None:
    """What kind of source the text mentions, if any."""
    return next((what for what in kinds if COMPILED[what].search(text)), None)
