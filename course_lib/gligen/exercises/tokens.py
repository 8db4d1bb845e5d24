"""The exercise on grounding tokens: phrase ⊕ box, and learned nulls."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal, random_boxes
from course_lib.gligen.grounding import fill_nulls, fourier_features, token_inputs


def token_draw(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Phrases, boxes, which are there (some, all, none, with gaps), and two nulls."""
    many = int(rng.integers(2, 4)), int(rng.integers(4, 6)), int(rng.integers(9, 13))
    batch, num_boxes, dim = rng.in_turn((many, (3, 3, 64), (1, 4, 8), (2, 5, 6), (1, 1, 7)))
    first = torch.from_numpy(rng.integers(1, num_boxes + 1, (batch, 1)))
    some = (torch.arange(num_boxes) < first).float()  # [B, N]
    gaps = (torch.arange(num_boxes) % 2).expand(batch, -1).float()
    masks = rng.in_turn((some, gaps, torch.zeros(batch, num_boxes), some, torch.ones(batch, num_boxes)))
    return (
        normal(rng, batch, num_boxes, dim),
        random_boxes(rng, batch, num_boxes),
        masks,
        normal(rng, dim),
        normal(rng, 64),
    )


def tokens_of_zeros(phrases, boxes, masks, null_phrase, null_box):
    return torch.cat([phrases, fourier_features(boxes)], dim=-1) * masks.unsqueeze(-1)


def tokens_swapped(phrases, boxes, masks, null_phrase, null_box):
    return token_inputs(phrases, boxes, 1 - masks, null_phrase, null_box)


def tokens_null_phrase_only(phrases, boxes, masks, null_phrase, null_box):
    return torch.cat([fill_nulls(phrases, null_phrase, masks), fourier_features(boxes)], dim=-1)


def tokens_null_box_features(phrases, boxes, masks, null_phrase, null_box):
    return token_inputs(phrases, boxes, masks, null_phrase, torch.zeros_like(null_box))


def tokens_null_phrase_zeros(phrases, boxes, masks, null_phrase, null_box):
    return token_inputs(phrases, boxes, masks, torch.zeros_like(null_phrase), null_box)


def tokens_nulls_added(phrases, boxes, masks, null_phrase, null_box):
    nulls = torch.cat([null_phrase, null_box])
    features = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    return features + nulls * (1 - masks).unsqueeze(-1)


def tokens_null_box_only(phrases, boxes, masks, null_phrase, null_box):
    return torch.cat([phrases, fill_nulls(fourier_features(boxes), null_box, masks)], dim=-1)


def tokens_nulls_everywhere(phrases, boxes, masks, null_phrase, null_box):
    return tokens_of_zeros(phrases, boxes, masks, null_phrase, null_box) + torch.cat([null_phrase, null_box])


def tokens_unmasked(phrases, boxes, masks, null_phrase, null_box):
    return torch.cat([phrases, fourier_features(boxes)], dim=-1)


def tokens_only_nulls(phrases, boxes, masks, null_phrase, null_box):
    return token_inputs(phrases, boxes, torch.zeros_like(masks), null_phrase, null_box)


def tokens_raw_box(phrases, boxes, masks, null_phrase, null_box):
    box = boxes * masks.unsqueeze(-1)
    return torch.cat([fill_nulls(phrases, null_phrase, masks), box], dim=-1)


def tokens_one_by_one(phrases, boxes, masks, null_phrase, null_box):
    waves, null = fourier_features(boxes), torch.cat([null_phrase, null_box])
    rows = [
        [torch.cat([phrases[b, n], waves[b, n]]) if masks[b, n] else null for n in range(masks.shape[1])]
        for b in range(masks.shape[0])
    ]
    return torch.stack([torch.stack(row) for row in rows])


def tokens_box_first(phrases, boxes, masks, null_phrase, null_box):
    inputs = token_inputs(phrases, boxes, masks, null_phrase, null_box)
    return torch.cat([inputs[..., phrases.shape[-1] :], inputs[..., : phrases.shape[-1]]], dim=-1)


def tokens_by_where(phrases, boxes, masks, null_phrase, null_box):
    features = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    return torch.where(masks.bool()[..., None], features, torch.cat([null_phrase, null_box]))


def tokens_by_lerp(phrases, boxes, masks, null_phrase, null_box):
    features = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    nulls = torch.cat([null_phrase, null_box]).expand_as(features)
    return nulls.lerp(features, masks[..., None].expand_as(features))


TASKS = [
    Task(
        id="gligen.token_inputs",
        title="Grounding tokens, and learned nulls",
        difficulty=2,
        importance=5,
        minutes=12,
        reference=token_inputs,
        used_at=("gligen.grounding:token_inputs",),
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
                "The nulls stand where the boxes are, and the padding is read as boxes. `masks` is 1 where there *is* a box.",
            ),
            Mistake(
                "phrase only",
                tokens_null_phrase_only,
                "An empty place still has the waves of its box, the padding. `null_box` belongs there.",
            ),
            Mistake(
                "box only",
                tokens_null_box_only,
                "An empty place still has its phrase, the padding. `null_phrase` belongs there.",
            ),
            Mistake(
                "nulls everywhere",
                tokens_nulls_everywhere,
                "The nulls are added to the boxes that *are* there, too. Multiply them by `1 - masks`.",
            ),
            Mistake(
                "masks unused",
                tokens_unmasked,
                "`masks` and the nulls are not used: empty places hold padding. Put `null_phrase` and `null_box` there.",
            ),
            Mistake(
                "nothing but nulls",
                tokens_only_nulls,
                "Every place holds the nulls, also those with a box. Phrase and waves belong where `masks` is 1.",
            ),
            Mistake(
                "no waves",
                tokens_raw_box,
                "The box goes in as its four coordinates, `[B, N, D + 4]`. Make waves of them: `fourier_features(boxes)`, 64 numbers.",
            ),
            Mistake(
                "a box of zeros",
                tokens_null_box_features,
                "Where there is no box you have zeros for its waves: the box, or its waves, multiplied by `masks`. `null_box` is still to be put there.",
            ),
            Mistake(
                "a phrase of zeros",
                tokens_null_phrase_zeros,
                "Where there is no box you have zeros for its phrase: the phrase multiplied by `masks`. `null_phrase` is still to be put there.",
            ),
            Mistake(
                "added",
                tokens_nulls_added,
                "The nulls are added to the padding. They should *replace* it: multiply phrase and waves by `masks` first.",
            ),
            Mistake(
                "box first",
                tokens_box_first,
                "Box and phrase are the wrong way round: phrase first, then the 64 waves, or no published weights will fit.",
            ),
        ),
        alternatives=(tokens_by_where, tokens_by_lerp, tokens_one_by_one),
        hints=(
            "Attention will read all N places, and nothing masks the empty ones. So what must stand there, that says: here is nothing?",
            "With $m$ = `masks.unsqueeze(-1)`: $m\\,x + (1 - m)\\,\\text{null}$, once for the phrases `[B, N, D]`, once for `fourier_features(boxes)` `[B, N, 64]`; then side by side: `[B, N, D + 64]`.",
            "```python\nm = masks.unsqueeze(-1)  # [B, N, 1]\nphrase = ...\nbox = ...\nreturn torch.cat([phrase, box], dim=-1)\n```",
        ),
    ),
]
