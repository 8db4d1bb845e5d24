"""The exercise on the image tower: pooling the patches of a picture."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
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
]
