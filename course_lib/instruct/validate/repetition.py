"""A reply that repeats itself: small models write in circles, and who is trained on that does so, too (LLaVA-NeXT#218)."""

import re
from collections import Counter

from course_lib.instruct.context import ImageContext
from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect

NAME = "repetition"
ENDS = re.compile(r"[.!?\n]+")
WORD = re.compile(r"\w+(?:['-]\w+)*")
SHORT = 3  # words: "Yes, it is." may well come twice
RUN, TIMES = 5, 3  # so many words, so often: a circle without a full stop


def check(sample: Sample, context: ImageContext) -> list[Defect]:
    """One defect for each turn that asks what was asked before, or whose answer says something again."""
    found, asked = [], set()
    for at, turn in enumerate(sample.turns):
        question = words(turn.question)
        again = said_again(turn.answer)
        if question in asked:
            found.append(Defect(NAME, at, "this was asked before"))
        elif again:
            found.append(Defect(NAME, at, f'it says again: "{again}"'))
        asked.add(question)
    return found


def words(text: str) -> tuple[str, ...]:
    """The words, in lower case."""
    return tuple(WORD.findall(text.lower()))


def said_again(answer: str) -> str:
    """The first sentence that comes twice, or the first run of words that comes three times; "" if there is none."""
    sentences = [words(sentence) for sentence in ENDS.split(answer)]
    long = Counter(sentence for sentence in sentences if len(sentence) >= SHORT)
    all_words = words(answer)
    runs = Counter(all_words[at : at + RUN] for at in range(len(all_words) - RUN + 1))
    often = [run for run, times in long.items() if times > 1] + [run for run, times in runs.items() if times >= TIMES]
    return " ".join(often[0]) if often else ""
