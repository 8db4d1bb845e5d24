"""The exercises on glue: one rule of the table, and what every new task adds to the bill."""

import itertools

from course_lib.checker.task import Mistake, Task
from course_lib.specialists.costs import Cost, marginal_costs
from course_lib.specialists.rules import Found, relation_rule, surest

NAMES = ("cat", "dog", "bus")


def relation_inputs(rng) -> tuple[list[Found], str, str]:
    """Things of three names, some twice, some not there; large and small boxes, so that corners mislead."""
    count = rng.in_turn((2, 4, 1, 5, 6, 3, 5, 6))
    things = []
    for n in range(count):
        x, y, w, h = (float(value) for value in (*rng.uniform(0, 0.5, 2), *rng.uniform(0.1, 0.5, 2)))
        y += rng.draw % 4 * 0.3 * (n == 0)  # the first one ever lower
        name = NAMES[(n + rng.draw // 8) % 2] if n < 2 else NAMES[int(rng.integers(3))]
        things.append(Found(name, (x, y, x + w, y + h), float(rng.uniform(0.3, 1))))
    return things, "cat", "dog"


def _how(dx: float, dy: float) -> str:
    if abs(dx) >= abs(dy):
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"


def _pair(things, name, other) -> tuple:
    return surest(things, name), surest(things, other)


def relation_turned(things, name, other):
    return relation_rule(things, other, name)


def relation_by_corner(things, name, other):
    a, b = _pair(things, name, other)
    return None if a is None or b is None else _how(a.box[0] - b.box[0], a.box[1] - b.box[1])


def relation_y_upward(things, name, other):
    said = relation_rule(things, name, other)
    return {"above": "below", "below": "above"}.get(said, said)


def relation_x_first(things, name, other):
    a, b = _pair(things, name, other)
    return None if a is None or b is None else "left" if a.box[0] + a.box[2] < b.box[0] + b.box[2] else "right"


def relation_of_first_found(things, name, other):
    firsts = {one.name: one for one in reversed(things)}
    return relation_rule([one._replace(score=1.0) for one in firsts.values()], name, other)


def relation_always_answers(things, name, other):
    return relation_rule(things, name, other) or "left"


def relation_by_centres(things, name, other):
    ranked = sorted(things, key=lambda one: one.score)
    centres = {one.name: ((one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2) for one in ranked}
    if name not in centres or other not in centres:
        return None
    (x, y), (u, v) = centres[name], centres[other]
    return _how(x - u, y - v)


def relation_by_search(things, name, other):
    a, b = (next((x for x in sorted(things, key=lambda x: -x.score) if x.name == one), None) for one in (name, other))
    return None if a is None or b is None else relation_by_centres([a, b], name, other)


def cost_inputs(rng) -> tuple[list[Cost], float, float]:
    """Tasks that cost labels, lines or minutes of training, one that is free, and none at all."""
    count = rng.in_turn((4, 1, 6, 0, 3))
    costs = [
        Cost(f"task {n}", int(rng.integers(0, 900)), int(rng.integers(0, 30)), round(float(rng.uniform(0, 40)), 1))
        for n in range(count)
    ]
    if count > 2:
        costs[1] = Cost("free", 0, 0, 0.0)
    return costs, float(rng.integers(2, 9)), float(rng.integers(2, 6)) / 2


def costs_each(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    return [marginal_costs([one], seconds_per_label, minutes_per_line)[0] for one in costs]


def costs_in_seconds(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    return marginal_costs(costs, 60 * seconds_per_label, minutes_per_line)


def costs_of_people(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    return marginal_costs([one._replace(minutes=0.0) for one in costs], seconds_per_label, minutes_per_line)


def costs_of_labels(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    return marginal_costs(costs, seconds_per_label, 0.0)


def costs_by_sums(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    def until(n: int) -> float:
        return sum(c.labels * seconds_per_label / 60 + c.lines * minutes_per_line + c.minutes for c in costs[: n + 1])

    return [until(n) for n in range(len(costs))]


def costs_by_steps(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    steps = [
        labels * seconds_per_label / 60 + lines * minutes_per_line + minutes for _, labels, lines, minutes in costs
    ]
    return list(itertools.accumulate(steps))


TASKS = [
    Task(
        id="specialists.relation_rule",
        title="A glue rule: where is it, seen from the other?",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=relation_rule,
        used_at=("specialists.rules:relation_rule",),
        make_inputs=relation_inputs,
        draws=12,
        mistakes=(
            Mistake(
                "the other way round",
                relation_turned,
                "Seen from `other`, where is `name`? This says it the other way round.",
            ),
            Mistake(
                "by corners",
                relation_by_corner,
                "The upper left corners are compared, and a large thing's corner lies far from its middle. Compare centres.",
            ),
            Mistake("y points down", relation_y_upward, "In pictures y grows *downward*: a smaller y is above."),
            Mistake(
                "left and right only",
                relation_x_first,
                "Only left and right are said here. Take the longer way of the two: if |dy| is larger, it is above or below.",
            ),
            Mistake(
                "not the surest",
                relation_of_first_found,
                "Of two cats the first is taken; take the *surest*, the one with the highest score.",
            ),
            Mistake(
                "answers without evidence",
                relation_always_answers,
                "One of the two was not found, and still there is an answer. Return None: the machine should be silent then.",
            ),
        ),
        alternatives=(relation_by_centres, relation_by_search),
        hints=(
            "Find the surest thing of each name, then compare the centres of their boxes.",
            "$d_x = c_x(\\text{name}) - c_x(\\text{other})$, $d_y$ likewise; $|d_x| \\ge |d_y|$: left or right, else above or below.",
            "```python\na, b = surest(things, name), surest(things, other)\nif a is None or b is None:\n    return None\n"
            'dx, dy = ...\nif abs(dx) >= abs(dy):\n    return "left" if dx < 0 else "right"\nreturn ...\n```',
        ),
    ),
    Task(
        id="specialists.marginal_costs",
        title="The bill: what each new task adds",
        difficulty=1,
        importance=3,
        minutes=5,
        reference=marginal_costs,
        lesson_only="the lesson's table is made with it; nothing else asks for the bill",
        make_inputs=cost_inputs,
        mistakes=(
            Mistake(
                "each by itself",
                costs_each,
                "These are the tasks one by one. Add them up: what has been spent *after* each.",
            ),
            Mistake(
                "seconds as minutes",
                costs_in_seconds,
                "Labels are paid in seconds; divide by 60 before you add minutes to them.",
            ),
            Mistake(
                "training is free",
                costs_of_people,
                "The minutes of training are missing: a machine's time is time, too.",
            ),
            Mistake(
                "lines are free", costs_of_labels, "The lines of rules are missing: they cost `minutes_per_line` each."
            ),
        ),
        alternatives=(costs_by_sums, costs_by_steps),
        hints=(
            "Three terms a task, all in minutes; then a running sum.",
            "$C_n = \\sum_{i \\le n} \\left( l_i\\, s / 60 + r_i\\, m + t_i \\right)$",
            "```python\ntotal, result = 0.0, []\nfor one in costs:\n    total += ...\n    result.append(total)\nreturn result\n```",
        ),
    ),
]
