"""What is mixed into training: how often each language comes, and which questions may stand beside a picture."""

import math
from collections.abc import Collection, Sequence
from typing import NamedTuple

from course_lib.emergence.languages import KINDS


class Record(NamedTuple):
    """A question before it is put into words: the tag says in which language it will be asked, None where nobody knows."""

    language: str | None
    kind: str
    english: str  # the question's English wording


def picture_questions(records: Sequence[Record], picture_languages: Collection[str]) -> list[Record]:
    """The records that may stand beside a picture, in their order: in these languages, of KINDS, and quoting no sign.

    records: any mixture of languages and kinds. An unknown language is none of `picture_languages`; "read" is none of KINDS.
    """
    return [
        one
        for one in records
        if one.language in picture_languages and one.kind in KINDS and '"' not in one.english  # a sign's text is quoted
    ]


def sampling_probabilities(counts: dict[str, int], temperature: float) -> dict[str, float]:
    """The share of each language in training, p ∝ n^(1/T): T = 1 keeps the data's shares, T = ∞ makes all languages equal.

    counts: conversations of each language; a language that has none is never drawn. temperature: T ≥ 1, may be infinite. mT5 writes
    α for 1/T and takes 0.3 (Xue et al., 2021, arXiv 2010.11934, section 3), XLM-R too (Conneau et al., 2020, arXiv 1911.02116).
    """
    weights = {code: count ** (1 / temperature) if count else 0.0 for code, count in counts.items()}
    total = math.fsum(weights.values())
    return {code: weight / total for code, weight in weights.items()}
