"""The wiring: findings of the specialists, and a table of rules that makes answers of them.

The first rule whose key words stand in the question, and that has an answer, answers; where there is none, the machine is silent.
`KNOWN` was written for the six tasks that were known; `ADDED` is what had to be written when six more were revealed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from course_lib.instruct.resources import complex_wordings
from course_lib.seem.data.queries import class_names
from course_lib.specialists import tools
from course_lib.specialists.groups import ANIMALS, DANGERS, WATER
from course_lib.world.nouns import NUMBERS, could_be, plural
from course_lib.world.scenes import Scene
from course_lib.world.stickers import COLOURS, classes

WAYS = {
    "left": ("left",),
    "right": ("right",),
    "above": ("above", "over", "higher"),
    "below": ("below", "under", "lower"),
}
YES_NO = ("is the", "are the", "true that", "agree that", "right that", "would you say the")


class Found(NamedTuple):
    """A thing in the picture."""

    name: str
    box: tuple[float, float, float, float]  # x0 y0 x1 y1, shares of the side
    score: float = 1.0


@dataclass(frozen=True)
class Findings:
    """All that rules get to see of a picture."""

    things: tuple[Found, ...]
    text: str  # on the sign, "" without one
    choose: Callable[[Sequence[str], Sequence[float]], str]  # which of the texts fits what is in a box
    place: Callable[[], str]


def look(image: np.ndarray) -> Findings:
    """What the specialists find in a picture uint8 [64, 64, 3]."""
    things = tuple(Found(one["name"], tuple(one["box"]), one["score"]) for one in tools.find(image))
    return Findings(things, tools.read(image), partial(tools.choose, image), partial(tools.place, image))


def truth(scene: Scene, boxes: np.ndarray) -> Findings:
    """What perfect specialists would find: boxes [N, 4] as shares, as rendered."""
    things = tuple(
        Found(thing.name, tuple(box))
        for thing, box in zip(scene.things, boxes.tolist(), strict=True)
        if box[2] > box[0]
    )
    colours = {tuple(box): thing.colour for thing, box in zip(scene.things, boxes.tolist(), strict=True)}

    def choose(options: Sequence[str], box: Sequence[float]) -> str:
        """The option that says the true colour."""
        return next((option for option in options if f" {colours[tuple(box)]} " in option), options[0])

    text = next((thing.text for thing in scene.things if thing.text), "")
    return Findings(things, text, choose, lambda: scene.backdrop)


@dataclass(frozen=True)
class Rule:
    """One row of the table."""

    task: str
    keywords: tuple[str, ...]  # any of them wakes the rule
    apply: Callable[[str, Findings], str | None]


def answer(question: str, findings: Findings, rules: Sequence[Rule]) -> str | None:
    """What the first rule says that has an answer, or None."""
    question = question.lower()
    for rule in rules:
        if any(keyword in question for keyword in rule.keywords) and (said := rule.apply(question, findings)):
            return said
    return None


@cache
def _vocabulary() -> dict[str, str]:
    """What a question may call a thing → its name."""
    names = class_names()
    return {**{plural(name).lower(): name for name in names}, **{name.lower(): name for name in names}}


def nouns_in(question: str) -> list[str]:
    """The names that a question holds, in its order; of "car" and "police car" the longer one."""
    words = "|".join(sorted(map(re.escape, _vocabulary()), key=len, reverse=True))
    return [_vocabulary()[match] for match in re.findall(rf"\b(?:{words})\b", question.lower())]


def surest(things: Sequence[Found], name: str) -> Found | None:
    """The surest thing of a name."""
    return max((one for one in things if one.name == name), key=lambda one: one.score, default=None)


def relation_rule(things: Sequence[Found], name: str, other: str) -> str | None:
    """Where the surest `name` is, seen from the surest `other`: "left", "right", "above" or "below", by the longer way from centre
    to centre; None where either was not found."""
    a, b = surest(things, name), surest(things, other)
    if a is None or b is None:
        return None
    dx, dy = ((a.box[i] + a.box[i + 2] - b.box[i] - b.box[i + 2]) / 2 for i in (0, 1))
    if abs(dx) >= abs(dy):
        return "left" if dx < 0 else "right"
    return "above" if dy < 0 else "below"


def exist_rule(question: str, findings: Findings) -> str | None:
    """Is a name among the things? For a sign, are these its letters? A colour is beyond this rule, so it is silent."""
    names = nouns_in(question)
    if len(names) != 1 or any(f" {colour} " in question and names[0] != "sign" for colour in COLOURS):
        return None
    if says := re.search(r'"(.+)"', question):
        return "yes" if says[1] == findings.text.lower() else "no"
    return "yes" if any(one.name in could_be(names[0]) for one in findings.things) else "no"


def count_rule(question: str, findings: Findings) -> str | None:
    """How many of a name, or of all things."""
    names = nouns_in(question)
    if not names and not re.search(r"\bthings\b", question):
        return None  # of what?
    number = sum(not names or one.name == names[0] for one in findings.things)
    return NUMBERS[number] if number < len(NUMBERS) else None


def where_rule(question: str, findings: Findings) -> str | None:
    """Which of the two is asked for, and which one is it seen from? Then `relation_rule`."""
    names = nouns_in(question)
    if len(names) != 2:
        return None
    first_is_other = re.search(rf"(from|side of) the {re.escape(names[0].lower())}\b", question)
    name, other = reversed(names) if first_is_other else names
    return relation_rule(findings.things, name, other)


def related_rule(question: str, findings: Findings) -> str | None:
    """Is it so? The way stands between the two names."""
    names = nouns_in(question)
    if len(names) != 2:
        return None
    between = question.split(names[0].lower(), 1)[1].split(names[1].lower(), 1)[0]
    said = next((way for way, words in WAYS.items() if any(word in between for word in words)), None)
    there = relation_rule(findings.things, *names)
    return None if said is None or there is None else "yes" if said == there else "no"


def size_rule(question: str, findings: Findings) -> str | None:
    """The name whose box has the longer side."""
    found = [surest(findings.things, name) for name in nouns_in(question)]
    if len(found) != 2 or None in found:
        return None
    return max(found, key=lambda one: max(one.box[2] - one.box[0], one.box[3] - one.box[1])).name


KNOWN = (
    Rule("count", ("how many", "count ", "number of"), count_rule),
    Rule("size", ("bigger", "larger"), size_rule),
    Rule("related", YES_NO, related_rule),
    Rule("relation", ("where", "side", "direction"), where_rule),
    Rule("exist", ("is there", "are there", "see", "show", "find", "contain"), exist_rule),
    Rule("read", ("say", "written", "read", "text"), lambda question, findings: findings.text or None),
)


def place_rule(question: str, findings: Findings) -> str | None:
    """One of the ten places for which somebody has labelled pictures."""
    return findings.place()


def colour_rule(question: str, findings: Findings) -> str | None:
    """CLIP chooses a colour for what is in the box of the thing."""
    found = [surest(findings.things, name) for name in nouns_in(question)]
    if not found or found[0] is None:
        return None
    options = [f"a {colour} {found[0].name}" for colour in COLOURS]
    return COLOURS[options.index(findings.choose(options, found[0].box))]


@cache
def with_group(groups: tuple[str, ...]) -> frozenset[str]:
    """The names of these supercategories: a list that somebody had to label."""
    return frozenset(one.name for one in classes() if one.supercategory in groups)


def need_rule(question: str, findings: Findings) -> str | None:
    """The surest thing that serves: "eat", "drink", "wear", "play", "drive or ride"."""
    uses = complex_wordings().uses
    wanted = next((use for use in set(uses.values()) if f"to {use} " in question), None)
    names = with_group(tuple(group for group, use in uses.items() if use == wanted))
    serving = [one for one in findings.things if one.name in names]
    return max(serving, key=lambda one: one.score).name if serving else None


def group_rule(question: str, findings: Findings) -> str | None:
    """How many of the things are on the list of animals."""
    return NUMBERS[min(sum(one.name in with_group(ANIMALS) for one in findings.things), 6)]


def swim_rule(question: str, findings: Findings) -> str | None:
    """Water, and nothing on the list of dangers."""
    place = place_rule(question, findings)
    return "yes" if place in WATER and not any(one.name in DANGERS for one in findings.things) else "no"


ADDED = (
    Rule("swim", ("swim",), swim_rule),
    Rule("need", ("i want to",), need_rule),
    Rule("group", ("animals",), group_rule),
    Rule("place", ("where is this", "place", "setting"), place_rule),
    Rule("colour", ("colour",), colour_rule),
)
