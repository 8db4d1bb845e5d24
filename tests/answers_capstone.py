"""Answers to Lesson 15's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import numpy as np
from answers import right, wrong


@right("capstone.wilson")
def wilson_with_numpy(share, n, z=1.96):
    spread = z * np.sqrt((share - share**2) / n + (z / (2 * n)) ** 2)
    ends = (share + z**2 / (2 * n) + np.array([-spread, spread])) / (1 + z**2 / n)
    return tuple(float(end) for end in ends.clip(0, 1))


@wrong("capstone.wilson")
def wilson_with_one_square_lost(share, n, z=1.96):
    centre = (share + z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


@wrong("capstone.wilson")
def two_standard_errors(share, n, z=1.96):
    error = (share * (1 - share) / n) ** 0.5
    return share - z * error, share + z * error


@right("capstone.missing_fields")
def missing_with_try(card, required):
    found = []
    for place in required:
        value = card
        try:
            for key in place.split("."):
                value = value[key]
        except (KeyError, TypeError):
            value = None
        if value is None or (isinstance(value, str | list) and len(value) == 0):
            found.append(place)
    return found


@wrong("capstone.missing_fields")
def missing_if_false(card, required):
    found = []
    for place in required:
        value = card
        for key in place.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if not value:
            found.append(place)
    return found


@right("capstone.control_verdict")
def verdict_in_one_line(low, high, control, null=False):
    return "missing" if control is None else ("effect" if not (low <= 0 and high >= 0) else "blind" if high >= control else "") if null else "succeeds" if control >= low else ""  # fmt: skip


@wrong("capstone.control_verdict")
def verdict_without_null(low, high, control, null=False):
    if control is None:
        return "missing"
    return "" if control < low else "succeeds"


@wrong("capstone.control_verdict")
def verdict_of_a_truthy_control(low, high, control, null=False):
    if not control:
        return "missing"
    if null:
        return "effect" if low > 0 or high < 0 else "" if control > high else "blind"
    return "" if control < low else "succeeds"
