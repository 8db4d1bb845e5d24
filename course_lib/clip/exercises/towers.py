"""Exercises on the two towers: pooling the patches of a picture, and the tokens of a text."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.clip.text import pool_at_end
from course_lib.clip.vision import image_head

END = 99  # the highest id


def head_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Random patches, query and projection."""
    batch, patches, width, dimensions = (int(rng.integers(low, low + 3)) for low in (2, 6, 10, 14))
    sizes = ((batch, patches, width), (width,), (width, dimensions))
    return tuple(torch.from_numpy(rng.standard_normal(size).astype("float32")) for size in sizes)


def head_softmax_over_width(patches, query, projection):
    weights = (patches * query * patches.shape[-1] ** -0.5).softmax(dim=-1)
    return (weights * patches).sum(1) @ projection


def head_softmax_over_batch(patches, query, projection):
    weights = (patches @ query * patches.shape[-1] ** -0.5).softmax(dim=0)
    return (weights.unsqueeze(-1) * patches).sum(1) @ projection


def head_no_scale(patches, query, projection):
    weights = (patches @ query).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).sum(1) @ projection


def head_plain_mean(patches, query, projection):
    return patches.mean(1) @ projection


def head_mean_after_weighting(patches, query, projection):
    weights = (patches @ query * patches.shape[-1] ** -0.5).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).mean(1) @ projection


def head_by_einsum(patches, query, projection):
    weights = torch.softmax(torch.einsum("bnw,w->bn", patches, query) / patches.shape[2] ** 0.5, 1)
    return torch.einsum("bn,bnw,wd->bd", weights, patches, projection)


def head_projecting_first(patches, query, projection):
    weights = torch.softmax(patches @ query / patches.shape[2] ** 0.5, 1)  # [B, N]
    return (weights[:, None] @ (patches @ projection)).squeeze(1)


def text_inputs(rng) -> tuple[Tensor, Tensor]:
    """Random states, and texts of several lengths: 1 start, words, the end, padding 0."""
    batch, length, width = int(rng.integers(3, 6)), int(rng.integers(8, 11)), int(rng.integers(4, 8))
    tokens = torch.zeros(batch, length, dtype=torch.long)
    for row in range(batch):
        words = 1 + row  # all lengths differ, and no text fills its row
        tokens[row, 0] = 1
        tokens[row, 1 : 1 + words] = torch.from_numpy(rng.integers(2, END, words))
        tokens[row, 1 + words] = END
    hidden = torch.from_numpy(rng.standard_normal((batch, length, width)).astype("float32"))
    return hidden, tokens


def end_last_position(hidden, tokens):
    return hidden[:, -1]


def end_first_position(hidden, tokens):
    return hidden[:, 0]


def end_mean(hidden, tokens):
    return hidden.mean(dim=1)


def end_one_before(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmax(dim=-1) - 1]


def end_of_first_text(hidden, tokens):
    return hidden[:, int(tokens[0].argmax())]


def end_by_gather(hidden, tokens):
    where = tokens.argmax(1)[:, None, None].expand(-1, 1, hidden.shape[2])  # [B, 1, W]
    return hidden.gather(1, where).squeeze(1)


def end_by_mask(hidden, tokens):
    is_end = tokens == tokens.max()
    return (hidden * is_end.unsqueeze(-1)).sum(dim=1)


TASKS = [
    Task(
        id="clip.image_head",
        title="From patches to one picture feature",
        difficulty=3,
        importance=4,
        minutes=10,
        reference=image_head,
        used_at=("clip.vision:image_head",),
        make_inputs=head_inputs,
        mistakes=(
            Mistake(
                "softmax over the width",
                head_softmax_over_width,
                "The softmax runs over the width of each patch. Give each *patch* one score, `patches @ query`, and take the softmax over the patches, `dim=1`.",
            ),
            Mistake(
                "softmax over the batch",
                head_softmax_over_batch,
                "The softmax runs over the pictures of the batch (`dim=0`), so pictures compete with each other. Patches of one picture should: `dim=1`.",
            ),
            Mistake(
                "no scale",
                head_no_scale,
                "The scores are not scaled. A sum of W products grows with W: multiply by `patches.shape[-1] ** -0.5` before the softmax, as attention does.",
            ),
            Mistake(
                "plain mean",
                head_plain_mean,
                "This is the plain mean of the patches: the query has no say. Weigh the patches by the softmax of their scores first.",
            ),
            Mistake(
                "mean of weighted patches",
                head_mean_after_weighting,
                "The weights already add up to 1, so the weighted patches are to be *summed* over the patches; a mean divides by N once more.",
            ),
        ),
        alternatives=(head_by_einsum, head_projecting_first),
        hints=(
            "It is attention with a single query: one score a patch, a softmax over the patches, a weighted sum.",
            "$s = \\mathrm{patches} \\cdot q / \\sqrt{W}$ is $[B, N]$; $w = \\mathrm{softmax}_N(s)$; pooled $= \\sum_n w_n\\,\\mathrm{patch}_n$ is $[B, W]$; the feature is pooled $\\cdot P$, $[B, D]$.",
            "```python\nscores = ...   # [B, N], scaled\nweights = ...  # softmax over N\npooled = ...   # [B, W], weighted sum\nreturn pooled @ projection\n```",
        ),
    ),
    Task(
        id="clip.pool_at_end",
        title="Read the text where it ends",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=pool_at_end,
        used_at=("clip.text:pool_at_end",),
        make_inputs=text_inputs,
        mistakes=(
            Mistake(
                "last position",
                end_last_position,
                "This takes the last position, which is padding for every shorter text. Find the end-of-text token: it has the highest id, so `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "first position",
                end_first_position,
                "This takes the first position. The tower is causal: the first token has seen nothing but itself. Only the end-of-text token has read everything.",
            ),
            Mistake(
                "mean of all positions",
                end_mean,
                "This is the mean over all positions, padding included. CLIP reads one place: the end-of-text token, `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "one before the end",
                end_one_before,
                "This is the last word, one place before the end-of-text token. `argmax` already gives the place of the end: no `- 1`.",
            ),
            Mistake(
                "the end of the first text",
                end_of_first_text,
                "Every text is read where the *first* text ends. Each row has its own end: index with `torch.arange(B)` and the argmax of each row together.",
            ),
        ),
        alternatives=(end_by_gather, end_by_mask),
        hints=(
            "Which token of a causal tower has seen the whole text? And which id does it have?",
            "$e_b = \\arg\\max_l \\mathrm{tokens}[b, l]$, shape $[B]$; the answer is $\\mathrm{hidden}[b, e_b]$, shape $[B, W]$: two index tensors, one for the rows, one for the places.",
            "```python\nrows = torch.arange(len(hidden))\nends = ...  # [B]\nreturn hidden[rows, ends]\n```",
        ),
    ),
]
