"""The exercise on scheduled sampling: for how long the boxes speak."""

from course_lib.exercises.task import Mistake, Task
from course_lib.gligen.guidance import grounding_strengths


def strength_inputs(rng) -> tuple[int, float, float]:
    """Shares in eighths of a multiple of eight, so that no step is a matter of rounding; each part has steps of its own."""
    on = int(rng.integers(1, 4))
    return 8 * int(rng.integers(2, 5)), on / 8, int(rng.integers(1, 8 - on)) / 8


def strengths_backwards(steps, on, decay=0.0):
    return grounding_strengths(steps, on, decay)[::-1]


def strengths_switched(steps, on, decay=0.0):
    return grounding_strengths(steps, on)


def strengths_always(steps, on, decay=0.0):
    return [1.0] * steps


def strengths_from_one(steps, on, decay=0.0):
    full, falling = int(on * steps), int(decay * steps)
    return [1.0] * full + [1 - i / falling for i in range(falling)] + [0.0] * (steps - full - falling)


def strengths_to_the_end(steps, on, decay=0.0):
    full = int(on * steps)
    return [1.0] * full + [1 - (i + 1) / (steps - full) for i in range(steps - full)]


def strengths_decay_as_place(steps, on, decay=0.0):
    full, end = int(on * steps), int(decay * steps)
    slope = [1 - (i + 1) / (end - full) for i in range(end - full)]
    return [1.0] * full + slope + [0.0] * (steps - full - len(slope))


def strengths_by_clamp(steps, on, decay=0.0):
    full, falling = int(on * steps), int(decay * steps)
    return [1.0 if i < full else max(0.0, 1 - (i - full + 1) / falling) if falling else 0.0 for i in range(steps)]


def strengths_by_append(steps, on, decay=0.0):
    betas = []
    while len(betas) < int(on * steps):
        betas.append(1.0)
    falling = int(decay * steps)
    for left in reversed(range(falling)):
        betas.append(left / falling)
    return betas + [0.0] * (steps - len(betas))


TASKS = [
    Task(
        id="gligen.grounding_strengths",
        title="Scheduled sampling",
        difficulty=2,
        importance=3,
        minutes=10,
        reference=grounding_strengths,
        make_inputs=strength_inputs,
        mistakes=(
            Mistake(
                "backwards",
                strengths_backwards,
                "The boxes speak last. The first, noisy steps lay out the picture: there the strength is 1.",
            ),
            Mistake(
                "no slope",
                strengths_switched,
                "There is no way down: after the share `on` comes a share `decay` of steps in which the strength falls evenly.",
            ),
            Mistake(
                "always on", strengths_always, "The boxes speak to the end. Only the share `on` of the steps has 1."
            ),
            Mistake(
                "falls from 1",
                strengths_from_one,
                "Your slope begins with one more 1, and does not reach 0. Its n steps are (n − 1)/n, …, 1/n, 0.",
            ),
            Mistake(
                "falls to the end",
                strengths_to_the_end,
                "Your slope takes all the steps that are left. It takes the share `decay`; after it, all is 0.",
            ),
            Mistake(
                "decay as a place",
                strengths_decay_as_place,
                "You read `decay` as the place where the slope ends. It is how long it is.",
            ),
        ),
        alternatives=(strengths_by_clamp, strengths_by_append),
        hints=(
            "Three stretches, one after the other: fully on, on the way down, off. How many steps has each?",
            "`int(on * steps)` times 1; then $n$ = `int(decay * steps)` steps $1 - \\frac{i+1}{n}$ for $i = 0 \\ldots n-1$; then 0, `steps` numbers in all.",
            "```python\nfull, falling = int(on * steps), int(decay * steps)\nslope = [... for i in range(falling)]\nreturn [1.0] * full + slope + ...\n```",
        ),
    ),
]
