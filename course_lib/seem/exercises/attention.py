"""The exercise on masked attention, and the random numbers that all exercises of the lesson draw."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.attention import masked_attention


def normal(rng, *shape: int) -> Tensor:
    """Random numbers float32 of this shape."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


SIZES = (  # B, R, N, D: all differ, one query, one key, one of all, all equal, many keys
    *((2, 4, 7, 9), (3, 1, 6, 5), (2, 5, 1, 8), (1, 1, 1, 4), (3, 3, 3, 3), (1, 6, 12, 16), (2, 3, 6, 2), (2, 4, 5, 6), (1, 3, 4, 7)),
)  # fmt: skip


def attention_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A random mask. In the odd draws some queries may attend to nothing, some to everything, some to one key; or none to any."""
    batch, num_queries, num_keys, width = rng.in_turn(SIZES)
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


def attention_added(queries, keys, values, attn_mask):
    scores = queries @ keys.transpose(1, 2) * queries.shape[-1] ** -0.5
    return (scores - 1e9 * ~attn_mask).softmax(dim=-1) @ values


def attention_scaled_by_number_of_keys(queries, keys, values, attn_mask):
    return masked_attention(queries * (queries.shape[-1] / keys.shape[1]) ** 0.5, keys, values, attn_mask)


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
        id="seem.masked_attention",
        title="Masked attention",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=masked_attention,
        used_at=("seem.attention:masked_attention",),
        make_inputs=attention_inputs,
        draws=len(SIZES),
        check_gradient=True,
        special_cases=(("a query may attend to nothing", lambda q, k, v, attn_mask: not attn_mask.any(-1).all()),),
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
                "added, but not opened",
                attention_added,
                "Where a query may attend to nothing, -1e9 is added to *all* its scores. On paper that changes nothing; in float32 a score is rounded away beside -1e9, and the plain mean comes out. Open that row of the mask first: `attn_mask | ~attn_mask.any(-1, keepdim=True)`.",
            ),
            Mistake(
                "root of the number of keys",
                attention_scaled_by_number_of_keys,
                "The scores are divided by the root of the number of *keys*. It is the width that makes dot products large: $\\sqrt{D}$, `queries.shape[-1] ** 0.5`.",
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
