"""The exercise on the interval of a share: Wilson's, which behaves where few things or none are right."""

import math

from course_lib.checker.task import Mistake, Task
from course_lib.figures import wilson


def wilson_inputs(rng) -> tuple:
    """Shares of few and of many things, none right, all right; 95 % unless z says 99."""
    n = rng.in_turn((10, 100, 25, 400, 3, 60))
    right = rng.in_turn((0, 37, 25, 210, 2, int(rng.integers(5, 50))))
    return right / n, n, *rng.in_turn(((), (2.576,), (1.96,)))


def wald(share, n, z=1.96):
    half = z * math.sqrt(share * (1 - share) / n)
    return share - half, share + half


def wald_clipped(share, n, z=1.96):
    low, high = wald(share, n, z)
    return max(0.0, low), min(1.0, high)


def around_the_share(share, n, z=1.96):
    low, high = wilson(share, n, z)
    half = (high - low) / 2
    return max(0.0, share - half), min(1.0, share + half)


def always_95(share, n, z=1.96):
    return wilson(share, n)


def not_divided(share, n, z=1.96):
    low, high = wilson(share, n, z)
    return low * (1 + z * z / n), high * (1 + z * z / n)


def turned_round(share, n, z=1.96):
    return wilson(share, n, z)[::-1]


def by_counts(share, n, z=1.96):
    right, wrong = share * n, (1 - share) * n
    half = z * math.sqrt(right * wrong / n + z * z / 4)
    return max((right + z * z / 2 - half) / (n + z * z), 0.0), min((right + z * z / 2 + half) / (n + z * z), 1.0)


def by_roots(share, n, z=1.96):
    a, b, c = 1 + z**2 / n, -(2 * share + z**2 / n), share**2  # (p - share)² = z² p (1 - p) / n
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


TASKS = [
    Task(
        id="capstone.wilson",
        title="The interval of a share",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=wilson,
        used_at=("figures:wilson",),
        make_inputs=wilson_inputs,
        draws=6,
        mistakes=(
            Mistake("the textbook's", wald, "This is the normal approximation: with nothing right it has no width, and elsewhere it leaves 0 to 1. Wilson's adds $z^2$ terms."),
            Mistake("the textbook's, clipped", wald_clipped, "Clipping the normal approximation to 0 and 1 hides its fault: none right of 10 gives an interval without width."),
            Mistake("around the share", around_the_share, "The half width is right, but it stands around the share. Wilson's centre is drawn towards ½, by $z^2 / 2n$."),
            Mistake("always 95 %", always_95, "`z` is not used: with 2.576 it should be the 99 % interval, which is wider."),
            Mistake("not divided", not_divided, "Both centre and half width must be divided by $1 + z^2 / n$."),
            Mistake("turned round", turned_round, "The upper end comes first here. Return (low, high)."),
        ),
        alternatives=(by_counts, by_roots),
        hints=(
            "Which true shares p would make what you measured unsurprising? Those with |share − p| at most z standard errors *of p*.",
            r"$\dfrac{\hat p + \frac{z^2}{2n} \pm z\sqrt{\frac{\hat p(1-\hat p)}{n} + \frac{z^2}{4n^2}}}{1 + \frac{z^2}{n}}$, kept within 0 and 1.",
            "```python\ncentre = (share + z * z / (2 * n)) / (1 + z * z / n)\nhalf = ...\nreturn max(0.0, centre - half), min(1.0, centre + half)\n```",
        ),
    ),
]  # fmt: skip
