"""The exercise on scheduled sampling: in which steps the boxes are heard."""

import math

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.sampling import grounding_strengths

CASES = (  # steps, and in eighths, which are exact in binary: grounded_fraction, decay_fraction (None: left to its default)
    (16, 3, 2),  # whole steps
    (10, 3, 3),  # 3.75 steps twice, 7.5 together
    (20, 1, 2),  # 2.5 steps
    (9, 4, 1),  # 4.5 steps, and one on the way down
    (13, 0, 5),
    (12, 4, 4),  # nothing is left
    (11, 3, 5),  # together all, but a step is left
    (15, 5, 0),
    (14, 8, 0),
    (10, 4, None),
    (6, 2, 1),  # 0.75 steps on the way down: none
    (1, 4, 4),  # not one step
)


def strength_inputs(rng) -> tuple:
    """Whole and broken numbers of steps, each stretch long, short and empty, with and without `decay_fraction`."""
    steps, grounded, decay = rng.in_turn(CASES)
    if steps >= 8:
        steps += 8 * int(rng.integers(0, 3))  # the broken part stays
    return (steps, grounded / 8) if decay is None else (steps, grounded / 8, decay / 8)


def strengths_backwards(steps, grounded_fraction, decay_fraction=0.0):
    return grounding_strengths(steps, grounded_fraction, decay_fraction)[::-1]


def strengths_switched(steps, grounded_fraction, decay_fraction=0.0):
    return grounding_strengths(steps, grounded_fraction)


def strengths_always(steps, grounded_fraction, decay_fraction=0.0):
    return [1.0] * steps


def _stretches(steps, full, falling) -> list[float]:
    slope = [1 - (i + 1) / falling for i in range(falling)]
    return [1.0] * full + slope + [0.0] * (steps - full - falling)


def strengths_from_one(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + [1 - i / falling for i in range(falling)] + [0.0] * (steps - full - falling)


def strengths_from_one_to_zero(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + [1 - i / max(1, falling - 1) for i in range(falling)] + [0.0] * (steps - full - falling)


def strengths_short_of_zero(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / (falling + 1) for i in range(falling)] + [0.0] * (steps - full - falling)


def strengths_rounded(steps, grounded_fraction, decay_fraction=0.0):
    return _stretches(steps, round(grounded_fraction * steps), round(decay_fraction * steps))


def strengths_rounded_up(steps, grounded_fraction, decay_fraction=0.0):
    return _stretches(steps, math.ceil(grounded_fraction * steps), math.ceil(decay_fraction * steps))


def strengths_by_ends(steps, grounded_fraction, decay_fraction=0.0):
    full, end = int(grounded_fraction * steps), int((grounded_fraction + decay_fraction) * steps)
    return _stretches(steps, full, end - full)


def strengths_of_the_rest(steps, grounded_fraction, decay_fraction=0.0):
    full = int(grounded_fraction * steps)
    return _stretches(steps, full, int(decay_fraction * (steps - full)))


def strengths_exchanged(steps, grounded_fraction, decay_fraction=0.0):
    return grounding_strengths(steps, decay_fraction, grounded_fraction)


def strengths_to_the_end(steps, grounded_fraction, decay_fraction=0.0):
    full = int(grounded_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / (steps - full) for i in range(steps - full)]


def strengths_decay_as_place(steps, grounded_fraction, decay_fraction=0.0):
    full, end = int(grounded_fraction * steps), int(decay_fraction * steps)
    slope = [1 - (i + 1) / (end - full) for i in range(end - full)]
    return [1.0] * full + slope + [0.0] * (steps - full - len(slope))


def strengths_by_place(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = math.floor(steps * grounded_fraction), math.floor(steps * decay_fraction)
    betas = []
    for step in range(steps):
        left = full + falling - step - 1  # steps on the way down after this one
        betas.append(1 if step < full else left / falling if left > 0 else 0)
    return betas


def strengths_by_clamp(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0 if i < full else max(0.0, 1 - (i - full + 1) / falling) if falling else 0.0 for i in range(steps)]


def strengths_by_append(steps, grounded_fraction, decay_fraction=0.0):
    betas = []
    while len(betas) < int(grounded_fraction * steps):
        betas.append(1.0)
    falling = int(decay_fraction * steps)
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
        used_at=("gligen.sampling:grounding_strengths",),
        make_inputs=strength_inputs,
        draws=len(CASES),
        mistakes=(
            Mistake(
                "backwards",
                strengths_backwards,
                "The boxes speak last. The first, noisy steps lay out the picture: there the strength is 1.",
            ),
            Mistake(
                "no slope",
                strengths_switched,
                "There is no way down: after the share `grounded_fraction` comes a share `decay_fraction` of steps in which the strength falls evenly.",
            ),
            Mistake(
                "always on",
                strengths_always,
                "The boxes speak to the end. Only the share `grounded_fraction` of the steps has 1.",
            ),
            Mistake(
                "falls from 1",
                strengths_from_one,
                "Your slope begins with one more 1, and does not reach 0. Its n steps are (n − 1)/n, …, 1/n, 0.",
            ),
            Mistake(
                "from 1 to 0",
                strengths_from_one_to_zero,
                "Your slope runs from 1 to 0, both included. Its first step is below 1 already: (n − 1)/n, …, 1/n, 0.",
            ),
            Mistake(
                "short of 0",
                strengths_short_of_zero,
                "Your slope stops short of 0. The last of its n steps is at 0: (n − 1)/n, …, 1/n, 0.",
            ),
            Mistake(
                "rounded",
                strengths_rounded,
                "The numbers of steps are *rounded*. What is broken off is dropped: `int(share * steps)`.",
            ),
            Mistake(
                "rounded up",
                strengths_rounded_up,
                "The numbers of steps are rounded *up*. What is broken off is dropped: `int(share * steps)`.",
            ),
            Mistake(
                "ends instead of lengths",
                strengths_by_ends,
                "You take the end of the slope from the sum of both shares, which may be a step more. Take `int` of each: the slope has `int(decay_fraction * steps)` steps.",
            ),
            Mistake(
                "share of the rest",
                strengths_of_the_rest,
                "`decay_fraction` is a share of *all* steps, and you take it of those that are left.",
            ),
            Mistake(
                "shares swapped",
                strengths_exchanged,
                "The two shares are swapped: `grounded_fraction` of the steps have 1, and `decay_fraction` of them are on the way down.",
            ),
            Mistake(
                "falls to the end",
                strengths_to_the_end,
                "Your slope takes all the steps that are left. It takes the share `decay_fraction`; after it, all is 0.",
            ),
            Mistake(
                "decay as a place",
                strengths_decay_as_place,
                "You read `decay_fraction` as the place where the slope ends. It is how long it is.",
            ),
        ),
        alternatives=(strengths_by_clamp, strengths_by_append, strengths_by_place),
        hints=(
            "Three stretches, one after the other: fully on, on the way down, off. How many steps has each?",
            "`int(grounded_fraction * steps)` times 1; then $n$ = `int(decay_fraction * steps)` steps $1 - \\frac{i+1}{n}$ for $i = 0 \\ldots n-1$; then 0, `steps` numbers in all.",
            "```python\nfull, falling = int(grounded_fraction * steps), int(decay_fraction * steps)\nslope = [... for i in range(falling)]\nreturn [1.0] * full + slope + ...\n```",
        ),
    ),
]
