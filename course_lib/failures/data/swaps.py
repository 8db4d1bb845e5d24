"""Winoground in miniature: two pictures and two captions of the same words, so that a bag of words can't tell which belongs to which.

Thrush et al., 2022 (arXiv 2204.03162). Three sorts of swap: the places of two things, their colours, and two scoops of ice cream.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from course_lib.world.geometry import relation
from course_lib.world.language import RELATIONS, phrase
from course_lib.world.scenes import FIRST_SHAPE_CLASS, Scene, SceneSpec, Thing, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.splits import held_out_colour, training_may_see
from course_lib.world.stickers import COLOURS, class_named

SWAPS = ("place", "colour", "scoops")
SCOOP, SCOOP_WIDTH, SCOOP_GAP = "circle", 0.36, 0.25  # the scoops of the talk's slide; shares of the scene's side


@dataclass(frozen=True)
class Swap:
    """Two scenes and their captions, which hold the same words. `caption` is true of `scene` alone, `other_caption` of `other`."""

    scene: Scene
    other: Scene
    caption: str
    other_caption: str


def make_swap(kind: str, index: int, stream: str = "test", seed: int = 0) -> Swap:
    """The pair of that number, a pure function of its arguments. Pairs of the stream "train" hold nothing that is held out."""
    if kind not in SWAPS:
        raise ValueError(f'There is no swap "{kind}". There are: {", ".join(SWAPS)}.')
    rng = random.Random(f"swap/{kind}/{stream}/{seed}/{index}")
    make: Callable[[Scene, random.Random], Swap | None] = {"place": _places, "colour": _colours, "scoops": _scoops}[
        kind
    ]
    while True:
        spec = SceneSpec(stream=stream, count=(2, 2), kinds=(1.0, 0.0, 0.0))
        swap = make(make_scene(rng.randrange(1_000_000_000), spec, seed=61), rng)
        if swap and (stream != "train" or (training_may_see(swap.scene) and training_may_see(swap.other))):
            return swap


def _places(scene: Scene, rng: random.Random) -> Swap | None:
    """ "a cat left of a dog", "a dog left of a cat"."""
    if len(scene.things) != 2 or scene.things[0].name == scene.things[1].name or not relation(*scene.things):
        return None
    a, b = scene.things
    ways = RELATIONS["train" if scene.stream == "train" else "test"][relation(a, b)]
    way, first, second = rng.choice(ways), phrase(a, size=False), phrase(b, size=False)
    other = replace(scene, things=(replace(a, x=b.x, y=b.y), replace(b, x=a.x, y=a.y)))
    return Swap(scene, other, f"{first} {way} {second}", f"{second} {way} {first}")


def _colours(scene: Scene, rng: random.Random) -> Swap | None:
    """ "a red hat and a blue car", "a blue hat and a red car"."""
    if len({thing.name for thing in scene.things}) != 2 or not all(
        class_named(t.name).recolourable for t in scene.things
    ):
        return None
    a, b = scene.things
    free = [colour for colour in COLOURS if not held_out_colour(a.name, colour) and not held_out_colour(b.name, colour)]
    one, two = rng.sample(free, 2)
    return _two_colours(scene, (a, b), one, two, "{} and {}")


def _scoops(scene: Scene, rng: random.Random) -> Swap | None:
    """ "a pink circle above a blue circle" and the other way round: the talk's ice cream, two scoops one above the other."""
    free = [colour for colour in COLOURS if not held_out_colour(SCOOP, colour)]
    one, two = rng.sample(free, 2)
    x, y = rng.uniform(0.25, 0.75), rng.uniform(0.22, 0.50)
    things = [_scoop(scene.things[0], one, x, y), _scoop(scene.things[0], one, x, y + SCOOP_GAP)]
    ways = RELATIONS["train" if scene.stream == "train" else "test"]["above"]
    return _two_colours(scene, things, one, two, f"{{}} {rng.choice(ways)} {{}}")


def _scoop(like: Thing, colour: str, x: float, y: float) -> Thing:
    rank = SHAPES.index(SCOOP)
    drawing = rank * len(COLOURS) + COLOURS.index(colour)
    class_id = FIRST_SHAPE_CLASS + rank
    return Thing("shape", SCOOP, class_id, drawing, like.style, colour, None, "big", SCOOP_WIDTH, x, y)


def _two_colours(scene: Scene, things, one: str, two: str, wording: str) -> Swap:
    a, b = things
    scenes = [
        replace(scene, things=(painted(a, first), painted(b, second))) for first, second in ((one, two), (two, one))
    ]
    texts = [wording.format(*(phrase(thing, size=False) for thing in of.things)) for of in scenes]
    return Swap(*scenes, *texts)


def painted(thing: Thing, colour: str) -> Thing:
    """The thing in that colour: a shape's drawing says its colour, too."""
    if thing.kind != "shape":
        return replace(thing, colour=colour)
    return replace(thing, colour=colour, drawing=SHAPES.index(thing.name) * len(COLOURS) + COLOURS.index(colour))
