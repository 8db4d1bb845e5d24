"""Samples that nearly repeat another one: their runs of three words, compared by Jaccard's measure."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

from course_lib.figures import wilson
from course_lib.instruct.filters.defect import Defect
from course_lib.instruct.filters.words import TOKEN, tokens
from course_lib.instruct.formats import Sample

NEAR_DUPLICATE = "near_duplicate"
SAME_PICTURE, OTHER_PICTURE = 0.5, 0.8  # how alike two samples may be; short answers about two pictures may well agree
LONG = 25  # words: from there on, another picture's text is no coincidence
RUN = 3


def check_near_duplicates(samples: Sequence[Sample]) -> dict[int, Defect]:
    """Number of a sample → its defect. Of a pair that is alike, the later one has it."""
    found: dict[int, Defect] = {}
    runs = [shingles(text(sample)) for sample in samples]
    for early, late in sorted(candidates(samples, runs)):
        shared = len(runs[early] & runs[late])
        alike = shared / (len(runs[early]) + len(runs[late]) - shared)
        if late not in found and alike >= limit(samples[early], samples[late]):
            found[late] = Defect(NEAR_DUPLICATE, None, f"{100 * alike:.0f} % as sample {early}, {samples[early].id}")
    return found


def text(sample: Sample) -> str:
    """All that is said."""
    return " ".join(f"{turn.question} {turn.answer}" for turn in sample.turns)


def shingles(said: str) -> frozenset[tuple[str, ...]]:
    """Every run of three words, in lower case and without punctuation; a shorter text is one run."""
    words = [word.lower() for word in TOKEN.findall(said) if word[0].isalnum()]
    return frozenset(tuple(words[at : at + RUN]) for at in range(max(len(words) - RUN + 1, 1)))


def candidates(samples: Sequence[Sample], runs: Sequence[frozenset]) -> set[tuple[int, int]]:
    """Pairs (early, late) worth comparing: of one picture, or with one of their rarest runs in common.

    Who shares 80 % of n runs with another shares at least one of any 20 % of them (and one more). The rarest ones are
    shared with fewest others, so that even among 100,000 samples few pairs are left.
    """
    frequency = Counter(run for own in runs for run in own)
    index: dict[object, list[int]] = defaultdict(list)
    for number, (sample, own) in enumerate(zip(samples, runs, strict=True)):
        index[sample.image].append(number)
        if len(TOKEN.findall(text(sample))) >= LONG:
            some = len(own) - math.ceil(OTHER_PICTURE * len(own)) + 1
            for run in sorted(own, key=lambda run: (frequency[run], run))[:some]:
                index[run].append(number)
    return {pair for numbers in index.values() for pair in combinations(numbers, 2)}


def limit(early: Sample, late: Sample) -> float:
    """From which measure on two samples count as the same. Above 1: never."""
    if early.image == late.image:
        return SAME_PICTURE
    return OTHER_PICTURE if len(TOKEN.findall(text(late))) >= LONG else 2.0


YES_BIAS = "yes_bias"
LOW, HIGH = 0.4, 0.6  # the share of yes should lie between them


def check_yes_bias(samples: Sequence[Sample]) -> list[Defect]:
    """One defect of the whole data set, or none: chance alone must not explain a share outside the limits."""
    answers = yes_or_no(samples)
    if not answers:
        return []
    share = sum(answers) / len(answers)
    low, high = wilson(share, len(answers))
    if low <= HIGH and high >= LOW:
        return []
    return [Defect(YES_BIAS, None, f"{100 * share:.0f} % of {len(answers)} answers are yes")]


def yes_or_no(samples: Sequence[Sample]) -> list[bool]:
    """Every answer that begins with yes or no."""
    firsts = [tokens(turn.answer.capitalize())[:1] for sample in samples for turn in sample.turns]
    return [first == ["yes"] for first in firsts if first in (["yes"], ["no"])]
