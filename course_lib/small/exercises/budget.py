"""The exercise on equal budgets: as many tokens from few conversations as from many."""

from itertools import accumulate, cycle, takewhile

from course_lib.checker.task import Mistake, Task
from course_lib.small.data.sets import fill_budget


def budget_inputs(rng) -> tuple[list[int], int]:
    """Few conversations and many, a budget that is met exactly, one missed by one token, one too small for the first, none to take."""
    lengths = [int(rng.integers(5, 30)) for _ in range(rng.in_turn((3, 12, 1, 2, 0, 5, 4)))]
    budget = rng.in_turn((150, sum(lengths) - 1, 100, 2 * sum(lengths), 90, 4, 75))
    return lengths, budget


def once_only(lengths, budget):
    fill_budget(lengths, budget)
    return [i for i, total in enumerate(accumulate(lengths)) if total <= budget]


def below_the_budget(lengths, budget):
    return fill_budget(lengths, budget - 1)


def over_the_budget(lengths, budget):
    taken = fill_budget(lengths, budget)
    return [*taken, len(taken) % len(lengths)]


def equal_rounds(lengths, budget):
    fill_budget(lengths, budget)
    return list(range(len(lengths))) * (budget // sum(lengths))


def skips_what_is_too_long(lengths, budget):
    taken = fill_budget(lengths, budget)
    left = budget - sum(lengths[i] for i in taken)
    for i in [k % len(lengths) for k in range(len(taken), len(taken) + len(lengths))]:
        if lengths[i] <= left:
            taken.append(i)
            left -= lengths[i]
    return taken


def never_begins_anew(lengths, budget):
    taken = fill_budget(lengths, budget)
    return list(range(len(taken)))


def counts_conversations(lengths, budget):
    fill_budget(lengths, budget)
    return [i % len(lengths) for i in range(budget // max(lengths))]


def by_itertools(lengths, budget):
    if not lengths:
        raise ValueError("nothing to take")
    totals = accumulate(cycle(lengths))
    return [i % len(lengths) for i, _ in enumerate(takewhile(lambda total: total <= budget, totals))]


def by_subtraction(lengths, budget):
    if len(lengths) == 0:
        raise ValueError("no conversations")
    taken, at = [], 0
    while True:
        budget -= lengths[at]
        if budget < 0:
            return taken
        taken.append(at)
        at = 0 if at + 1 == len(lengths) else at + 1


TASKS = [
    Task(
        id="small.fill_budget",
        title="Equal tokens for every arm",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=fill_budget,
        used_at=("small.data.sets:fill_budget",),
        make_inputs=budget_inputs,
        refuses=(ValueError,),
        special_cases=(("there is no conversation", lambda lengths, budget: not lengths),),
        draws=14,
        mistakes=(
            Mistake("once only", once_only, "Each conversation is taken once at most, so few conversations leave the budget unused: that arm would learn from fewer tokens. Begin again with the first."),
            Mistake("below the budget", below_the_budget, "A conversation that fills the budget exactly still fits: compare with `<=`."),
            Mistake("one too many", over_the_budget, "The last one goes over the budget. Look at the sum *before* you take it."),
            Mistake("whole rounds only", equal_rounds, "Only whole rounds are taken. What fits of the last round belongs to the budget, too."),
            Mistake("gaps filled", skips_what_is_too_long, "What does not fit is skipped and shorter ones are taken in its place: short conversations would be learned more often than long ones. Stop at the first that does not fit."),
            Mistake("numbers that are not there", never_begins_anew, "The numbers run on behind the last conversation. After it comes number 0 again: `% len(lengths)`."),
            Mistake("conversations counted", counts_conversations, "The budget is counted in conversations of the greatest length. It is tokens that cost: add up the lengths."),
        ),
        alternatives=(by_itertools, by_subtraction),
        hints=(
            "Keep the sum of tokens so far. Which conversation comes next, if `n` were taken already?",
            r"Taken are $0, 1, \dots, K-1 \pmod{N}$ with the largest $K$ for which $\sum_{k<K} \ell_{k \bmod N} \le \text{budget}$.",
            "```python\nif not lengths:\n    raise ValueError(...)\ntaken, used = [], 0\nwhile used + lengths[...] <= budget:\n    used += ...\n    taken.append(...)\nreturn taken\n```",
        ),
    ),
]  # fmt: skip
