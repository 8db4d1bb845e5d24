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


SAMPLER_SIZES = (  # B, D, N, H, W: wide and tall pictures, one point, one picture, one channel, as many points as channels
    *((2, 6, 4, 5, 9), (3, 5, 3, 8, 4), (1, 7, 1, 4, 10), (1, 1, 5, 6, 9), (2, 5, 5, 9, 5), (3, 6, 1, 4, 8), (4, 4, 4, 4, 7)),
)  # fmt: skip


def sampler_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Features that are not square, and points of both signs, or of one alone; some on the picture's very edge."""
    batch, width, count, height, across = rng.in_turn(SAMPLER_SIZES)
    points = torch.from_numpy(rng.uniform(0, 1, (batch, count, 2)).astype("float32"))
    points[:, -1] = torch.tensor([[0.0, 0.97], [1.0, 0.02], [1.0, 1.0], [0.02, 0.0]])[:batch]
    positive = torch.from_numpy(rng.random((batch, count)) < (0.5, 0.5, 0.0, 0.5, 1.0)[rng.draw % 5])
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


def sampler_nearest(features, points, positive, indicators):
    return _sample(features, 2 * points - 1, mode="nearest") + indicators[positive.long()]


def sampler_from_half(features, points, positive, indicators):
    return _sample(features, points - 0.5) + indicators[positive.long()]


def sampler_in_cells(features, points, positive, indicators):
    return _sample(features, points * torch.tensor(features.shape[:1:-1])) + indicators[positive.long()]


def sampler_always_include(features, points, positive, indicators):
    return _sample(features, 2 * points - 1) + indicators[1]


def sampler_include_only(features, points, positive, indicators):
    return _sample(features, 2 * points - 1) + indicators[1] * positive.unsqueeze(-1)


def sampler_reshaped(features, points, positive, indicators):
    sampled = _sample(features, 2 * points - 1).mT  # [B, D, N]
    return sampled.reshape(len(points), points.shape[1], -1) + indicators[positive.long()]


def sampler_no_transpose(features, points, positive, indicators):
    return visual_sampler(features, points, positive, indicators).transpose(1, 2)


def sampler_first_picture(features, points, positive, indicators):
    return visual_sampler(features[:1].expand_as(features), points, positive, indicators)


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


ATTENTION_SIZES = (  # B, R, N, D: all differ, one query, one key, one of all, all equal, many keys
    *((2, 4, 7, 9), (3, 1, 6, 5), (2, 5, 1, 8), (1, 1, 1, 4), (3, 3, 3, 3), (1, 6, 12, 16), (2, 3, 6, 2), (2, 4, 5, 6), (1, 3, 4, 7)),
)  # fmt: skip


def attention_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A random mask. In the odd draws some queries may attend to nothing, some to everything, some to one key; or none to any."""
    batch, num_queries, num_keys, width = rng.in_turn(ATTENTION_SIZES)
    allowed = (0.5, 0.5, 0.5, 0.0, 0.5, 0.3, 1.0, 0.5)[rng.draw % 8]
    attn_mask = torch.from_numpy(rng.random((batch, num_queries, num_keys)) < allowed)
    if rng.draw % 2 == 0:
        attn_mask[..., 0] |= ~attn_mask.any(dim=-1)
    elif allowed:
        attn_mask[0, 0], attn_mask[-1, -1] = False, False
        attn_mask[-1, -1, 0] = True
        attn_mask[0, 1:2] = True
    sizes = (batch, num_queries, width), (batch, num_keys, width), (batch, num_keys, width)
    return *(normal(rng, *size) for size in sizes), attn_mask


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


def attention_empty_is_zero(queries, keys, values, attn_mask):
    return masked_attention(queries, keys, values, attn_mask) * attn_mask.any(dim=-1, keepdim=True)


def attention_empty_is_even(queries, keys, values, attn_mask):
    scores = queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5
    return scores.masked_fill(~attn_mask, -1e9).softmax(dim=-1) @ values


def attention_empty_in_all(queries, keys, values, attn_mask):
    return attention_empty_rows(queries, keys, values, attn_mask if attn_mask.any() else ~attn_mask)


def attention_scaled_by_width(queries, keys, values, attn_mask):
    return masked_attention(queries * queries.shape[-1] ** -0.5, keys, values, attn_mask)


def attention_scaled_up(queries, keys, values, attn_mask):
    return masked_attention(queries * queries.shape[-1], keys, values, attn_mask)


def attention_over_queries(queries, keys, values, attn_mask):
    attn_mask = attn_mask | ~attn_mask.any(dim=-1, keepdim=True)
    scores = queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5
    return scores.masked_fill(~attn_mask, float("-inf")).softmax(dim=1) @ values


def attention_of_keys(queries, keys, values, attn_mask):
    return masked_attention(queries, keys, keys, attn_mask)


def attention_not_softmaxed(queries, keys, values, attn_mask):
    attn_mask = attn_mask | ~attn_mask.any(dim=-1, keepdim=True)
    return (queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5 * attn_mask) @ values


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
        draws=len(SAMPLER_SIZES),
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
            Mistake(
                "the nearest cell",
                sampler_nearest,
                'The features are those of the nearest cell: a click that moves by a hair jumps. Read between the cells: `mode="bilinear"`, as `F.grid_sample` does unless told otherwise.',
            ),
            Mistake(
                "minus a half",
                sampler_from_half,
                "`points - 0.5` runs from -0.5 to 0.5, so only the picture's middle is read. `F.grid_sample` counts from -1 to 1: `2 * points - 1`.",
            ),
            Mistake(
                "points in cells",
                sampler_in_cells,
                "The points were turned into cells. `F.grid_sample` counts from -1 to 1, whatever the picture's size: `2 * points - 1`.",
            ),
            Mistake(
                "always include",
                sampler_always_include,
                "Every point gets the vector for *include*. Those with `positive` False get row 0: `indicators[positive.long()]`.",
            ),
            Mistake(
                "nothing for exclude",
                sampler_include_only,
                "Points to exclude get no vector at all. Row 0 of `indicators` is theirs: `indicators[positive.long()]`.",
            ),
            Mistake(
                "channels before points",
                sampler_no_transpose,
                "This is [B, D, N]: `F.grid_sample` puts the channels first. Tokens are [B, N, D]: `.transpose(1, 2)`.",
            ),
            Mistake(
                "the first picture for all",
                sampler_first_picture,
                "All points are read in the first picture of the batch. Row b of `points` belongs to picture b.",
            ),
            Mistake(
                "reshaped",
                sampler_reshaped,
                "`F.grid_sample` gives [B, D, 1, N], and to `reshape` that to [B, N, D] mixes channels and points. Exchange the two dimensions: `.transpose(1, 2)`.",
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
        draws=len(ATTENTION_SIZES),
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
            Mistake(
                "nothing for empty rows",
                attention_empty_is_zero,
                "A query that may attend to nothing gets zeros. It shall attend to *everything*: open its row of the mask before the softmax, `attn_mask | ~attn_mask.any(-1, keepdim=True)`.",
            ),
            Mistake(
                "all alike for empty rows",
                attention_empty_is_even,
                "A query that may attend to nothing gets the plain mean of all values: with -1e9 for each key its own scores are lost. Open its row of the mask instead: `attn_mask | ~attn_mask.any(-1, keepdim=True)`.",
            ),
            Mistake(
                "empty altogether",
                attention_empty_in_all,
                "You ask whether the *whole* mask is empty. Each query has its own row: `attn_mask.any(dim=-1, keepdim=True)`.",
            ),
            Mistake(
                "divided by D",
                attention_scaled_by_width,
                "The scores are divided by $D$, and not by its root: the softmax becomes too flat. `queries.shape[-1] ** 0.5`.",
            ),
            Mistake(
                "multiplied by the root",
                attention_scaled_up,
                "The scores are *multiplied* by $\\sqrt{D}$. Divide.",
            ),
            Mistake(
                "softmax over the queries",
                attention_over_queries,
                "The softmax runs over the queries, so that the weights of one query do not add up to 1. It runs over the keys, the last axis: `softmax(dim=-1)`.",
            ),
            Mistake(
                "keys for values",
                attention_of_keys,
                "What is mixed are the keys. They say where to look; what is taken from there are the `values`.",
            ),
            Mistake(
                "no softmax",
                attention_not_softmaxed,
                "The scores themselves weigh the values. Make weights of them first, which add up to 1: `softmax(dim=-1)`.",
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
