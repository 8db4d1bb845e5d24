"""Filters across the samples of a data set: near-duplicates by the Jaccard index of their shingles, and yes-bias."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

from course_lib.figures import wilson
from course_lib.instruct.filters.text import TOKEN, tokens
from course_lib.instruct.formats import Defect, Sample

SAME_IMAGE_THRESHOLD = 0.5  # from this Jaccard index on, two samples about one picture are near-duplicates
OTHER_IMAGE_THRESHOLD = 0.8  # about two pictures; short answers about them may well agree
MIN_TOKENS = 25  # from there on, another picture's text is no coincidence
SHINGLE_SIZE = 3  # words
MIN_YES_FRAC, MAX_YES_FRAC = 0.4, 0.6  # of the yes/no answers

Shingles = frozenset[tuple[str, ...]]


def check_near_duplicates(samples: Sequence[Sample]) -> dict[int, Defect]:
    """Number of a sample → its defect. Of a pair that is alike, the later one has it."""
    duplicates: dict[int, Defect] = {}
    shingle_sets = [shingles(sample_text(sample)) for sample in samples]
    for early, late in sorted(candidate_pairs(samples, shingle_sets)):
        overlap = len(shingle_sets[early] & shingle_sets[late])
        jaccard = overlap / (len(shingle_sets[early]) + len(shingle_sets[late]) - overlap)
        if late not in duplicates and jaccard >= threshold(samples[early], samples[late]):
            message = f"{100 * jaccard:.0f} % as sample {early}, {samples[early].id}"
            duplicates[late] = Defect("near_duplicate", None, message)
    return duplicates


def sample_text(sample: Sample) -> str:
    """All questions and answers."""
    return " ".join(f"{turn.question} {turn.answer}" for turn in sample.turns)


def shingles(text: str) -> Shingles:
    """Every run of three words, in lower case and without punctuation; a shorter text is one run."""
    words = [word.lower() for word in TOKEN.findall(text) if word[0].isalnum()]
    return frozenset(tuple(words[at : at + SHINGLE_SIZE]) for at in range(max(len(words) - SHINGLE_SIZE + 1, 1)))


def candidate_pairs(samples: Sequence[Sample], shingle_sets: Sequence[Shingles]) -> set[tuple[int, int]]:
    """Pairs (early, late) worth comparing: of one picture, or with one of their rarest shingles in common.

    Who shares 80 % of n shingles with another shares at least one of any 20 % of them (and one more). The rarest ones are
    shared with fewest others, so that even among 100,000 samples few pairs are left. (Prefix filtering: it is exact, where
    MinHash would estimate.)
    """
    frequency = Counter(shingle for sample_shingles in shingle_sets for shingle in sample_shingles)
    index: dict[object, list[int]] = defaultdict(list)
    for number, (sample, sample_shingles) in enumerate(zip(samples, shingle_sets, strict=True)):
        index[sample.image].append(number)
        if len(TOKEN.findall(sample_text(sample))) >= MIN_TOKENS:
            prefix_length = len(sample_shingles) - math.ceil(OTHER_IMAGE_THRESHOLD * len(sample_shingles)) + 1
            for shingle in sorted(sample_shingles, key=lambda shingle: (frequency[shingle], shingle))[:prefix_length]:
                index[shingle].append(number)
    return {pair for numbers in index.values() for pair in combinations(numbers, 2)}


def threshold(early: Sample, late: Sample) -> float:
    """From which Jaccard index on two samples count as the same. Above 1: never."""
    if early.image == late.image:
        return SAME_IMAGE_THRESHOLD
    return OTHER_IMAGE_THRESHOLD if len(TOKEN.findall(sample_text(late))) >= MIN_TOKENS else 2.0


def check_yes_bias(samples: Sequence[Sample]) -> list[Defect]:
    """One defect of the whole data set, or none: chance alone must not explain a share of yes outside the limits."""
    answers = yes_no_answers(samples)
    if not answers:
        return []
    yes_frac = sum(answers) / len(answers)
    low, high = wilson(yes_frac, len(answers))
    if low <= MAX_YES_FRAC and high >= MIN_YES_FRAC:
        return []
    return [Defect("yes_bias", None, f"{100 * yes_frac:.0f} % of {len(answers)} answers are yes")]


def yes_no_answers(samples: Sequence[Sample]) -> list[bool]:
    """Every answer that begins with yes (True) or no (False)."""
    first_tokens = [tokens(turn.answer.capitalize())[:1] for sample in samples for turn in sample.turns]
    return [first == ["yes"] for first in first_tokens if first in (["yes"], ["no"])]
