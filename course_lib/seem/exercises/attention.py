"""Exercises on the visual sampler and on masked attention."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.attention import masked_attention
from course_lib.seem.prompts import visual_sampler


def normal(rng, *shape: int) -> Tensor:
    """Random numbers float32 of this shape."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def sampler_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features that are not square, points of both signs."""
    batch, width, count = (int(rng.integers(low, low + 3)) for low in (2, 5, 3))
    height, across = int(rng.integers(4, 7)), int(rng.integers(8, 11))
    points = torch.from_numpy(rng.uniform(0, 1, (batch, count, 2)).astype("float32"))
    positive = torch.from_numpy(rng.random((batch, count)) < 0.5)
    positive[:, 0], positive[:, 1] = True, False
    return normal(rng, batch, width, height, across), points, positive, normal(rng, 2, width)


def _sample(features, grid, **options) -> Tensor:
    options = {"padding_mode": "border", "align_corners": False} | options
    return F.grid_sample(features, grid.unsqueeze(1), **options)[:, :, 0].transpose(1, 2)


def sampler_y_first(features, points, positive, indicators):
    return _sample(features, 2 * points.flip(-1) - 1) + indicators[positive.long()]


def sampler_swapped(features, points, positive, indicators):
    return _sample(features, 2 * points - 1) + indicators[(~positive).long()]


def sampler_0_to_1(features, points, positive, indicators):
    return _sample(features, points) + indicators[positive.long()]


def sampler_no_indicator(features, points, positive, indicators):
    return _sample(features, 2 * points - 1)


def sampler_corners(features, points, positive, indicators):
    return _sample(features, 2 * points - 1, align_corners=True) + indicators[positive.long()]


def sampler_zeros_outside(features, points, positive, indicators):
    return _sample(features, 2 * points - 1, padding_mode="zeros") + indicators[positive.long()]


def sampler_by_where(features, points, positive, indicators):
    sign = torch.where(positive.unsqueeze(-1), indicators[1], indicators[0])
    return sign + _sample(features, points * 2 - 1)


def sampler_by_hand(features, points, positive, indicators):
    """Bilinear interpolation written out."""
    size = torch.tensor(features.shape[:1:-1])  # (W, H)
    at = points * size - 0.5
    low = at.floor()
    total = 0
    for dx in (0, 1):
        for dy in (0, 1):
            corner = low + torch.tensor([dx, dy])
            weight = (1 - (at - corner).abs()).prod(dim=-1)
            x, y = corner.long().clamp(min=0).minimum(size - 1).unbind(-1)
            rows = torch.arange(len(features)).unsqueeze(1)
            total = total + weight.unsqueeze(-1) * features[rows, :, y, x]
    return total + indicators[positive.long()]


def attention_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A random mask, in which one query of each batch row may attend to nothing."""
    batch, num_queries, num_keys, width = (int(rng.integers(low, low + 3)) for low in (2, 3, 6, 9))
    attn_mask = torch.from_numpy(rng.random((batch, num_queries, num_keys)) < 0.5)
    attn_mask[:, 0], attn_mask[:, 1, 0] = False, True
    return (
        normal(rng, batch, num_queries, width),
        normal(rng, batch, num_keys, width),
        normal(rng, batch, num_keys, width),
        attn_mask,
    )


def attention_empty_rows(queries, keys, values, attn_mask):
    scores = queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5
    return scores.masked_fill(~attn_mask, float("-inf")).softmax(dim=-1) @ values


def attention_inverted(queries, keys, values, attn_mask):
    return masked_attention(queries, keys, values, ~attn_mask)


def attention_unscaled(queries, keys, values, attn_mask):
    return masked_attention(queries * queries.shape[-1] ** 0.5, keys, values, attn_mask)


def attention_after_softmax(queries, keys, values, attn_mask):
    attn_mask = attn_mask | ~attn_mask.any(dim=-1, keepdim=True)
    weights = (queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5).softmax(dim=-1)
    return (weights * attn_mask) @ values


def attention_unmasked(queries, keys, values, attn_mask):
    return masked_attention(queries, keys, values, torch.ones_like(attn_mask))


def attention_zero_fill(queries, keys, values, attn_mask):
    scores = queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5
    return scores.masked_fill(~attn_mask, 0.0).softmax(dim=-1) @ values


def attention_by_torch(queries, keys, values, attn_mask):
    attn_mask = torch.where(attn_mask.any(dim=-1, keepdim=True), attn_mask, True)
    return F.scaled_dot_product_attention(queries, keys, values, attn_mask=attn_mask)


def attention_by_large_number(queries, keys, values, attn_mask):
    scores = torch.einsum("brd,bnd->brn", queries, keys) / queries.shape[-1] ** 0.5
    return torch.einsum(
        "brn,bnd->brd", (scores - 1e9 * (~attn_mask) * attn_mask.any(-1, keepdim=True)).softmax(-1), values
    )


TASKS = [
    Task(
        id="seem.visual_sampler",
        title="The visual sampler",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=visual_sampler,
        used_at=("seem.model:visual_sampler",),
        make_inputs=sampler_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "y before x",
                sampler_y_first,
                "The points are read as (y, x). They are (x, y), and `F.grid_sample` wants (x, y) too: don't flip them.",
            ),
            Mistake(
                "signs swapped",
                sampler_swapped,
                "Include and exclude are swapped: row 1 of `indicators` says *include*, so index with `positive.long()`.",
            ),
            Mistake(
                "coordinates 0 to 1",
                sampler_0_to_1,
                "`F.grid_sample` counts from -1 (left, top) to 1: with coordinates of 0 to 1 every point lands in the right lower quarter. Pass `2 * points - 1`.",
            ),
            Mistake(
                "no indicator",
                sampler_no_indicator,
                "The tokens don't say whether they mean *this* or *not this*. Add `indicators[positive.long()]`.",
            ),
            Mistake(
                "corners aligned",
                sampler_corners,
                "`align_corners=True` puts 0 and 1 at the centres of the outermost cells; ours are the picture's edges: `align_corners=False`.",
            ),
            Mistake(
                "zeros outside",
                sampler_zeros_outside,
                'Near the rim the features fade to zero, which `F.grid_sample` assumes outside. Repeat the last cell: `padding_mode="border"`.',
            ),
        ),
        alternatives=(sampler_by_where, sampler_by_hand),
        hints=(
            "`torch.nn.functional.grid_sample` reads features at points. It wants a grid [B, h, w, 2]: take h = 1.",
            'Points in 0–1 become $2p - 1$. `grid_sample` gives $[B, D, 1, N]$; you want $[B, N, D]$, plus `indicators` row 0 or 1 for each point. Use `padding_mode="border"`.',
            '```python\ngrid = ...  # [B, 1, N, 2]\nread = F.grid_sample(features, grid, padding_mode="border", align_corners=False)  # [B, D, 1, N]\nreturn ... + indicators[...]\n```',
        ),
    ),
    Task(
        id="seem.masked_attention",
        title="Masked attention",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=masked_attention,
        used_at=("seem.attention:masked_attention",),
        make_inputs=attention_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "empty rows",
                attention_empty_rows,
                "A query that may attend to nothing gets the softmax of nothing, 0/0, which is `nan`, and spreads. Let such a row attend to everything: `attn_mask | ~attn_mask.any(-1, keepdim=True)`.",
            ),
            Mistake(
                "mask upside down",
                attention_inverted,
                "Queries attend exactly where they may not. `attn_mask` is True where one *may* attend: fill where `~attn_mask`.",
            ),
            Mistake(
                "not scaled",
                attention_unscaled,
                "The scores are not divided by $\\sqrt{D}$: with many dimensions the softmax becomes a hard choice.",
            ),
            Mistake(
                "masked after the softmax",
                attention_after_softmax,
                "Masked after the softmax, the weights no longer add up to 1. Set the *scores* to minus infinity before it.",
            ),
            Mistake("mask unused", attention_unmasked, "Every query attends to every key: the mask is not used."),
            Mistake(
                "filled with zero",
                attention_zero_fill,
                'A score of 0 still gets a weight. Only minus infinity gets none: `masked_fill(~attn_mask, float("-inf"))`; and mind the empty rows.',
            ),
        ),
        alternatives=(attention_by_torch, attention_by_large_number),
        hints=(
            "Ordinary attention, with scores of minus infinity where a query may not attend. What if that is everywhere?",
            "$\\mathrm{softmax}\\big(QK^\\top/\\sqrt{D} + M\\big)V$ with $M = -\\infty$ where the mask is False; rows without any True get $M = 0$ throughout.",
            "```python\nattn_mask = attn_mask | ...  # rows that may attend to nothing\nscores = queries @ keys.transpose(1, 2) * ...  # [B, R, N]\nreturn scores.masked_fill(...).softmax(dim=-1) @ values\n```",
        ),
    ),
]
