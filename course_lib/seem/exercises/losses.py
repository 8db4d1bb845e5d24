"""The exercise on who found what: Hungarian matching."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.seem.exercises.reading import normal
from course_lib.seem.train.losses import CLASS, DICE_COST, PIXELS_COST, dice_loss, match


def match_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Costs in which each part alone would choose otherwise."""
    queries, things = int(rng.integers(6, 9)), int(rng.integers(3, 6))
    by_class = -torch.from_numpy(rng.random((queries, things)).astype("float32"))
    return by_class, *(torch.from_numpy(rng.random((queries, things)).astype("float32")) for _ in range(2))


def _pairs(cost: Tensor) -> tuple[Tensor, Tensor]:
    return match(cost / CLASS, torch.zeros_like(cost), torch.zeros_like(cost))


def match_without_class(by_class, by_pixels, by_dice):
    return _pairs(PIXELS_COST * by_pixels + DICE_COST * by_dice)


def match_unweighted(by_class, by_pixels, by_dice):
    return _pairs(by_class + by_pixels + by_dice)


def match_greedy(by_class, by_pixels, by_dice):
    cost = CLASS * by_class + PIXELS_COST * by_pixels + DICE_COST * by_dice
    return cost.argmin(dim=0), torch.arange(cost.shape[1])


def match_dearest(by_class, by_pixels, by_dice):
    return _pairs(-(CLASS * by_class + PIXELS_COST * by_pixels + DICE_COST * by_dice))


def match_by_query(by_class, by_pixels, by_dice):
    queries, things = match(by_class, by_pixels, by_dice)
    order = queries.argsort()
    return queries[order], things[order]


def match_swapped(by_class, by_pixels, by_dice):
    queries, things = match(by_class, by_pixels, by_dice)
    return things, queries


def match_transposed(by_class, by_pixels, by_dice):
    from scipy.optimize import linear_sum_assignment

    cost = (CLASS * by_class + PIXELS_COST * by_pixels + DICE_COST * by_dice).T
    things, queries = linear_sum_assignment(cost.numpy())
    return torch.from_numpy(queries), torch.from_numpy(things)


def match_by_search(by_class, by_pixels, by_dice):
    from itertools import permutations

    cost = CLASS * by_class + PIXELS_COST * by_pixels + DICE_COST * by_dice
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
