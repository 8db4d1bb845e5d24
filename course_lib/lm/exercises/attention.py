"""Exercise on attention: what a head reads."""

import math

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.lm.attention import attention, causal_mask

CASES = ("causal", "a row sees nothing", "one reader", "one token", "causal", "windows")
LOW = -1e9


def attention_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Queries, keys and values of several heads, and a mask [T, T] or [B, 1, T, T]: `CASES`, in turn."""
    case = rng.in_turn(CASES)
    batch, heads, length, size = (int(rng.integers(low, high)) for low, high in ((2, 4), (2, 4), (5, 8), (9, 14)))
    length = 1 if case == "one token" else length
    readers = 1 if case == "one reader" else length
    shapes = [(batch, heads, count, size) for count in (readers, length, length)]
    query, key, value = (torch.from_numpy(1.5 * rng.standard_normal(shape)).float() for shape in shapes)
    mask = causal_mask(length)[-readers:]
    if case == "a row sees nothing":  # padding on the left of every text but the first
        read = torch.arange(length) >= torch.arange(batch)[:, None, None, None]  # [B, 1, 1, T]
        mask = mask & read
    elif case == "windows":  # each sees itself and two before it
        mask = mask & ~causal_mask(length + 3)[3:, :length]
    return query, key, value, mask


def _scores(query, key, scale=True):
    return query @ key.transpose(-2, -1) / (query.shape[-1] ** 0.5 if scale else 1)


def _read(scores, value, mask):
    weights = scores.masked_fill(~mask, LOW).softmax(dim=-1)
    return weights @ value, weights


def attention_unscaled(query, key, value, mask):
    return _read(_scores(query, key, scale=False), value, mask)


def attention_scaled_by_width(query, key, value, mask):
    return _read(_scores(query, key, scale=False) / query.shape[-1], value, mask)


def attention_multiplied_by_root(query, key, value, mask):
    return _read(_scores(query, key, scale=False) * query.shape[-1] ** 0.5, value, mask)


def attention_scaled_by_length(query, key, value, mask):
    return _read(_scores(query, key, scale=False) / key.shape[-2] ** 0.5, value, mask)


def attention_scaled_by_all_heads(query, key, value, mask):
    return _read(_scores(query, key, scale=False) / (query.shape[1] * query.shape[-1]) ** 0.5, value, mask)


def attention_unmasked(query, key, value, mask):
    return _read(_scores(query, key), value, torch.ones_like(mask))


def attention_mask_inverted(query, key, value, mask):
    return _read(_scores(query, key), value, ~mask)


def attention_over_readers(query, key, value, mask):
    weights = _scores(query, key).masked_fill(~mask, LOW).softmax(dim=-2)
    return weights @ value, weights


def attention_minus_infinity(query, key, value, mask):
    return _read(_scores(query, key).masked_fill(~mask, -torch.inf), value, torch.ones_like(mask))


def attention_masked_afterwards(query, key, value, mask):
    weights = _scores(query, key).softmax(dim=-1) * mask
    return weights @ value, weights


def attention_scores_zeroed(query, key, value, mask):
    return _read(_scores(query, key) * mask, value, torch.ones_like(mask))


def attention_mask_added(query, key, value, mask):
    return _read(_scores(query, key) + mask, value, torch.ones_like(mask))


def attention_low_value_too_high(query, key, value, mask):
    return _read(_scores(query, key).masked_fill(~mask, -1.0), value, torch.ones_like(mask))


def attention_without_softmax(query, key, value, mask):
    weights = _scores(query, key).masked_fill(~mask, 0)
    return weights @ value, weights


def attention_of_keys(query, key, value, mask):
    return attention(query, key, key, mask)


def attention_output_alone(query, key, value, mask):
    return attention(query, key, value, mask)[0]


def attention_weights_alone(query, key, value, mask):
    return attention(query, key, value, mask)[1]


def attention_weights_first(query, key, value, mask):
    return attention(query, key, value, mask)[::-1]


def attention_scores_returned(query, key, value, mask):
    scores = _scores(query, key).masked_fill(~mask, LOW)
    return scores.softmax(dim=-1) @ value, scores


def attention_scaled_after(query, key, value, mask):
    weights = _scores(query, key, scale=False).masked_fill(~mask, LOW).softmax(dim=-1) / query.shape[-1] ** 0.5
    return weights @ value, weights


def attention_by_einsum(query, key, value, mask):
    scores = torch.einsum("bhid,bhjd->bhij", query, key) / math.sqrt(query.size(-1))
    weights = torch.softmax(torch.where(mask, scores, -1e9), dim=-1)
    return torch.einsum("bhij,bhjd->bhid", weights, value), weights


def attention_by_adding(query, key, value, mask):
    added = torch.zeros(mask.shape).masked_fill(~mask, torch.finfo(torch.float32).min)
    weights = (query / query.shape[-1] ** 0.5 @ key.mT + added).softmax(-1)
    return weights @ value, weights


def attention_head_by_head(query, key, value, mask):
    """A loop over the batch and its heads."""
    mask = mask.expand(len(query), 1, *mask.shape[-2:])
    weights = torch.zeros(*query.shape[:3], key.shape[2])
    for b in range(query.shape[0]):
        for h in range(query.shape[1]):
            scores = query[b, h] @ key[b, h].T * query.shape[-1] ** -0.5
            scores[~mask[b, 0]] = -1e9
            weights[b, h] = torch.softmax(scores, -1)
    return torch.matmul(weights, value), weights


TASKS = [
    Task(
        id="lm.attention",
        title="What a head reads",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=attention,
        used_at=("lm.attention:attention",),
        make_inputs=attention_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "not scaled",
                attention_unscaled,
                "The scores are not divided by $\\sqrt D$. A sum of D products grows with $\\sqrt D$, so the softmax looks at one token alone, and hardly learns.",
            ),
            Mistake(
                "divided by D",
                attention_scaled_by_width,
                "The scores are divided by D, not by its root, so that all tokens get nearly the same weight. It is $QK^\\top / \\sqrt D$.",
            ),
            Mistake(
                "multiplied by the root",
                attention_multiplied_by_root,
                "The scores are *multiplied* by $\\sqrt D$. Divide by it.",
            ),
            Mistake(
                "root of the length",
                attention_scaled_by_length,
                "The scores are divided by the root of T, the number of tokens. It is D, the size of a query: `query.shape[-1]`.",
            ),
            Mistake(
                "width of all heads",
                attention_scaled_by_all_heads,
                "The scores are divided by the root of H · D, the width of all heads together. Each head works for itself: its own D, `query.shape[-1]`.",
            ),
            Mistake(
                "mask forgotten",
                attention_unmasked,
                "The mask is not used, so every token reads the future. Lower the scores where it is False, before the softmax.",
            ),
            Mistake(
                "mask inverted",
                attention_mask_inverted,
                "The mask works the wrong way round: it is True where a token *may* look. Fill where it is False: `scores.masked_fill(~mask, …)`.",
            ),
            Mistake(
                "softmax over readers",
                attention_over_readers,
                "The softmax runs over the readers. Each reader shares out its own attention over what it reads: the last axis, `dim=-1`, so that rows sum to 1.",
            ),
            Mistake(
                "minus infinity",
                attention_minus_infinity,
                "Right, but for a row that may look at nothing (padding): with -inf everywhere its softmax is nan, and one nan spoils all that follows. Take a very low number, such as -1e9.",
            ),
            Mistake(
                "masked after the softmax",
                attention_masked_afterwards,
                "The mask comes after the softmax: hidden tokens have already taken their share, and the rows don't sum to 1. Lower the *scores*, then take the softmax.",
            ),
            Mistake(
                "scores set to zero",
                attention_scores_zeroed,
                "Hidden scores become 0, but $e^0 = 1$: a score of 0 still gets its weight. Fill in a very low number, such as -1e9.",
            ),
            Mistake(
                "mask added as a number",
                attention_mask_added,
                "The mask is added to the scores as 1 and 0, which hides nothing. Fill in a very low number where it is False: `scores.masked_fill(~mask, -1e9)`.",
            ),
            Mistake(
                "not low enough",
                attention_low_value_too_high,
                "Hidden scores become a number that real scores also have, so hidden tokens are still read. Take a very low one, such as -1e9.",
            ),
            Mistake(
                "no softmax",
                attention_without_softmax,
                "The scores themselves are taken as weights: they can be negative, and don't sum to 1. A softmax over the last axis makes shares of them.",
            ),
            Mistake(
                "keys for values",
                attention_of_keys,
                "The keys are read. They only say *where* to look; what is handed on are the values: `weights @ value`.",
            ),
            Mistake(
                "what was read, alone",
                attention_output_alone,
                "Only what was read is returned. Return the weights as well: `return weights @ value, weights`.",
            ),
            Mistake(
                "weights alone",
                attention_weights_alone,
                "Only the weights are returned. They say where to look; what is read there is `weights @ value`, and both are wanted, in this order.",
            ),
            Mistake(
                "weights first",
                attention_weights_first,
                "Both are right, but in the wrong order: what was read comes first, then the weights.",
            ),
            Mistake(
                "scores for weights",
                attention_scores_returned,
                "What was read is right, but beside it stand the scores. The weights are wanted: what the softmax makes of them.",
            ),
            Mistake(
                "scaled after the softmax",
                attention_scaled_after,
                "The *weights* are divided by $\\sqrt D$, so they don't sum to 1. Divide the scores, before the softmax.",
            ),
        ),
        alternatives=(attention_by_einsum, attention_by_adding, attention_head_by_head),
        hints=(
            "Five steps: compare each query with each key; scale; hide; share out; read. Which axes does each product sum over?",
            "$\\mathrm{softmax}\\left(QK^\\top / \\sqrt D\\right) V$, the scores $[B, H, T, T]$ set to -1e9 where the mask is False; `key.transpose(-2, -1)` turns the last two axes.",
            "```python\nscores = query @ key.transpose(-2, -1) / ...  # [B, H, T, T]\nscores = scores.masked_fill(..., -1e9)\nweights = scores.softmax(dim=...)\nreturn weights @ ..., weights\n```",
        ),
    ),
]
