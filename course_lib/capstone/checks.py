"""Which claim cards are refused: a figure without company, or with company that contradicts it.

Code can't see whether a claim is worded wider than what was measured ("models can …" for one checkpoint on stickers). That is for
the rubric in docs/INSTRUCTORS.md, and for a reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from course_lib.capstone.card import Card
from course_lib.figures import number

MIN_N = 100  # below it, the 95 % interval of a share of a half is wider than ±10 points
ADVICE = {  # what a card must say → what to do
    "claim": "Write one sentence that names model, data and direction.",
    "figure.value": "Measure it: `figures.share(id, right)` makes a figure with its interval.",
    "figure.low": "A number without an interval can't be compared: `figures.share`, or `evaluate.paired_gain` for a difference.",
    "figure.high": "The interval needs its upper end as well.",
    "figure.n": "Say how many things were measured.",
    "figure.control": "Measure the same where it must fail: another picture, shuffled labels, an untrained twin.",
    "control": "Say in words what the control changes, and what it leaves alone.",
    "figure.baseline": "Measure the usual method, or the best answer that ignores the input.",
    "baseline": "Say in words what reached the baseline.",
    "figure.ceiling": "Put the truth, or the best that is possible, through the same measure.",
    "ceiling": "Say in words what reached the ceiling.",
    "split": "Say which data the figure was measured on.",
    "tried": 'Name all that was chosen, and on which split; if nothing was: {"what": "nothing", "split": "none"}.',
    "num_seeds": "Say how many training runs the claim speaks of; for a shipped checkpoint, 1.",
    "by_seed": "Give the figure of each training run.",
    "minutes": "Say how many minutes it took.",
    "machine": "Say on what it ran.",
    "command": "Give the command that makes the figure again.",
}


def missing_fields(card: Mapping[str, Any], required: Sequence[str]) -> list[str]:
    """The required places that hold nothing: no entry, None, "" or []. "figure.n" is the entry "n" of the entry "figure"; 0 counts."""
    missing = []
    for place in required:
        value: Any = card
        for key in place.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None or value == "" or value == []:
            missing.append(place)
    return missing


def control_verdict(low: float, high: float, control: float | None, null: bool = False) -> str:
    """What a control says about a figure with the interval low … high; "" if nothing speaks against the claim.

    An effect: its control must stay below the interval, else "succeeds". A null result: the interval must hold 0, else "effect"; and
    its positive control, an effect known to be there, must lie above the interval, else the measure is "blind".
    """
    if control is None:
        return "missing"
    if not null:
        return "" if control < low else "succeeds"
    if not low <= 0 <= high:
        return "effect"
    return "" if control > high else "blind"


VERDICTS = {
    "succeeds": "figure.control: the control does as well ({control}, interval from {low}). What the claim names is not the reason; find out what is.",
    "effect": "figure: a null result, but its interval, {low} to {high}, does not hold 0. Claim the effect, or set `null` to false.",
    "blind": "figure.control: an effect that must be found ({control}) lies within reach of the interval (up to {high}). This test could not "
    "have seen one; measure more, or a stronger one.",
}  # fmt: skip


def refusals(card: Card) -> list[str]:
    """All reasons to refuse a card, as sentences: where, what, and what to do. An accepted card has none."""
    missing = missing_fields(asdict(card), tuple(ADVICE))
    found = [f"{place} is missing. {ADVICE[place]}" for place in missing]
    if not {"figure.value", "figure.low", "figure.high"} & set(missing):
        found += _of_figure(card)
    if card.num_seeds is not None and not 1 <= card.num_seeds <= len(card.by_seed):
        found.append(
            f"by_seed: seeds said: {card.num_seeds}, figures given: {len(card.by_seed)}. Give one for each training run."
        )
    for choice in card.tried:
        if card.split and choice["split"].strip().lower() == card.split.strip().lower():
            found.append(
                f"tried: {choice['what']!r} was chosen on {card.split!r}, where the figure was measured. Choose on other data, then measure once."
            )
    return found


def _of_figure(card: Card) -> list[str]:
    """What is wrong with the numbers of a card whose figure has an interval."""
    figure = card.figure
    told = {name: number(getattr(figure, name), figure.unit) for name in ("value", "low", "high", "control", "ceiling")}
    found = []
    if not figure.low <= figure.value <= figure.high:
        found.append("figure: {value} lies outside its interval, {low} to {high}. Compute both from the same data.")
    if figure.n is not None and figure.n < MIN_N:
        found.append(f"figure.n: {figure.n} are too few to tell much. Measure {MIN_N} or more.")
    if figure.ceiling is not None and figure.value > figure.ceiling:
        found.append("figure.ceiling: {value} is above the ceiling, {ceiling}. One of the two is measured wrongly.")
    found.append(VERDICTS.get(control_verdict(figure.low, figure.high, figure.control, card.null), ""))
    return [text.format(**told) for text in found if text]
