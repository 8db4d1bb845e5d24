"""What a filter says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """Something that should not be trained on."""

    name: str  # such as "unsupported_noun"
    turn: int | None  # number of the question and its answer, from 0; None: the sample as a whole
    message: str  # what is wrong, for a person
