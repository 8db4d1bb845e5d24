"""What training may see. Fixed before any model was trained, and decided here alone.

Held out are whole styles, whole classes, one colour of every recolourable class, one in twenty (thing, relation, thing)
triples, the words and numbers of some signs, and the wordings whose id begins with "test.". Training scenes come from the
stream "train", whose gate is `refuse_held_out`; recipes are tuned on the stream "val"; figures are reported on "test".
"""

import zlib
from collections.abc import Iterable, Sequence
from functools import cache

from course_lib.world.geometry import relation
from course_lib.world.shapes import SHAPES
from course_lib.world.signs import WORDS_TEST
from course_lib.world.stickers import COLOURS, classes

TRAIN_STYLES = ("noto", "twemoji")
SHIFT_STYLES = ("fluent_flat", "fluent", "line")  # ever further from what was trained
STREAMS = ("train", "val", "test")
# Only paint obeys the held-out colours. These are *drawn* in theirs (in part, or in one of the styles), so that training
# does see it, though no caption says so: what is measured on unseen pairs must leave them out.
DRAWN_IN_HELD_OUT_COLOUR = frozenset(("fox", "turtle", "snake", "crab", "car", "teddy bear", "pencil", "umbrella"))


def training_may_see(scene) -> bool:
    """True when nothing in the scene is held out: the one function that every training recipe must obey."""
    if scene.stream != "train":
        return False
    return all(training_may_see_thing(thing) for thing in scene.things) and not has_held_out_relation(scene)


def refuse_held_out(styles: Iterable, split: str, names: Sequence[str], colour: str | None) -> None:
    """Raise ValueError, naming it, where scenes of the stream "train" would hold a style, class or colour that is held out."""
    refused = [f"the style {style}" for style in styles if style not in TRAIN_STYLES]
    refused += [f"the class {name}" for name in names if name in _novel_names()]
    if split != "base" and not names:
        refused.append(f"classes of the split {split}")
    if colour == "held out":
        refused.append("held-out colours")
    if refused:
        raise ValueError(f"Training must not see {refused[0]}: take the stream val or test for it, not train.")


def training_may_see_thing(thing) -> bool:
    """True when the thing's style, class and colour, and what it says if it is a sign, may all be trained on."""
    if thing.style not in TRAIN_STYLES or thing.name in _novel_names():
        return False
    if thing.text is not None and not training_may_use_text(thing.text):
        return False
    return thing.colour is None or not held_out_colour(thing.name, thing.colour)


def training_may_use_text(text: str) -> bool:
    """True for what training may write on a sign: anything but the words and numbers that tests ask to read."""
    return text not in WORDS_TEST


def training_may_use_template(template_id: str) -> bool:
    """True for a wording that training may use; the ids of test wordings begin with "test."."""
    return not template_id.startswith("test.")


def held_out_colour(name: str, colour: str) -> bool:
    """True for the one colour that training never paints this class in (a Latin square: every colour is held out equally often)."""
    rank = _colour_rank().get(name)
    return rank is not None and COLOURS[rank % len(COLOURS)] == colour


def held_out_relation(a: str, relation: str, b: str) -> bool:
    """True for the 5 % of triples "a <relation> b" that training never shows, seen from either side."""
    if relation in ("right", "below"):
        a, relation, b = b, {"right": "left", "below": "above"}[relation], a
    return zlib.crc32(f"{a}|{relation}|{b}".encode()) % 20 == 0


def has_held_out_relation(scene) -> bool:
    """True when any two things of the scene stand in a relation that training never shows."""
    things = scene.things
    for i, a in enumerate(things):
        for b in things[:i]:
            how = relation(a, b)
            if how is not None and held_out_relation(a.name, how, b.name):
                return True
    return False


@cache
def _novel_names() -> frozenset[str]:
    return frozenset(c.name for c in classes() if c.split == "novel")


@cache
def _colour_rank() -> dict[str, int]:
    """A number for every name that can have a colour; a sign may have any, and a star is a star, drawn or cut out."""
    names = dict.fromkeys([c.name for c in classes() if c.recolourable] + list(SHAPES))
    return {name: rank for rank, name in enumerate(names)}
