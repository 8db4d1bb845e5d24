"""Exercise on attention: the mask of the future."""

import torch

from course_lib.checker.task import Mistake, Task
from course_lib.lm.attention import causal_mask


def mask_inputs(rng) -> tuple[int]:
    """A length, 1 among them."""
    return (rng.in_turn((5, 1, 2, 8, int(rng.integers(3, 9)))),)


def mask_strict(length):
    return torch.arange(length)[:, None] > torch.arange(length)


def mask_one_ahead(length):
    return torch.arange(length)[:, None] + 1 >= torch.arange(length)


def mask_transposed(length):
    return torch.arange(length)[:, None] <= torch.arange(length)


def mask_everything(length):
    return torch.ones(length, length, dtype=torch.bool)


def mask_inverted(length):
    return torch.arange(length)[:, None] < torch.arange(length)


def mask_of_zeros_and_ones(length):
    return torch.ones(length, length).tril()


def mask_of_whole_numbers(length):
    return torch.ones(length, length, dtype=torch.int64).tril()


def mask_as_a_list(length):
    return [[j <= i for j in range(length)] for i in range(length)]


def mask_to_be_added(length):
    return torch.full((length, length), -torch.inf).triu(1)


def mask_itself_only(length):
    return torch.eye(length, dtype=torch.bool)


def mask_by_tril(length):
    return torch.ones(length, length).tril().bool()


def mask_by_loop(length):
    return torch.tensor([[j <= i for j in range(length)] for i in range(length)])


def mask_by_filling(length):
    mask = torch.zeros(length, length, dtype=torch.bool)
    for i in range(length):
        mask[i, : i + 1] = True
    return mask


TASKS = [
    Task(
        id="lm.causal_mask",
        title="Nobody reads the future",
        difficulty=1,
        importance=4,
        minutes=6,
        reference=causal_mask,
        used_at=("lm.attention:causal_mask",),
        make_inputs=mask_inputs,
        mistakes=(
            Mistake(
                "can't see itself",
                mask_strict,
                "Off by one: no token may look at itself, and the first one at nothing at all (a softmax over nothing is nan). Token i may look at j ≤ i, not only j < i.",
            ),
            Mistake(
                "sees one token ahead",
                mask_one_ahead,
                "Off by one: every token sees the next one, which is the very token it must predict. The loss falls to nearly 0, and the model can't write.",
            ),
            Mistake(
                "transposed",
                mask_transposed,
                "Transposed: token i sees only what comes *after* it. Rows are readers, columns are what is read: True in and below the diagonal.",
            ),
            Mistake(
                "everything visible",
                mask_everything,
                "Everybody sees everything, the future too. True only where the column's position is not after the row's.",
            ),
            Mistake(
                "says what is hidden",
                mask_inverted,
                "This is True where looking is *forbidden*. Here, and in `F.scaled_dot_product_attention`, True means that a token may look.",
            ),
            Mistake(
                "numbers for truth values",
                mask_of_zeros_and_ones,
                "The places are right, but they hold the numbers 1 and 0. A mask says True or False: attention would *add* numbers to its scores. Ask for `dtype=torch.bool`, or compare.",
            ),
            Mistake(
                "whole numbers for truth values",
                mask_of_whole_numbers,
                "The places are right, but they hold whole numbers, 1 and 0. A mask says True or False: ask for `dtype=torch.bool`, or compare.",
            ),
            Mistake(
                "a list",
                mask_as_a_list,
                "The right truth values, as a list of lists. `torch.tensor(…)` makes the tensor of it that attention wants.",
            ),
            Mistake(
                "a mask to be added",
                mask_to_be_added,
                "This is the other form of a mask, 0 and -inf, to be added to the scores. Right, but here it shall be bool: True where a token may look.",
            ),
            Mistake(
                "itself only",
                mask_itself_only,
                "Every token sees itself and nothing else, so it knows nothing of what came before. Token i may look at all j ≤ i.",
            ),
        ),
        alternatives=(mask_by_tril, mask_by_loop, mask_by_filling),
        hints=(
            "Draw it for three tokens: which of them has the third one read when it predicts the fourth?",
            "$M_{ij} = [\\,j \\le i\\,]$, bool $[T, T]$; rows are readers.",
            "```python\npositions = torch.arange(length)\nreturn positions[:, None] ... positions[None, :]\n```",
        ),
    ),
]
