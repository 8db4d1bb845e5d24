"""Exercises on what masks cost: Hungarian matching and the dice loss."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.seem.exercises.attention import normal
from course_lib.seem.train.losses import CLASS_WEIGHT, DICE_WEIGHT, MASK_WEIGHT, dice_loss, match

NUM_QUERIES_AND_THINGS = ((7, 4), (5, 5), (8, 3), (6, 1), (1, 1), (6, 6), (8, 5), (9, 4))
MASK_SIZES = ((4, 5, 8), (3, 7, 4), (1, 4, 9), (5, 6, 6), (3, 4, 7))  # N, H, W


def match_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Costs in which each part alone would choose otherwise; as many things as queries, or one."""
    shape = rng.in_turn(NUM_QUERIES_AND_THINGS)
    class_cost = -torch.from_numpy(rng.random(shape).astype("float32"))
    return class_cost, *(torch.from_numpy(rng.random(shape).astype("float32")) for _ in range(2))


def _match_total(cost: Tensor) -> tuple[Tensor, Tensor]:
    return match(cost / CLASS_WEIGHT, torch.zeros_like(cost), torch.zeros_like(cost))


def match_without_class(class_cost, mask_cost, dice_cost):
    return _match_total(MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost)


def match_unweighted(class_cost, mask_cost, dice_cost):
    return _match_total(class_cost + mask_cost + dice_cost)


def match_greedy(class_cost, mask_cost, dice_cost):
    cost = CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost
    return cost.argmin(dim=0), torch.arange(cost.shape[1])


def match_most_expensive(class_cost, mask_cost, dice_cost):
    return _match_total(-(CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost))


def match_by_query(class_cost, mask_cost, dice_cost):
    queries, things = match(class_cost, mask_cost, dice_cost)
    order = queries.argsort()
    return queries[order], things[order]


def match_swapped(class_cost, mask_cost, dice_cost):
    queries, things = match(class_cost, mask_cost, dice_cost)
    return things, queries


def match_without_mask(class_cost, mask_cost, dice_cost):
    return _match_total(CLASS_WEIGHT * class_cost + DICE_WEIGHT * dice_cost)


def match_without_dice(class_cost, mask_cost, dice_cost):
    return _match_total(CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost)


def match_sign(class_cost, mask_cost, dice_cost):
    return match(-class_cost, mask_cost, dice_cost)


def match_weights_exchanged(class_cost, mask_cost, dice_cost):
    return _match_total(MASK_WEIGHT * class_cost + CLASS_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost)


def match_one_after_another(class_cost, mask_cost, dice_cost):
    cost = CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost
    queries = []
    for thing in range(cost.shape[1]):
        queries.append(min(set(range(len(cost))) - set(queries), key=lambda query: cost[query, thing].item()))
    return torch.tensor(queries), torch.arange(cost.shape[1])


def match_cheapest_first(class_cost, mask_cost, dice_cost):
    cost = CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost
    queries = torch.zeros(cost.shape[1], dtype=torch.long)
    for _ in range(cost.shape[1]):
        query, thing = divmod(int(cost.argmin()), cost.shape[1])
        queries[thing], cost[query], cost[:, thing] = query, torch.inf, torch.inf
    return queries, torch.arange(cost.shape[1])


def match_a_thing_for_each_query(class_cost, mask_cost, dice_cost):
    cost = CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost
    return torch.arange(len(cost)), cost.argmin(dim=1)


def match_transposed(class_cost, mask_cost, dice_cost):
    from scipy.optimize import linear_sum_assignment

    cost = (CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost).T
    things, queries = linear_sum_assignment(cost.numpy())
    return torch.from_numpy(queries), torch.from_numpy(things)


def match_by_search(class_cost, mask_cost, dice_cost):
    from itertools import permutations

    cost = CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost
    queries, things = cost.shape
    cost_table = cost.tolist()
    best = min(permutations(range(queries), things), key=lambda rows: sum(cost_table[q][t] for t, q in enumerate(rows)))
    return torch.tensor(best), torch.arange(things)


def dice_inputs(rng) -> tuple[Tensor, Tensor]:
    """Masks of different sizes, one empty, one full, one met exactly, one missed altogether."""
    count, height, width = rng.in_turn(MASK_SIZES)
    shares = rng.uniform(0.1, 0.7, (count, 1, 1))
    targets = torch.from_numpy((rng.random((count, height, width)) < shares).astype("float32"))
    logits = 2 * normal(rng, count, height, width)
    if count > 1:
        targets[0], targets[1] = 0, 1
        logits[2] = 40 * (2 * targets[2] - 1) * (-1) ** rng.draw  # sure, and right in every other draw
    return logits, targets


def _dice(probs, targets) -> Tensor:
    probs, targets = probs.flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).sum(1) + 1) / (probs.sum(1) + targets.sum(1) + 1)


def dice_of_logits(logits, targets):
    return _dice(logits, targets)


def dice_thresholded(logits, targets):
    return _dice((logits > 0).float(), targets)


def dice_as_iou(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    overlap = (probs * targets).sum(1)
    return 1 - (overlap + 1) / (probs.sum(1) + targets.sum(1) - overlap + 1)


def dice_not_subtracted(logits, targets):
    return 1 - dice_loss(logits, targets)


def dice_one_number(logits, targets):
    return dice_loss(logits.flatten()[None, None], targets.flatten()[None, None]).expand(len(logits))


def dice_forgot_two(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - ((probs * targets).sum(1) + 1) / (probs.sum(1) + targets.sum(1) + 1)


def dice_without_ones(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - 2 * (probs * targets).sum(1) / (probs.sum(1) + targets.sum(1))


def dice_one_below(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - 2 * (probs * targets).sum(1) / (probs.sum(1) + targets.sum(1) + 1)


def dice_of_means(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).mean(1) + 1) / (probs.mean(1) + targets.mean(1) + 1)


def dice_of_squares(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).sum(1) + 1) / ((probs**2).sum(1) + (targets**2).sum(1) + 1)


def dice_by_softmax(logits, targets):
    return _dice(logits.flatten(1).softmax(1).view_as(logits), targets)


def dice_mean(logits, targets):
    return dice_loss(logits, targets).mean()


def dice_sum(logits, targets):
    return dice_loss(logits, targets).sum()


def dice_pooled(logits, targets):
    return dice_loss(logits.flatten()[None, None], targets.flatten()[None, None])[0]


def dice_by_einsum(logits, targets):
    probs = torch.sigmoid(logits)
    overlap = torch.einsum("nhw,nhw->n", probs, targets)
    return 1 - (1 + 2 * overlap) / (1 + (probs + targets).sum(dim=(1, 2)))


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
        used_at=("seem.train.losses:match",),
        make_inputs=match_inputs,
        draws=2 * len(NUM_QUERIES_AND_THINGS),
        mistakes=(
            Mistake(
                "no class cost",
                match_without_class,
                "The class does not count: a query that calls the cat a dog may be matched to the cat. Add `CLASS_WEIGHT * class_cost`.",
            ),
            Mistake(
                "no weights",
                match_unweighted,
                "The three costs are added as they are. Weigh them with `CLASS_WEIGHT`, `MASK_WEIGHT` and `DICE_WEIGHT`.",
            ),
            Mistake(
                "greedy",
                match_greedy,
                "Each thing takes its cheapest query, so two may take the same one. The pairing must be the cheapest *as a whole*: `linear_sum_assignment`.",
            ),
            Mistake(
                "the most expensive",
                match_most_expensive,
                "This is the most expensive pairing. `linear_sum_assignment` looks for the least sum: pass costs, not scores.",
            ),
            Mistake(
                "ordered by query",
                match_by_query,
                "The pairs are right, but ordered by query. Order them by thing: `order = things.argsort()`.",
            ),
            Mistake("wrong way round", match_swapped, "First the queries, then the things: these are exchanged."),
            Mistake(
                "no mask cost",
                match_without_mask,
                "How wrong the pixels are does not count. Add `MASK_WEIGHT * mask_cost`.",
            ),
            Mistake(
                "no dice cost",
                match_without_dice,
                "How little the masks overlap does not count. Add `DICE_WEIGHT * dice_cost`.",
            ),
            Mistake(
                "class cost subtracted",
                match_sign,
                "The class cost is subtracted, so the least likely class wins. It is a cost already, low where the class is likely: add it.",
            ),
            Mistake(
                "weights exchanged",
                match_weights_exchanged,
                "The weights of class and mask are exchanged: `CLASS_WEIGHT` goes with `class_cost`, `MASK_WEIGHT` with `mask_cost`.",
            ),
            Mistake(
                "one after another",
                match_one_after_another,
                "Each thing in turn takes the cheapest query that is left, so the last ones take what nobody wanted. The pairing must be the cheapest *as a whole*: `linear_sum_assignment`.",
            ),
            Mistake(
                "the cheapest pair first",
                match_cheapest_first,
                "The cheapest pair first, then the next: so two cheap pairs may force a very dear one. The pairing must be the cheapest *as a whole*: `linear_sum_assignment`.",
            ),
            Mistake(
                "a thing for each query",
                match_a_thing_for_each_query,
                "Each *query* takes its cheapest thing. Each *thing* gets one query, and most queries none: `linear_sum_assignment`.",
            ),
        ),
        alternatives=(match_transposed, match_by_search),
        hints=(
            "`scipy.optimize.linear_sum_assignment` finds the cheapest pairing of rows and columns of a cost matrix.",
            "$c = 2\\,c_{class} + 5\\,c_{mask} + 5\\,c_{dice}$, $[Q, T]$, weights `CLASS_WEIGHT`, `MASK_WEIGHT`, `DICE_WEIGHT`. It gives rows and columns ordered by row; sort both by column.",
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
        used_at=("seem.train.losses:dice_loss",),
        make_inputs=dice_inputs,
        draws=len(MASK_SIZES),
        check_gradient=True,
        mistakes=(
            Mistake(
                "logits",
                dice_of_logits,
                "These are logits, of any size and sign. Make probabilities of them first: `logits.sigmoid()`.",
            ),
            Mistake(
                "threshold",
                dice_thresholded,
                "A threshold has no gradient: nothing would be learned. Use the probabilities `logits.sigmoid()` as they are.",
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
            Mistake(
                "no ones",
                dice_without_ones,
                "The ones are missing: where mask and thing are both empty, this is 0/0. Add 1 above and below.",
            ),
            Mistake(
                "the one below only",
                dice_one_below,
                "There is a 1 below the line, and none above it: so a perfect mask costs something, and an empty one that is rightly empty costs all. Add 1 to both.",
            ),
            Mistake(
                "mean for sum",
                dice_of_means,
                "These are means over the pixels, below 1 all of them, beside which the ones outweigh everything. Take *sums*.",
            ),
            Mistake(
                "squares",
                dice_of_squares,
                "Below the line stand squares, as in V-Net's dice. Here they are the plain sums of probabilities and targets.",
            ),
            Mistake(
                "softmax",
                dice_by_softmax,
                "The softmax lets the pixels compete for a mask, so that all together add up to 1. Each pixel is a yes or no of its own: `logits.sigmoid()`.",
            ),
            Mistake(
                "mean of the masks",
                dice_mean,
                "This is the mean over the masks. One number *a mask* is wanted, [N]: the caller averages.",
            ),
            Mistake(
                "sum of the masks",
                dice_sum,
                "This is the sum over the masks. One number *a mask* is wanted, [N]: the caller averages.",
            ),
            Mistake(
                "one for all",
                dice_pooled,
                "All pixels of all masks are summed together, so that there is one number. One *a mask* is wanted, [N]: `flatten(1)`, and sums over dimension 1.",
            ),
        ),
        alternatives=(dice_by_einsum, dice_by_loop),
        hints=(
            "How much of both masks together is shared by both? The shared part counts in each, hence twice.",
            "With $p = \\sigma(\\text{logits})$ and targets $t$, summed over the pixels of each mask: $1 - \\dfrac{2\\sum pt + 1}{\\sum p + \\sum t + 1}$, shape $[N]$.",
            "```python\nprobs, targets = logits.sigmoid().flatten(1), targets.flatten(1)  # [N, H·W]\noverlap = ...\nreturn 1 - ...\n```",
        ),
    ),
]
