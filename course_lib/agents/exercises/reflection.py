"""The exercise on looking at one's own work: retries with a budget, and a memory of failures."""

from course_lib.agents.reflect import keep_trying
from course_lib.checker.task import Mistake, Task

OUTCOMES = (  # what each try would miss
    [["bus"], [], ["frog"]],
    [["bus", "frog"], ["frog"], ["bus"], []],
    [[], ["bus"]],
    [["bus", "frog"], ["bus", "house", "lion"], ["lion", "frog"], ["lion"]],
    [["lion"], ["bus", "frog"], ["bus", "frog", "lion"]],
    [["lion"], ["lion", "bus"], []],
)


def trying_inputs(rng) -> tuple:
    """Tries that are known beforehand; each result also shows what the try was told."""
    outcomes, calls = rng.in_turn(OUTCOMES), []

    def attempt(failures):
        calls.append(0)
        return {"try": len(calls), "told": [list(one) for one in failures], "missing": outcomes[len(calls) - 1]}

    return attempt, lambda result: list(result["missing"]), min(rng.in_turn((3, 3, 2, 4, 3, 2)), len(outcomes))


def trying_last(attempt, missing_in, budget):
    failures = []
    for _ in range(budget):
        result = attempt(list(failures))
        missing = missing_in(result)
        if not missing:
            break
        failures.append(missing)
    return result, failures


def trying_first(attempt, missing_in, budget):
    results = []
    _, failures = keep_trying(lambda told: results.append(attempt(told)) or results[-1], missing_in, budget)
    return results[0], failures


def trying_blindly(attempt, missing_in, budget):
    return keep_trying(lambda failures: attempt([]), missing_in, budget)


def trying_never_stops(attempt, missing_in, budget):
    results = [attempt([])]
    for _ in range(budget - 1):
        results.append(attempt([missing_in(one) for one in results]))
    failures = [missing_in(one) for one in results]
    best = min(range(budget), key=lambda n: len(failures[n]))
    return results[best], [one for one in failures if one]


def trying_remembers_last(attempt, missing_in, budget):
    return keep_trying(lambda failures: attempt(failures[-1:]), missing_in, budget)


def trying_with_best(attempt, missing_in, budget):
    failures, best, fewest = [], None, None
    for _ in range(budget):
        result = attempt(list(failures))
        missing = missing_in(result)
        if fewest is None or len(missing) < fewest:
            best, fewest = result, len(missing)
        if not missing:
            return best, failures
        failures.append(missing)
    return best, failures


def trying_by_recursion(attempt, missing_in, budget):
    def go(results, failures):
        result = attempt([*failures])
        missing = missing_in(result)
        results, all_missing = [*results, result], [*failures, missing]
        if missing and len(results) < budget:
            return go(results, all_missing)
        sizes = [len(one) for one in all_missing]
        return results[sizes.index(min(sizes))], all_missing if missing else failures

    return go([], [])


TASKS = [
    Task(
        id="agents.keep_trying",
        title="Look at it, and try again",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=keep_trying,
        used_at=("agents.reflect:keep_trying",),
        make_inputs=trying_inputs,
        draws=len(OUTCOMES),
        mistakes=(
            Mistake(
                "the last",
                trying_last,
                "The last result is returned, though an earlier one missed less. A retry can also make things worse.",
            ),
            Mistake(
                "the first",
                trying_first,
                "The first result is returned whatever came after it. Of all, take the one that misses least.",
            ),
            Mistake(
                "no memory",
                trying_blindly,
                "Each try is told nothing of those before it: hand `failures` to `attempt`.",
            ),
            Mistake(
                "never content",
                trying_never_stops,
                "Nothing was missing, and it tried again. Stop at once: every try costs.",
            ),
            Mistake(
                "short memory",
                trying_remembers_last,
                "Only the last failure is handed on. `attempt` gets all of them; what it reads is its own choice.",
            ),
        ),
        alternatives=(trying_with_best, trying_by_recursion),
        hints=(
            "A loop of at most `budget` tries that stops when nothing is missing; keep results and failures side by side.",
            "best = argmin over tries of |missing|, of equals the first.",
            "```python\nfailures, results = [], []\nwhile len(results) < budget:\n    results.append(attempt(list(failures)))\n    missing = ...\n"
            "    if not missing:\n        return ...\n    failures.append(...)\nreturn ...\n```",
        ),
    ),
]
