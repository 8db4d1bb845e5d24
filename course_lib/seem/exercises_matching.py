"""The exercise on who found what: Hungarian matching."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.seem.matching import CLASS, DICE, PIXELS, match


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
]
