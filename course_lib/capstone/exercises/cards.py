"""The exercises on claim cards: what a broken one lacks, and whether its control speaks against it."""

from functools import reduce

from course_lib.capstone.checks import control_verdict, missing_fields
from course_lib.checker.task import Mistake, Task

EMPTY = (None, "", [])
PRESENT = (0, 0.0, "val", 0.25, [0.5], False, 120)


def card_inputs(rng) -> tuple[dict, list[str]]:
    """Cards with all sorts of gaps: no figure, an empty one, nulls, empty texts and lists, and honest zeros."""
    required = ["claim", "figure.n", "tried", "figure.control", "minutes", "figure.note.source"]
    values = [EMPTY[int(rng.integers(3))] if rng.random() < 0.4 else PRESENT[int(rng.integers(7))] for _ in required]
    card = {place: value for place, value in zip(required, values, strict=True) if "." not in place}
    figure = {
        "n": values[1],
        "control": rng.in_turn((0.0, None, 0.1)),
        "note": rng.in_turn(({"source": "x"}, "text", {})),
    }
    card |= rng.in_turn(
        ({"figure": figure}, {"figure": None}, {}, {"figure": figure}, {"figure": figure}, {"figure": []})
    )
    if rng.draw % 4 == 3:
        del card["tried"]
    return card, required


def _at(card, place):
    return reduce(lambda part, key: part.get(key) if isinstance(part, dict) else None, place.split("."), card)


def zero_is_missing(card, required):
    return [place for place in required if not _at(card, place)]


def none_only(card, required):
    return [place for place in required if _at(card, place) is None]


def first_level_only(card, required):
    return [place for place in required if card.get(place) in EMPTY]


def first_gap_only(card, required):
    return missing_fields(card, required)[:1]


def what_is_there(card, required):
    return [place for place in required if place not in missing_fields(card, required)]


def missing_by_reduce(card, required):
    return [place for place in required if any(_at(card, place) == nothing for nothing in EMPTY)]


def missing_by_walking(card, required):
    def holds(part, keys) -> bool:
        if keys:
            return isinstance(part, dict) and keys[0] in part and holds(part[keys[0]], keys[1:])
        return part is not None and (not hasattr(part, "__len__") or len(part) > 0)

    return list(filter(lambda place: not holds(card, place.split(".")), required))


def control_inputs(rng) -> tuple:
    """Controls below, in, above and at both ends of the interval, none at all, and 0; effects and null results."""
    low, high = (float(value) for value in sorted(rng.uniform(0.1, 0.9, 2)))
    below, inside, above = low / 2, (low + high) / 2, high + 0.05
    at_zero = low - inside, high - inside
    return rng.in_turn((
        (low, high, below), (low, high, inside, False), (low, high, None, False), (low, high, 0.0, False),
        (low, high, low, False), (low, high, above, False), (low, high, above, True), (*at_zero, above, True),
        (*at_zero, at_zero[1], True), (*at_zero, 0.0, True), (-high, -low, above, True), (0.0, high, above, True),
        (*at_zero, None, True), (-high, 0.0, above, True), (*at_zero, -above, True),
    ))  # fmt: skip


def below_the_upper_end(low, high, control, null=False):
    said = control_verdict(low, high, control, null)
    return "" if said == "succeeds" and control < high else said


def zero_control_missing(low, high, control, null=False):
    return control_verdict(low, high, control or None, null)


def touching_allowed(low, high, control, null=False):
    return "" if control is not None and not null and control == low else control_verdict(low, high, control, null)


def null_like_others(low, high, control, null=False):
    return control_verdict(low, high, control)


def null_unproved(low, high, control, null=False):
    said = control_verdict(low, high, control, null)
    return "" if said == "blind" else said


def null_without_zero(low, high, control, null=False):
    said = control_verdict(low, high, control, null)
    return ("" if control > high else "blind") if said == "effect" else said


def verdict_by_table(low, high, control, null=False):
    if control is None:
        return "missing"
    rules = [("effect", low > 0 or high < 0), ("blind", control <= high)] if null else [("succeeds", control >= low)]
    return next((name for name, broken in rules if broken), "")


def verdict_by_cases(low, high, control, null=False):
    match control, null:
        case None, _:
            return "missing"
        case _, False:
            return "succeeds" * (not control < low)
    return "effect" if low * high > 0 else "blind" * (not high < control)


TASKS = [
    Task(
        id="capstone.missing_fields",
        title="A broken card: what is missing?",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=missing_fields,
        used_at=("capstone.checks:missing_fields",),
        make_inputs=card_inputs,
        draws=12,
        mistakes=(
            Mistake("zero is missing", zero_is_missing, "A control of 0 is a measured value, the best there is, and counts as missing here. Compare with None, \"\" and [], not with `not value`."),
            Mistake("None only", none_only, "An empty text or an empty list says no more than None: both are missing, too."),
            Mistake("first level only", first_level_only, '"figure.n" is no key of the card: it is the entry "n" of the entry "figure". Split at the dots and step down.'),
            Mistake("the first gap only", first_gap_only, "Only the first gap is told. Whoever mends a card wants to know all of them at once."),
            Mistake("the wrong way round", what_is_there, "These are the places that *are* filled in. Return the others."),
        ),
        alternatives=(missing_by_reduce, missing_by_walking),
        hints=(
            "Take one place, split it at the dots, and go down one key at a time; stop where there is no dictionary.",
            'missing = [p ∈ required : value(p) ∈ {None, "", []}], where value("a.b") = card["a"]["b"], or None if there is no way down.',
            '```python\nmissing = []\nfor place in required:\n    value = card\n    for key in place.split("."):\n        value = ...\n'
            '    if value is None or ...:\n        missing.append(place)\nreturn missing\n```',
        ),
    ),
    Task(
        id="capstone.control_verdict",
        title="The rule: a control must fail",
        difficulty=3,
        importance=5,
        minutes=10,
        reference=control_verdict,
        used_at=("capstone.checks:control_verdict",),
        make_inputs=control_inputs,
        draws=15,
        mistakes=(
            Mistake("inside the interval", below_the_upper_end, "A control within the figure's interval passes here. It must lie below the *lower* end, or the two can't be told apart."),
            Mistake("zero is no control", zero_control_missing, "A control that scores 0 was measured, and failed as it should. Only None is missing."),
            Mistake("touching", touching_allowed, "A control exactly at the lower end is not below the interval: it succeeds."),
            Mistake("null like the others", null_like_others, "A null result has another rule: its interval must hold 0, and its control is an effect that must be *found*, above the interval."),
            Mistake("null unproved", null_unproved, "That nothing was found says little if nothing could have been found: where the control does not lie above the interval, the measure is \"blind\"."),
            Mistake("a null result beside 0", null_without_zero, "This null result's interval does not hold 0, so there is an \"effect\"."),
        ),
        alternatives=(verdict_by_table, verdict_by_cases),
        hints=(
            "Four questions in turn: is there a control? Is it a null result? Does the interval hold 0? On which side of it is the control?",
            r'An effect: $c < \mathrm{low}$. A null result: $\mathrm{low} \le 0 \le \mathrm{high} < c$.',
            '```python\nif control is None:\n    return "missing"\nif not null:\n    return "" if ... else "succeeds"\nif not ...:\n    return "effect"\nreturn ...\n```',
        ),
    ),
]  # fmt: skip
