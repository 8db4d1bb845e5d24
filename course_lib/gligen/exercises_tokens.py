"""The exercise on grounding tokens: what stands where there is no box."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.gligen.exercises_fourier import normal, random_boxes
from course_lib.gligen.fourier import fourier_features
from course_lib.gligen.grounding import token_inputs, with_nulls


def token_draw(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Phrases, boxes, which are there, and two nulls; at least one place is empty, and one is not."""
    count, n, width = int(rng.integers(2, 4)), int(rng.integers(4, 6)), int(rng.integers(9, 13))
    present = torch.zeros(count, n)
    for row in range(count):
        present[row, : int(rng.integers(1, n))] = 1
    return normal(rng, count, n, width), random_boxes(rng, count, n), present, normal(rng, width), normal(rng, 64)


def tokens_of_zeros(phrases, boxes, present, null_phrase, null_box):
    return torch.cat([phrases, fourier_features(boxes)], dim=-1) * present.unsqueeze(-1)


def tokens_swapped(phrases, boxes, present, null_phrase, null_box):
    return token_inputs(phrases, boxes, 1 - present, null_phrase, null_box)


def tokens_null_phrase_only(phrases, boxes, present, null_phrase, null_box):
    return torch.cat([with_nulls(phrases, null_phrase, present), fourier_features(boxes)], dim=-1)


def tokens_null_box_features(phrases, boxes, present, null_phrase, null_box):
    return token_inputs(phrases, boxes, present, null_phrase, torch.zeros_like(null_box))


def tokens_nulls_added(phrases, boxes, present, null_phrase, null_box):
    nothing = torch.cat([null_phrase, null_box])
    there = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    return there + nothing * (1 - present).unsqueeze(-1)


def tokens_box_first(phrases, boxes, present, null_phrase, null_box):
    made = token_inputs(phrases, boxes, present, null_phrase, null_box)
    return torch.cat([made[..., phrases.shape[-1] :], made[..., : phrases.shape[-1]]], dim=-1)


def tokens_by_where(phrases, boxes, present, null_phrase, null_box):
    asked = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    return torch.where(present.bool()[..., None], asked, torch.cat([null_phrase, null_box]))


def tokens_by_lerp(phrases, boxes, present, null_phrase, null_box):
    asked = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    nothing = torch.cat([null_phrase, null_box]).expand_as(asked)
    return nothing.lerp(asked, present[..., None].expand_as(asked))


TASKS = [
    Task(
        id="gligen.token_inputs",
        title="Grounding tokens, and learned nulls",
        difficulty=2,
        importance=5,
        minutes=12,
        reference=token_inputs,
        make_inputs=token_draw,
        mistakes=(
            Mistake(
                "zeros",
                tokens_of_zeros,
                "Empty places are filled with zeros. Nothing is *learned* there: put `null_phrase` and `null_box` in their place.",
            ),
            Mistake(
                "swapped",
                tokens_swapped,
                "The nulls stand where the boxes are, and the padding is read as boxes. `present` is 1 where there *is* a box.",
            ),
            Mistake(
                "phrase only",
                tokens_null_phrase_only,
                "An empty place still has the waves of its box, the padding. `null_box` belongs there.",
            ),
            Mistake(
                "a box of zeros",
                tokens_null_box_features,
                "Where there is no box you have zeros for its waves: the box, or its waves, multiplied by `present`. `null_box` is still to be put there.",
            ),
            Mistake(
                "added",
                tokens_nulls_added,
                "The nulls are added to the padding. They should *replace* it: multiply phrase and waves by `present` first.",
            ),
            Mistake(
                "box first",
                tokens_box_first,
                "Box and phrase are the wrong way round: phrase first, then the 64 waves, or no published weights will fit.",
            ),
        ),
        alternatives=(tokens_by_where, tokens_by_lerp),
        hints=(
            "Attention will read all N places, and nothing masks the empty ones. So what must stand there, that says: here is nothing?",
            "With $m$ = `present.unsqueeze(-1)`: $m\\,x + (1 - m)\\,\\text{null}$, once for the phrases `[B, N, D]`, once for `fourier_features(boxes)` `[B, N, 64]`; then side by side: `[B, N, D + 64]`.",
            "```python\nm = present.unsqueeze(-1)  # [B, N, 1]\nphrase = ...\nbox = ...\nreturn torch.cat([phrase, box], dim=-1)\n```",
        ),
    ),
]
