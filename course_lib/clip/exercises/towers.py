"""Exercises on the two towers: pooling the patches of a picture, and the tokens of a text."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.clip.text import pool_at_end
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.vision import image_head


def normal(rng, *shape: int) -> Tensor:
    """Random numbers of this shape, float32."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def head_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Random patches, query and projection: one picture, one patch, all sizes equal, a query of zeros (as before training)."""
    many = tuple(int(rng.integers(low, low + 3)) for low in (2, 6, 10, 14))
    batch, patches, width, dimensions = rng.in_turn((many, (1, 9, 6, 8), (4, 4, 4, 4), (3, 1, 5, 7), (2, 5, 12, 3)))
    query = normal(rng, width) * rng.in_turn((1, 1, 2, 1, 0))
    return normal(rng, batch, patches, width), query, normal(rng, width, dimensions)


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


def head_divided_by_width(patches, query, projection):
    weights = (patches @ query / patches.shape[-1]).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).sum(1) @ projection


def head_times_root(patches, query, projection):
    weights = (patches @ query * patches.shape[-1] ** 0.5).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).sum(1) @ projection


def head_scaled_by_number_of_patches(patches, query, projection):
    weights = (patches @ query * patches.shape[1] ** -0.5).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).sum(1) @ projection


def head_no_softmax(patches, query, projection):
    scores = patches @ query * patches.shape[-1] ** -0.5
    return (scores.unsqueeze(-1) * patches).sum(1) @ projection


def head_best_patch(patches, query, projection):
    return patches[torch.arange(len(patches)), (patches @ query).argmax(dim=1)] @ projection


def head_not_projected(patches, query, projection):
    weights = (patches @ query * patches.shape[-1] ** -0.5).softmax(dim=1)
    return (weights.unsqueeze(-1) * patches).sum(1)


def head_one_by_one(patches, query, projection):
    pooled = [torch.softmax(one @ query / one.shape[1] ** 0.5, dim=0) @ one for one in patches]  # B times [W]
    return torch.stack(pooled) @ projection


def head_by_einsum(patches, query, projection):
    weights = torch.softmax(torch.einsum("bnw,w->bn", patches, query) / patches.shape[2] ** 0.5, 1)
    return torch.einsum("bn,bnw,wd->bd", weights, patches, projection)


def head_projecting_first(patches, query, projection):
    weights = torch.softmax(patches @ query / patches.shape[2] ** 0.5, 1)  # [B, N]
    return (weights[:, None] @ (patches @ projection)).squeeze(1)


WORDS = ((3, 1, 5, 2), (2,), (0, 4), (5, 7, 2), (4, 4, 4), (1, 0, 2, 1))  # of each text of a batch


def text_inputs(rng) -> tuple[Tensor, Tensor]:
    """Random states, and texts as the lesson's tokenizer gives them: one, an empty one, one that fills its row, equally long ones."""
    words = rng.in_turn(WORDS)
    length, width = rng.in_turn(((9, 5), (6, 4), (8, 3), (9, 7), (8, 6), (4, 4)))
    tokenizer = get_tokenizer()
    tokens = torch.zeros(len(words), length, dtype=torch.long)
    for row, count in enumerate(words):
        ids = rng.integers(1, tokenizer.sot_token_id, count)
        tokens[row, : count + 2] = torch.tensor([tokenizer.sot_token_id, *ids, tokenizer.eot_token_id])
    return normal(rng, len(words), length, width), tokens


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


def end_first_padding(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmin(dim=-1)]


def end_one_behind(hidden, tokens):
    return hidden[torch.arange(len(hidden)), (tokens != 0).sum(dim=-1)]


def end_mean_of_text(hidden, tokens):
    is_text = (tokens != 0).unsqueeze(-1)
    return (hidden * is_text).sum(dim=1) / is_text.sum(dim=1)


def end_largest(hidden, tokens):
    return hidden.max(dim=1).values


def end_of_every_text(hidden, tokens):
    return hidden[:, tokens.argmax(dim=-1)]


def end_as_row(hidden, tokens):
    return hidden[tokens.argmax(dim=-1)]


def end_over_the_batch(hidden, tokens):
    return hidden[torch.arange(len(hidden)), tokens.argmax(dim=0)]


def end_by_id(hidden, tokens):
    return hidden[tokens == get_tokenizer().eot_token_id]


def end_by_counting(hidden, tokens):
    """Id 0 is padding, and nothing else."""
    lengths = (tokens != 0).sum(dim=1)
    return torch.stack([states[length - 1] for states, length in zip(hidden, lengths, strict=True)])


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
        check_gradient=True,
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
                "divided by the width",
                head_divided_by_width,
                "The scores are divided by W itself, which makes them too small. A sum of W products grows with the *root* of W: `patches.shape[-1] ** -0.5`.",
            ),
            Mistake(
                "times the root",
                head_times_root,
                "The scores are multiplied by √W, so that one patch takes nearly all. *Divide* by it: `patches.shape[-1] ** -0.5`.",
            ),
            Mistake(
                "scaled by the number of patches",
                head_scaled_by_number_of_patches,
                "The scores are scaled by the number of patches, `shape[1]`. They are sums over the width: `patches.shape[-1] ** -0.5`.",
            ),
            Mistake(
                "no softmax",
                head_no_softmax,
                "The scores are used as weights as they are, some of them negative. A softmax over the patches makes weights that add up to 1: `scores.softmax(dim=1)`.",
            ),
            Mistake(
                "best patch only",
                head_best_patch,
                "Only the patch with the highest score counts, and the query can't learn from that. A softmax lets all count, by their scores.",
            ),
            Mistake(
                "not projected",
                head_not_projected,
                "These are the pooled patches, of the tower's own width. Carry them into the space shared with text: `@ projection`.",
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
        alternatives=(head_by_einsum, head_projecting_first, head_one_by_one),
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
        check_gradient=True,
        draws=len(WORDS),
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
                "first padding",
                end_first_padding,
                "`argmin` finds the lowest id, the padding behind the text. The end-of-text token has the *highest* id: `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "one behind the end",
                end_one_behind,
                "This is one place behind the end: places are counted from 0, so the last of n tokens stands at n − 1. `tokens.argmax(dim=-1)` gives its place.",
            ),
            Mistake(
                "mean of the text",
                end_mean_of_text,
                "This is the mean over the tokens of the text. CLIP reads one place, the end-of-text token: it has read all the others.",
            ),
            Mistake(
                "maximum over the positions",
                end_largest,
                "This takes the largest of each number over all positions. Not the states but the *ids* have their maximum at the end: `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "every text at every end",
                end_of_every_text,
                "`hidden[:, ends]` reads every text at the ends of *all* texts, `[B, B, W]`. Index rows and places together: `hidden[torch.arange(B), ends]`.",
            ),
            Mistake(
                "places as rows",
                end_as_row,
                "The ends are places within a text, but `hidden[ends]` takes them as numbers of texts. Index with the row first: `hidden[torch.arange(B), ends]`.",
            ),
            Mistake(
                "argmax over the batch",
                end_over_the_batch,
                "The argmax runs over the texts (`dim=0`), one result a place. Each text has its own end: `tokens.argmax(dim=-1)`.",
            ),
            Mistake(
                "the end of the first text",
                end_of_first_text,
                "Every text is read where the *first* text ends. Each row has its own end: index with `torch.arange(B)` and the argmax of each row together.",
            ),
        ),
        alternatives=(end_by_gather, end_by_mask, end_by_id, end_by_counting),
        hints=(
            "Which token of a causal tower has seen the whole text? And which id does it have?",
            "$e_b = \\arg\\max_l \\mathrm{tokens}[b, l]$, shape $[B]$; the answer is $\\mathrm{hidden}[b, e_b]$, shape $[B, W]$: two index tensors, one for the rows, one for the places.",
            "```python\nrows = torch.arange(len(hidden))\nends = ...  # [B]\nreturn hidden[rows, ends]\n```",
        ),
    ),
]
