"""The exercise on Hungarian matching: which query is taught which thing."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.seem.train.losses import CLASS_WEIGHT, DICE_WEIGHT, MASK_WEIGHT, match

NUM_QUERIES_AND_THINGS = ((7, 4), (5, 5), (8, 3), (6, 1), (1, 1), (6, 6), (8, 5), (9, 4))


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
]
