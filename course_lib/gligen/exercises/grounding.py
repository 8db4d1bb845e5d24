"""Exercises on the grounding tokens: Fourier features of a box, and learned nulls."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.grounding import NUM_FREQUENCIES, fill_nulls, fourier_features, token_inputs

PIXELS = 64


def normal(rng, *shape: int) -> Tensor:
    """Random numbers of this shape, float32."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def random_boxes(rng, batch: int, num_boxes: int) -> Tensor:
    """[count, n, 4], x0 < x1 and y0 < y1, shares."""
    low, size = rng.uniform(0, 0.6, (batch, num_boxes, 2)), rng.uniform(0.1, 0.4, (batch, num_boxes, 2))
    return torch.from_numpy(torch.cat([torch.tensor(low), torch.tensor(low + size)], dim=-1).numpy().astype("float32"))


def box_inputs(rng) -> tuple[Tensor]:
    """Boxes of several pictures."""
    return (random_boxes(rng, int(rng.integers(2, 4)), int(rng.integers(5, 8))),)


def _waves(angles: Tensor) -> Tensor:
    """[B, N, 8, 4] → [B, N, 64]."""
    return torch.stack([angles.sin(), angles.cos()], dim=-2).flatten(-3)


def _frequencies() -> Tensor:
    return 100 ** (torch.arange(NUM_FREQUENCIES) / NUM_FREQUENCIES)


def fourier_of_pixels(boxes):
    return fourier_features(boxes * PIXELS)


def fourier_of_xywh(boxes):
    return fourier_features(torch.cat([boxes[..., :2], boxes[..., 2:] - boxes[..., :2]], dim=-1))


def fourier_of_turns(boxes):
    return _waves(2 * torch.pi * boxes.unsqueeze(-2) * _frequencies()[:, None])


def fourier_of_octaves(boxes):
    return _waves(boxes.unsqueeze(-2) * 2.0 ** torch.arange(NUM_FREQUENCIES)[:, None])


def fourier_by_coordinate(boxes):
    angles = boxes.unsqueeze(-1) * _frequencies()  # [B, N, 4, 8]
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-3)


def fourier_reaching_the_end(boxes):
    return _waves(boxes.unsqueeze(-2) * 100 ** torch.linspace(0, 1, NUM_FREQUENCIES)[:, None])


def fourier_by_einsum(boxes):
    angles = torch.einsum("bnc,f->bnfc", boxes, _frequencies())
    return torch.cat([angles.sin(), angles.cos()], dim=-1).reshape(*boxes.shape[:2], 64)  # [B, N, 8, 8] → [B, N, 64]


def fourier_by_loop(boxes):
    parts = []
    for k in range(NUM_FREQUENCIES):
        angle = boxes * 100 ** (k / NUM_FREQUENCIES)
        parts += [angle.sin(), angle.cos()]
    return torch.cat(parts, dim=-1)


def token_draw(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Phrases, boxes, which are there, and two nulls; at least one place is empty, and one is not."""
    batch, num_boxes, dim = int(rng.integers(2, 4)), int(rng.integers(4, 6)), int(rng.integers(9, 13))
    masks = torch.zeros(batch, num_boxes)
    for row in range(batch):
        masks[row, : int(rng.integers(1, num_boxes))] = 1
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


def tokens_nulls_added(phrases, boxes, masks, null_phrase, null_box):
    nulls = torch.cat([null_phrase, null_box])
    features = torch.cat([phrases, fourier_features(boxes)], dim=-1)
    return features + nulls * (1 - masks).unsqueeze(-1)


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
        id="gligen.fourier_features",
        title="A box as waves",
        difficulty=2,
        importance=4,
        minutes=12,
        reference=fourier_features,
        used_at=("gligen.grounding:fourier_features",),
        make_inputs=box_inputs,
        mistakes=(
            Mistake(
                "pixels",
                fourier_of_pixels,
                "These are waves of *pixels*. The boxes come as shares of the side already: leave them as they are.",
            ),
            Mistake(
                "xywh",
                fourier_of_xywh,
                "You use left, top, *width, height*. GLIGEN's box is its two corners: left, top, right, bottom, as given.",
            ),
            Mistake(
                "2π",
                fourier_of_turns,
                "There is a 2π too many: GLIGEN takes `sin(f * c)` itself.",
            ),
            Mistake(
                "octaves",
                fourier_of_octaves,
                "Your frequencies double: 1, 2, 4 … (as NeRF's do). GLIGEN's are `100 ** (k / 8)`.",
            ),
            Mistake(
                "coordinate by coordinate",
                fourier_by_coordinate,
                "The right numbers in another order. *Frequency* after frequency: four sines, then four cosines, of x0, y0, x1, y1.",
            ),
            Mistake(
                "k / 7",
                fourier_reaching_the_end,
                "Your frequencies reach 100. They stop short of it: `100 ** (k / 8)` for k = 0 … 7.",
            ),
        ),
        alternatives=(fourier_by_einsum, fourier_by_loop),
        hints=(
            "Slow waves tell left from right, fast ones tell a pixel from the next. Make all products of eight frequencies and four coordinates first.",
            "$f_k = 100^{k/8}$, $k = 0 \\ldots 7$. Angles $f_k\\, c$: `[B, N, 8, 4]`. Stack sine and cosine: `[B, N, 8, 2, 4]`. Flatten the last three: `[B, N, 64]`.",
            "```python\nfrequencies = 100 ** (torch.arange(8) / 8)\nangles = boxes.unsqueeze(-2) * ...  # [B, N, 8, 4]\nreturn torch.stack([...], dim=-2).flatten(-3)\n```",
        ),
    ),
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
                "a box of zeros",
                tokens_null_box_features,
                "Where there is no box you have zeros for its waves: the box, or its waves, multiplied by `masks`. `null_box` is still to be put there.",
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
        alternatives=(tokens_by_where, tokens_by_lerp),
        hints=(
            "Attention will read all N places, and nothing masks the empty ones. So what must stand there, that says: here is nothing?",
            "With $m$ = `masks.unsqueeze(-1)`: $m\\,x + (1 - m)\\,\\text{null}$, once for the phrases `[B, N, D]`, once for `fourier_features(boxes)` `[B, N, 64]`; then side by side: `[B, N, D + 64]`.",
            "```python\nm = masks.unsqueeze(-1)  # [B, N, 1]\nphrase = ...\nbox = ...\nreturn torch.cat([phrase, box], dim=-1)\n```",
        ),
    ),
]
