"""Samples that nearly repeat another one: their runs of three words, compared by Jaccard's measure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from course_lib.instruct.conversation import Sample
from course_lib.instruct.validate.defect import Defect
from course_lib.instruct.validate.words import TOKEN

NAME = "near_duplicate"
SAME_PICTURE, OTHER_PICTURE = 0.5, 0.8  # how alike two samples may be; short answers about two pictures may well agree
LONG = 25  # words: from there on, another picture's text is no coincidence
RUN = 3


def check(samples: Sequence[Sample]) -> dict[int, Defect]:
    """Number of a sample → its defect. Of a pair that is alike, the later one has it."""
    found: dict[int, Defect] = {}
    runs = [shingles(text(sample)) for sample in samples]
    for early, late, shared in pairs(runs):
        alike = shared / (len(runs[early]) + len(runs[late]) - shared)
        if late not in found and alike >= limit(samples[early], samples[late]):
            found[late] = Defect(NAME, None, f"{100 * alike:.0f} % as sample {early}, {samples[early].id}")
    return found


def text(sample: Sample) -> str:
    """All that is said."""
    return " ".join(f"{turn.question} {turn.answer}" for turn in sample.turns)


def shingles(said: str) -> frozenset[tuple[str, ...]]:
    """Every run of three words, in lower case and without punctuation; a shorter text is one run."""
    words = [word.lower() for word in TOKEN.findall(said) if word[0].isalnum()]
    return frozenset(tuple(words[at : at + RUN]) for at in range(max(len(words) - RUN + 1, 1)))


def pairs(runs: Sequence[frozenset]) -> Iterator[tuple[int, int, int]]:
    """(early, late, how many runs they share) for all samples that share any, by an index from run to samples."""
    index: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for late, own in enumerate(runs):
        shared: dict[int, int] = defaultdict(int)
        for run in own:
            for early in index[run]:
                shared[early] += 1
            index[run].append(late)
        yield from ((early, late, count) for early, count in sorted(shared.items()))


def limit(early: Sample, late: Sample) -> float:
    """From which measure on two samples count as the same. Above 1: never."""
    if early.image == late.image:
        return SAME_PICTURE
    return OTHER_PICTURE if len(TOKEN.findall(text(late))) >= LONG else 2.0
