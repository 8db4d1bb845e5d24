"""What one more task costs: labels and rules for the specialists, words typed for the one model."""

import inspect
from collections.abc import Sequence
from typing import NamedTuple

from course_lib import checkpoints
from course_lib.instruct.resources import complex_wordings
from course_lib.specialists import detector, rules, tools
from course_lib.specialists.groups import ANIMALS, DANGERS, WATER
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import COLOURS

SECONDS_PER_LABEL, MINUTES_PER_LINE = 3.0, 2.0  # a guess at what a person needs; the lesson lets one change it


class Cost(NamedTuple):
    """What a task asked of those who wired the specialists."""

    task: str
    labels: int  # names put on lists, and pictures labelled
    lines: int  # of rules
    minutes: float  # of training


def marginal_costs(
    costs: Sequence[Cost], seconds_per_label: float = SECONDS_PER_LABEL, minutes_per_line: float = MINUTES_PER_LINE
) -> list[float]:
    """The minutes spent after each of the tasks, in their order: people's and machines', added up from the first task on."""
    total, result = 0.0, []
    for one in costs:
        total += one.labels * seconds_per_label / 60 + one.lines * minutes_per_line + one.minutes
        result.append(total)
    return result


def paid() -> list[Cost]:
    """What the revealed tasks cost, counted in this room's own code and lists."""
    uses = tuple(complex_wordings().uses)
    return [
        Cost(
            "place",
            tools.LABELLED_PLACES,
            _lines(rules.place_rule, tools.place, tools._place_features, tools._place_weights),
            0.1,  # a guess, as the others' 0 is: fitting takes seconds
        ),
        Cost("colour", len(COLOURS), _lines(rules.colour_rule), 0.0),
        Cost("sign_thing", 0, 0, 0.0),
        Cost("need", len(rules.with_group(uses)), _lines(rules.need_rule), 0.0),
        Cost("group", len(rules.with_group(ANIMALS)), _lines(rules.group_rule), 0.0),
        Cost("swim", len(WATER) + len(DANGERS), _lines(rules.swim_rule), 0.0),
    ]


def nouns() -> Cost:
    """What the detector's further training cost, from 12 names to 168: a box for every thing that it saw."""
    recipe, spec = detector.BAKED, SceneSpec()
    things = sum(len(make_scene(index, spec, detector.SCENES_SEED).things) for index in range(400)) / 400  # a picture
    minutes = checkpoints.read_card(detector.CHECKPOINT.with_suffix(".json"))["minutes"]
    return Cost("156 more names", round(things * recipe.steps * recipe.batch_size), 0, minutes)


def _lines(*functions) -> int:
    """Lines of code, docstrings included, blank ones not."""
    return sum(sum(bool(line.strip()) for line in inspect.getsource(one).splitlines()) for one in functions)
