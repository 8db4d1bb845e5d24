"""The exercise on mixing: three types of replies, by their shares, in every beginning of the list."""

import random
from fractions import Fraction
from itertools import cycle, islice

import numpy as np

from course_lib.checker.task import Mistake, Task
from course_lib.instruct.run.plan import mixed_types

CASES = (  # number of replies, shares
    *((34, (58, 23, 77)), (24, (8, 2, 2)), (7, (1, 1, 1)), (12, (2, 5, 5)), (0, (58, 23, 77)), (1, (1, 2, 1)), (10, (3, 0, 2))),
    *((25, (4, 7, 1, 4)), (9, (1, 1)), (5, (3,)), (40, (3, 9, 2)), (31, (77, 40, 23)), (158, (58, 23, 77)), (60, (4, 8, 3))),
)  # fmt: skip


def mix_inputs(rng) -> tuple[int, dict[str, int]]:
    """A number of replies, none to many, and shares: LLaVA's, equal ones, none for a type, those that end in ties."""
    count, shares = rng.in_turn(CASES)
    names = rng.permutation(["conversation", "detail", "complex", "counting"])
    return count, {str(name): share for name, share in zip(names, shares, strict=False)}


def _mixed(count, shares, lead, first=1) -> list[str]:
    """Each place to the type with the largest `lead(share, place, total, given)`."""
    total, counts, types = sum(shares.values()), dict.fromkeys(shares, 0), []
    for place in range(first, first + count):
        behind = max(shares, key=lambda type: lead(shares[type], place, total, counts[type]))
        counts[behind] += 1
        types.append(behind)
    return types


def mix_thirds(count, shares):
    return [list(shares)[place % len(shares)] for place in range(count)]


def mix_in_blocks(count, shares):
    types = mixed_types(count, shares)
    return sorted(types, key=list(shares).index)


def mix_furthest_ahead(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: total * given - share * place)


def mix_not_normalised(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share * place - given)


def mix_from_zero(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share * place - total * given, first=0)


def mix_by_division(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share * place / total - given)


def mix_by_fractions(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share / total * place - given)


def mix_by_ratio(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share / (given + 1))


def mix_not_counted(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share)


def mix_last_of_equals(count, shares):
    return mixed_types(count, dict(reversed(shares.items())))


def mix_one_short(count, shares):
    return mixed_types(count - 1, shares)


def mix_by_chance(count, shares):
    return random.choices(list(shares), weights=list(shares.values()), k=count)


def mix_due_in_the_end(count, shares):
    return _mixed(count, shares, lambda share, place, total, given: share * count - total * given)


def mix_in_cycles(count, shares):
    return list(islice(cycle([name for name, share in shares.items() for _ in range(share)]), count))


def mix_alphabetical(count, shares):
    return mixed_types(count, dict(sorted(shares.items())))


def mix_by_numpy(count, shares):
    names, weights = list(shares), np.array(list(shares.values()))
    counts, types = np.zeros(len(names), dtype=int), []
    while len(types) < count:
        furthest = int((weights * (len(types) + 1) - weights.sum() * counts).argmax())
        counts[furthest] += 1
        types.append(names[furthest])
    return types


def mix_by_whole_fractions(count, shares):
    """What each type is owed, kept in whole fractions."""
    due = {name: Fraction(0) for name in shares}
    types = []
    while len(types) < count:
        for name, share in shares.items():
            due[name] += Fraction(int(share), sum(shares.values()))
        types += [next(name for name in shares if due[name] == max(due.values()))]
        due[types[-1]] -= 1
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
        draws=len(CASES),
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
            Mistake(
                "places from 0",
                mix_from_zero,
                "The places count from 0, so at each nothing is due yet for this very reply. They count from 1: `range(1, count + 1)`.",
            ),
            Mistake(
                "a division rounds",
                mix_by_division,
                "Nearly right: `share * place / total - given` rounds, so two that are equal may no longer be, and the wrong one is taken. Compare whole numbers: `share * place - total * given`.",
            ),
            Mistake(
                "fractions round",
                mix_by_fractions,
                "Nearly right: `share / total * place - given` rounds, so two that are equal may no longer be, and the wrong one is taken. Compare whole numbers: `share * place - total * given`.",
            ),
            Mistake(
                "by ratio",
                mix_by_ratio,
                "The place goes to the largest *ratio* of share to number given. Furthest behind is a difference, what is due less what was given: `share * place - total * given`.",
            ),
            Mistake(
                "nothing is counted",
                mix_not_counted,
                "Every place goes to the largest share: what a type has got already is not counted. Add 1 to its number each time, and subtract that.",
            ),
            Mistake(
                "the last of equals",
                mix_last_of_equals,
                "Where two are equally far behind, the last one gets the place. The first in `shares` should: `max` takes the first of equals (`>=` in a loop, or a reversed order, the last).",
            ),
            Mistake(
                "one short",
                mix_one_short,
                "The list is one short: `range(1, count)` ends before `count`. Write `range(1, count + 1)`.",
            ),
            Mistake(
                "due in the end",
                mix_due_in_the_end,
                "You compare with what is due after *all* replies. Compare with what is due among the first `place`, this one counted: else the list of 100 is not how that of 1,000 begins.",
            ),
            Mistake(
                "rounds of the shares",
                mix_in_cycles,
                "First all of one type, then all of the next, as often as the shares say. Every beginning of the list should be mixed.",
            ),
            Mistake(
                "equals by name",
                mix_alphabetical,
                "Among equals, the first *in the alphabet* gets the place. The first in `shares` should.",
            ),
        ),
        alternatives=(mix_by_numpy, mix_by_whole_fractions, mix_by_counting),
        hints=(
            "After 10 replies, how many should be conversations? Who has got least of what is due?",
            "Place $p = 1, 2, \\dots$ goes to $\\arg\\max_t\\,(s_t\\, p - S\\, g_t)$ with $S = \\sum_t s_t$ and $g_t$ = how often $t$ came so far; `max` takes the first of equals.",
            "```python\ntypes, given = [], dict.fromkeys(shares, 0)\nfor place in range(1, count + 1):\n    behind = {type: ... for type, share in shares.items()}\n    furthest = max(behind, key=behind.get)\n    ...\nreturn types\n```",
        ),
    ),
]
