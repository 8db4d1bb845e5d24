"""Roles exchanged: the human tells, or the assistant asks."""

import re

from course_lib.instruct.context import ImageContext
from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect
from course_lib.instruct.validate.words import word_set

NAME = "role_swap"
REQUESTS = word_set(
    "describe tell name count give list explain read write walk say show look find point compare identify "
    "mention state summarise summarize please imagine guess answer what which where who whose why how is "
    "are do does did can could would will should has have was were let take"
)
ORDERS = word_set("describe tell name list explain please")  # no answer begins like this


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn whose question doesn't ask, or whose answer does."""
    found = []
    for at, turn in enumerate(sample.turns):
        if turn.question.strip() and not asks(turn.question):
            found.append(Defect(NAME, at, "the human doesn't ask anything"))
        elif asks_back(turn.answer):
            found.append(Defect(NAME, at, "the assistant asks"))
    return found


def asks(text: str) -> bool:
    """A question mark, or a part that begins like a question or a request: "of the two, name the bigger one"."""
    starts = [words[0] for part in re.split(r"[,.;:!]\s*", text.lower()) if (words := part.split())]
    return "?" in text or bool(REQUESTS & set(starts))


def asks_back(text: str) -> bool:
    """Does the answer end in a question, or begin with an order?"""
    text = text.strip()
    first = re.match(r"[a-z]*", text.lower()).group()
    return (len(text) > 1 and text.endswith("?")) or first in ORDERS
