"""The claim card: a sentence, its figure, and the company without which the figure means nothing. Saved as plain JSON."""

import json
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.common.json_files import read_values
from course_lib.figures import Figure

LARGEST = 1e12  # beyond it a number is a slip; NaN and infinity, which Python's JSON knows, are not below it either


@dataclass(frozen=True)
class Card:
    """A claim with its figure. What nobody filled in is None or empty: `checks.refusals` names it."""

    claim: str = ""  # one sentence, no wider than what was measured
    null: bool = False  # the claim is that there is no effect: the figure is a difference
    figure: Figure | None = None  # with interval, n, control, baseline and ceiling as numbers
    control: str = (
        ""  # what `figure.control` was measured on: it must fail; of a null result: an effect that must be found
    )
    baseline: str = ""  # what reached `figure.baseline`
    ceiling: str = ""  # what reached `figure.ceiling`
    split: str = ""  # where the figure was measured, such as "test"
    tried: list[dict[str, str]] = field(default_factory=list)  # all that was chosen: {"what": …, "split": …}
    num_seeds: int | None = None  # how many training runs the claim speaks of
    by_seed: list[float] = field(default_factory=list)  # the figure of each
    minutes: float | None = None  # what measuring cost, training included if the claim is about training
    machine: str = ""
    command: str = ""  # makes the figure again


def save(card: Card, file: Path) -> None:
    """Write the card as JSON, one field a line."""
    write_atomically(file, (json.dumps(asdict(card), ensure_ascii=False, indent=1) + "\n").encode())


def load(file: Path) -> Card:
    """Read a card; `Problem` names the file and the field where it is no JSON, no card, or of the wrong type."""
    values = read_values(file)
    if len(values) != 1 or not isinstance(values[0], dict):
        raise Problem(f"{file} is no claim card: it must hold one JSON object, {{…}}.")
    of_card = _checked(values[0], Card, "", file)
    if of_card.get("figure") is not None:
        of_figure = _checked(of_card["figure"], Figure, "figure.", file)
        if "id" not in of_figure or "value" not in of_figure:
            raise Problem(f"{file}: `figure` needs an `id` and a `value`.")
        of_card["figure"] = Figure(**of_figure)
    return Card(**of_card)


def _checked(values: dict[str, Any], kind: type, prefix: str, file: Path) -> dict[str, Any]:
    """The fields of a card or figure, each of its type; null and what is not there stay as the class has them."""
    types = {one.name: str(one.type) for one in fields(kind)}
    for name, value in values.items():
        if name not in types:
            raise Problem(f"{file}: there is no field `{prefix}{name}`. There are: {', '.join(types)}.")
        if value is not None and not _fits(value, types[name]):
            raise Problem(
                f"{file}: `{prefix}{name}` is {json.dumps(value)[:60]}; it should be {_in_words(types[name])}."
            )
    return {name: value for name, value in values.items() if value is not None}


def _fits(value: Any, wanted: str) -> bool:
    """Is this JSON value of the type that a field's annotation names?"""
    if "list[dict" in wanted:
        return isinstance(value, list) and all(_is_choice(one) for one in value)
    if "list" in wanted:
        return isinstance(value, list) and all(_fits(one, "float") for one in value)
    if isinstance(value, bool):
        return "bool" in wanted
    if isinstance(value, int | float):
        return abs(value) < LARGEST and ("float" in wanted or ("int" in wanted and value == int(value)))
    return ("Figure" in wanted and isinstance(value, dict)) or ("str" in wanted and isinstance(value, str))


def _is_choice(value: Any) -> bool:
    return (
        isinstance(value, dict) and set(value) == {"what", "split"} and all(isinstance(v, str) for v in value.values())
    )


def _in_words(wanted: str) -> str:
    """A field's type, for people."""
    words = {"list[dict": 'a list of {"what": …, "split": …}', "list": "a list of numbers", "bool": "true or false"}
    words |= {"Figure": "an object with a figure's fields", "float": "a number", "int": "a whole number", "": "a text"}
    return next(text for part, text in words.items() if part in wanted)
