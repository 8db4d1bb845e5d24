"""The exercise on mixing: three types of replies, by their shares, in every beginning of the list."""

import random

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.run.plan import mixed_types


def mix_inputs(rng) -> tuple[int, dict[str, int]]:
    """A number of replies, and shares that differ: LLaVA's, or others."""
    shares = rng.choice([58, 23, 77, 40, 11], size=3, replace=False)
    names = ("conversation", "detail", "complex")
    return int(rng.integers(12, 36)), {name: int(share) for name, share in zip(names, shares, strict=True)}


def mix_thirds(count, shares):
    return [list(shares)[place % len(shares)] for place in range(count)]


def mix_in_blocks(count, shares):
    types = mixed_types(count, shares)
    return sorted(types, key=list(shares).index)


def mix_furthest_ahead(count, shares):
    total, counts, types = sum(shares.values()), dict.fromkeys(shares, 0), []
    for place in range(1, count + 1):
        ahead = max(shares, key=lambda type: counts[type] - shares[type] / total * place)
        counts[ahead] += 1
        types.append(ahead)
    return types


def mix_not_normalised(count, shares):
    counts, types = dict.fromkeys(shares, 0), []
    for place in range(1, count + 1):
        behind = max(shares, key=lambda type: shares[type] * place - counts[type])
        counts[behind] += 1
        types.append(behind)
    return types


def mix_by_chance(count, shares):
    return random.choices(list(shares), weights=list(shares.values()), k=count)


def mix_by_numpy(count, shares):
    names, weights = list(shares), np.array(list(shares.values()))
    counts, types = np.zeros(len(names), dtype=int), []
    while len(types) < count:
        furthest = int((weights * (len(types) + 1) - weights.sum() * counts).argmax())
        counts[furthest] += 1
        types.append(names[furthest])
    return types


def mix_by_counting(count, shares):
    types = []
    for place in range(1, count + 1):
        behind = [-(share * place - sum(shares.values()) * types.count(type)) for type, share in shares.items()]
        types.append(list(shares)[behind.index(min(behind))])
    return types


TASKS = [
    Task(
        id="instruct.mix",
        title="Mix the three types",
        difficulty=2,
        importance=3,
        minutes=10,
        reference=mixed_types,
        used_at=("instruct.run.plan:mixed_types",),
        make_inputs=mix_inputs,
        mistakes=(
            Mistake(
                "equal thirds",
                mix_thirds,
                "All types come equally often. Each should come as often as its share says: 58 of 158 are conversations, but only 23 are descriptions.",
            ),
            Mistake(
                "in blocks",
                mix_in_blocks,
                "The numbers are right, but the types come one after the other. Whoever stops halfway has no reasoning at all, and 1,000 replies don't go on where 100 ended. Every beginning of the list should be mixed.",
            ),
            Mistake(
                "the furthest ahead",
                mix_furthest_ahead,
                "The place goes to the type that is furthest *ahead*, so one type gets nearly everything. Take the one that is furthest behind: `share · place − total · given` is largest.",
            ),
            Mistake(
                "shares not of the total",
                mix_not_normalised,
                "The largest share wins nearly every time: `shares` are not parts of 1, and 77 · place is far more than any count. Compare `share · place` with `sum of shares · given`.",
            ),
            Mistake(
                "by chance",
                mix_by_chance,
                "Drawn by chance the shares are right only on average, and another run asks other questions, so nothing that was paid for can be found again. Give each place to the type that is furthest behind.",
            ),
        ),
        alternatives=(mix_by_numpy, mix_by_counting),
        hints=(
            "After 10 replies, how many should be conversations? Who has got least of what is due?",
            "Place $p = 1, 2, \\dots$ goes to $\\arg\\max_t\\,(s_t\\, p - S\\, g_t)$ with $S = \\sum_t s_t$ and $g_t$ = how often $t$ came so far; `max` takes the first of equals.",
            "```python\ntypes, given = [], dict.fromkeys(shares, 0)\nfor place in range(1, count + 1):\n    behind = {type: ... for type, share in shares.items()}\n    furthest = max(behind, key=behind.get)\n    ...\nreturn types\n```",
        ),
    ),
]
