"""Two controls: do answers follow a permuted dictionary, and does reading need both its text and its eyes?"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from course_lib.lm.data.instructions import clean

READING = (("read_neither", "read_letters"), ("read_text", "read_text_letters"))  # arms: [reading texts?][letter head?]


def count_following(
    replies: Sequence[str], true: Sequence[Collection[str]], turned: Sequence[Collection[str]]
) -> tuple[int, int]:
    """(replies that follow the permuted dictionary, replies that can tell the two dictionaries apart).

    true, turned: for each reply, the answers that the true dictionary accepts, and those that the permuted one does, as `clean` makes
    them. A reply can tell if exactly one of the two accepts it: "oui" is right in both, nonsense in neither.
    """
    judged = [(clean(reply) in a, clean(reply) in b) for reply, a, b in zip(replies, true, turned, strict=True)]
    follows = [by_turned for by_true, by_turned in judged if by_true != by_turned]
    return sum(follows), len(follows)


def reading_interaction(read: Mapping[str, tuple[int, int]]) -> tuple[float, float, float]:
    """The interaction of reading texts and letter head, with its interval. read: arm of READING → (letters found, of how many)."""
    table = np.array([[read[arm] for arm in row] for row in READING])  # [2, 2, 2]
    return interaction(table[..., 0], table[..., 1])


def interaction(right: np.ndarray, asked: np.ndarray) -> tuple[float, float, float]:
    """(interaction, low, high): what the second factor adds with the first, less what it adds without; 95 % interval.

    right, asked: counts [2, 2], indexed [first factor?][second factor?], treated as independent. The interval is the normal one from
    the variances p(1 − p)/n of all four shares; it is too narrow where shares are close to 0 or 1 and n is small.
    """
    shares = right / asked
    difference = (shares[1, 1] - shares[1, 0]) - (shares[0, 1] - shares[0, 0])
    half = 1.96 * np.sqrt((shares * (1 - shares) / asked).sum())
    return float(difference), float(difference - half), float(difference + half)
