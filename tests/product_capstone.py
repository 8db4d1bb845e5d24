"""Exercise of Lesson 15 → a tiny run of the course's own room that uses it."""

from course_lib.capstone.card import Card
from course_lib.capstone.checks import refusals
from course_lib.figures import Figure, share

PRODUCT = {
    "capstone.wilson": lambda: share("capstone.style", [True, False]),
    "capstone.missing_fields": lambda: refusals(Card()),
    "capstone.control_verdict": lambda: refusals(
        Card(figure=Figure("capstone.style", 0.5, 0.4, 0.6, 100, control=0.1))
    ),
}
EQUIVALENT = {
    "capstone.wilson": {"constant: `1.0` → `2.0`": "the upper end is never above 1, but for rounding"},
    "capstone.missing_fields": {
        "function: `place.split('.')` → `place.rsplit('.')`": "without a limit both split at every dot",
    },
}
