"""Exercises on what the queries say and how they are taught: names and masks, matching, dice."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.exercises.task import Mistake, Task
from course_lib.seem.exercises_reading import normal
from course_lib.seem.heads import mask_head
from course_lib.seem.losses import dice_loss
from course_lib.seem.matching import CLASS, DICE, PIXELS, match


def head_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All sizes different, and text embeddings of very different lengths."""
    batch, queries, width, words, fine = (int(rng.integers(low, low + 2)) for low in (2, 4, 6, 8, 10))
    embeddings = normal(rng, words, width) * torch.from_numpy(rng.uniform(0.3, 4, (words, 1)).astype("float32"))
    pixels = normal(rng, batch, fine, int(rng.integers(3, 5)), int(rng.integers(5, 7)))
    return (
        normal(rng, batch, queries, width),
        embeddings,
        normal(rng, batch, queries, fine),
        pixels,
        torch.tensor(float(rng.uniform(5, 20))),
    )


def _masks(vectors, pixels) -> Tensor:
    return torch.einsum("bqe,behw->bqhw", vectors, pixels)


def head_dot_product(queries, words, vectors, pixels, scale):
    return scale * queries @ words.T, _masks(vectors, pixels)


def head_no_scale(queries, words, vectors, pixels, scale):
    return mask_head(queries, words, vectors, pixels, 1.0)


def head_words_as_they_are(queries, words, vectors, pixels, scale):
    return scale * F.normalize(queries, dim=-1) @ words.T, _masks(vectors, pixels)


def head_softmax(queries, words, vectors, pixels, scale):
    classes, masks = mask_head(queries, words, vectors, pixels, scale)
    return classes.softmax(dim=-1), masks


def head_thresholded(queries, words, vectors, pixels, scale):
    classes, masks = mask_head(queries, words, vectors, pixels, scale)
    return classes, (masks > 0).float()


def head_normalised_pixels(queries, words, vectors, pixels, scale):
    return mask_head(queries, words, F.normalize(vectors, dim=-1), F.normalize(pixels, dim=1), scale)


def head_by_matmul(queries, words, vectors, pixels, scale):
    masks = (vectors @ pixels.flatten(2)).unflatten(2, pixels.shape[2:])
    return F.normalize(queries, dim=-1) @ (scale * F.normalize(words, dim=-1)).T, masks


def head_by_cosine(queries, words, vectors, pixels, scale):
    classes = scale * F.cosine_similarity(queries.unsqueeze(2), words, dim=-1)
    return classes, (vectors[..., None, None] * pixels.unsqueeze(1)).sum(dim=2)


def match_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Costs in which each part alone would choose otherwise."""
    queries, things = int(rng.integers(6, 9)), int(rng.integers(3, 6))
    by_class = -torch.from_numpy(rng.random((queries, things)).astype("float32"))
    return by_class, *(torch.from_numpy(rng.random((queries, things)).astype("float32")) for _ in range(2))


def _pairs(cost: Tensor) -> tuple[Tensor, Tensor]:
    return match(cost / CLASS, torch.zeros_like(cost), torch.zeros_like(cost))


def match_without_class(by_class, by_pixels, by_dice):
    return _pairs(PIXELS * by_pixels + DICE * by_dice)


def match_unweighted(by_class, by_pixels, by_dice):
    return _pairs(by_class + by_pixels + by_dice)


def match_greedy(by_class, by_pixels, by_dice):
    cost = CLASS * by_class + PIXELS * by_pixels + DICE * by_dice
    return cost.argmin(dim=0), torch.arange(cost.shape[1])


def match_dearest(by_class, by_pixels, by_dice):
    return _pairs(-(CLASS * by_class + PIXELS * by_pixels + DICE * by_dice))


def match_by_query(by_class, by_pixels, by_dice):
    queries, things = match(by_class, by_pixels, by_dice)
    order = queries.argsort()
    return queries[order], things[order]


def match_swapped(by_class, by_pixels, by_dice):
    queries, things = match(by_class, by_pixels, by_dice)
    return things, queries


def match_transposed(by_class, by_pixels, by_dice):
    from scipy.optimize import linear_sum_assignment

    cost = (CLASS * by_class + PIXELS * by_pixels + DICE * by_dice).T
    things, queries = linear_sum_assignment(cost.numpy())
    return torch.from_numpy(queries), torch.from_numpy(things)


def match_by_search(by_class, by_pixels, by_dice):
    from itertools import permutations

    cost = CLASS * by_class + PIXELS * by_pixels + DICE * by_dice
    queries, things = cost.shape
    table = cost.tolist()
    best = min(permutations(range(queries), things), key=lambda rows: sum(table[q][t] for t, q in enumerate(rows)))
    return torch.tensor(best), torch.arange(things)


def dice_inputs(rng) -> tuple[Tensor, Tensor]:
    """Masks of different sizes, one of them empty."""
    count, height, width = (int(rng.integers(low, low + 3)) for low in (3, 4, 7))
    targets = torch.from_numpy(
        (rng.random((count, height, width)) < rng.uniform(0.1, 0.7, (count, 1, 1))).astype("float32")
    )
    targets[0] = 0
    return 2 * normal(rng, count, height, width), targets


def _dice(chances, targets) -> Tensor:
    chances, targets = chances.flatten(1), targets.flatten(1)
    return 1 - (2 * (chances * targets).sum(1) + 1) / (chances.sum(1) + targets.sum(1) + 1)


def dice_of_logits(logits, targets):
    return _dice(logits, targets)


def dice_thresholded(logits, targets):
    return _dice((logits > 0).float(), targets)


def dice_as_iou(logits, targets):
    chances, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    overlap = (chances * targets).sum(1)
    return 1 - (overlap + 1) / (chances.sum(1) + targets.sum(1) - overlap + 1)


def dice_not_subtracted(logits, targets):
    return 1 - dice_loss(logits, targets)


def dice_one_number(logits, targets):
    return dice_loss(logits.flatten()[None, None], targets.flatten()[None, None]).expand(len(logits))


def dice_forgot_two(logits, targets):
    chances, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - ((chances * targets).sum(1) + 1) / (chances.sum(1) + targets.sum(1) + 1)


def dice_by_einsum(logits, targets):
    chances = torch.sigmoid(logits)
    overlap = torch.einsum("nhw,nhw->n", chances, targets)
    return 1 - (1 + 2 * overlap) / (1 + (chances + targets).sum(dim=(1, 2)))


def dice_by_loop(logits, targets):
    return torch.stack([_dice(a.sigmoid()[None], b[None])[0] for a, b in zip(logits, targets, strict=True)])


TASKS = [
    Task(
        id="seem.mask_head",
        title="One head for any words",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=mask_head,
        make_inputs=head_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "dot product",
                head_dot_product,
                "Queries and words are not normalised: long text embeddings win whatever is seen. Names go by *cosine*: normalise both.",
            ),
            Mistake(
                "no scale",
                head_no_scale,
                "The class logits are bare cosines between -1 and 1: their softmax is nearly flat. Multiply by `scale`.",
            ),
            Mistake(
                "words as they are",
                head_words_as_they_are,
                "The words are not normalised: a class with a longer vector gets higher scores for nothing.",
            ),
            Mistake(
                "softmax here",
                head_softmax,
                "This returns probabilities. Return *logits*: the loss takes the softmax itself.",
            ),
            Mistake(
                "thresholded",
                head_thresholded,
                "The masks are cut to 0 and 1. A threshold has no gradient, so nothing could be learned: return logits.",
            ),
            Mistake(
                "cosine for pixels",
                head_normalised_pixels,
                "The masks are cosines. Names go by cosine, masks by plain dot product: else a logit could never exceed 1.",
            ),
        ),
        alternatives=(head_by_matmul, head_by_cosine),
        hints=(
            "Two comparisons of the same kind: with every word, and with every pixel. Only the first is between directions.",
            "Names: $s\\,\\langle \\hat q, \\hat w_c\\rangle$, $[B, Q, C]$. Masks: $\\sum_e v_{bqe}\\,p_{behw}$, $[B, Q, H, W]$.",
            '```python\nclasses = scale * F.normalize(...) @ F.normalize(...).T  # [B, Q, C]\nmasks = torch.einsum("...", vectors, pixels)  # [B, Q, H, W]\nreturn classes, masks\n```',
        ),
    ),
    Task(
        id="seem.match",
        title="Who found what: Hungarian matching",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=match,
        make_inputs=match_inputs,
        mistakes=(
            Mistake(
                "no class cost",
                match_without_class,
                "The class has no say: a query that calls the cat a dog may be matched to the cat. Add `CLASS * by_class`.",
            ),
            Mistake(
                "no weights",
                match_unweighted,
                "The three costs are added as they are. Weigh them with `CLASS`, `PIXELS` and `DICE`.",
            ),
            Mistake(
                "greedy",
                match_greedy,
                "Each thing takes its cheapest query, so two may take the same one. The pairing must be the cheapest *as a whole*: `linear_sum_assignment`.",
            ),
            Mistake(
                "the dearest",
                match_dearest,
                "This is the dearest pairing. `linear_sum_assignment` looks for the least sum: pass costs, not scores.",
            ),
            Mistake(
                "ordered by query",
                match_by_query,
                "The pairs are right, but ordered by query. Order them by thing: `order = things.argsort()`.",
            ),
            Mistake("wrong way round", match_swapped, "First the queries, then the things: these are exchanged."),
        ),
        alternatives=(match_transposed, match_by_search),
        hints=(
            "`scipy.optimize.linear_sum_assignment` finds the cheapest pairing of rows and columns of a cost matrix.",
            "$c = 2\\,c_{class} + 5\\,c_{pixels} + 5\\,c_{dice}$, $[Q, T]$, weights `CLASS`, `PIXELS`, `DICE`. It gives rows and columns ordered by row; sort both by column.",
            "```python\ncost = ...  # [Q, T]\nqueries, things = linear_sum_assignment(cost.numpy())\norder = things.argsort()\nreturn torch.from_numpy(queries[order]), ...\n```",
        ),
    ),
    Task(
        id="seem.dice_loss",
        title="The dice loss",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=dice_loss,
        make_inputs=dice_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "logits",
                dice_of_logits,
                "These are logits, of any size and sign. Make chances of them first: `logits.sigmoid()`.",
            ),
            Mistake(
                "threshold",
                dice_thresholded,
                "A threshold has no gradient: nothing would be learned. Use the chances `logits.sigmoid()` as they are.",
            ),
            Mistake(
                "that is IoU",
                dice_as_iou,
                "This divides by the union, which is IoU. Dice divides twice the overlap by the *sum* of both sizes.",
            ),
            Mistake(
                "score instead of loss",
                dice_not_subtracted,
                "This is the score, 1 for a perfect mask. A loss falls: subtract it from 1.",
            ),
            Mistake(
                "all masks together",
                dice_one_number,
                "The pixels of all masks are pooled, so that large things outvote small ones. One number *a mask*: sum over the pixels only.",
            ),
            Mistake(
                "once the overlap",
                dice_forgot_two,
                "A perfect mask should cost 0, and this costs about a half: *twice* the overlap.",
            ),
        ),
        alternatives=(dice_by_einsum, dice_by_loop),
        hints=(
            "How much of both masks together is shared by both? The shared part counts in each, hence twice.",
            "With $p = \\sigma(\\text{logits})$ and targets $t$, summed over the pixels of each mask: $1 - \\dfrac{2\\sum pt + 1}{\\sum p + \\sum t + 1}$, shape $[N]$.",
            "```python\nchances, targets = logits.sigmoid().flatten(1), targets.flatten(1)  # [N, H·W]\noverlap = ...\nreturn 1 - ...\n```",
        ),
    ),
]
