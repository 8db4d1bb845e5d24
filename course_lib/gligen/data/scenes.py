"""The scenes of Lesson 10: the distribution that the small generator is trained and measured on.

It is the sticker world, made small enough for a diffusion model of a few million weights: twelve things drawn by one
hand, four backdrops, no paint. Every thing is upright, and its centre lies on a grid of 16 × 16 points.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import asdict

from course_lib.gligen.vocabulary import NAMES
from course_lib.world.backdrops import VARIANTS
from course_lib.world.fingerprint import SCENES
from course_lib.world.fingerprint import fingerprint as sticker_world
from course_lib.world.language import caption
from course_lib.world.scenes import Scene, Thing
from course_lib.world.splits import has_held_out_relation
from course_lib.world.stickers import class_named

BACKDROPS = ("plain", "meadow", "beach", "snow")
STYLE = "noto"
PIXELS = 64  # side of a picture
GRID = 16  # points a side
WIDTHS = {1: (32, 40), 2: (24, 28, 32), 3: (20, 24), 4: (16, 20)}  # in 64ths of the side, by the number of things
MAX_OVERLAP = 1 / 3  # of the smaller square, at most
REGIONS = 3  # a side: where things are, for what is held out


def draw_scene(
    index: int,
    stream: str = "train",
    num_things: tuple[int, int] = (1, 2),
    seed: int = 0,
    held_out: Sequence[str] = (),
) -> Scene:
    """Scene number `index` of a stream ("train", "val" or "test"), with a number of things in the range `num_things`.

    None of the things is one of `held_out`.

    Training scenes are drawn again until no held-out place and no held-out relation is left in them.
    """
    rng = random.Random(f"gligen/{stream}/{seed}/{index}")
    while True:
        backdrop, variant = rng.choice(BACKDROPS), rng.randrange(VARIANTS)
        things = _draw_things(rng, rng.randint(*num_things), held_out)
        scene = Scene(stream, seed, index, backdrop, variant, things)
        if stream != "train" or allowed_in_training(scene):
            return scene


def allowed_in_training(scene: Scene) -> bool:
    """True when no thing is at a held-out place, and no pair in a held-out relation: those are for the tests alone."""
    return not has_held_out_relation(scene) and not any(held_out_place(t.name, t.x, t.y) for t in scene.things)


def held_out_place(name: str, x: float, y: float) -> bool:
    """True in the one ninth of the picture where training never shows this class: another for each of nine classes."""
    region = int(y * REGIONS) * REGIONS + int(x * REGIONS)
    return NAMES.index(name) * 2 % REGIONS**2 == region


def caption_of(scene: Scene, rng: random.Random, templates: str = "train") -> str:
    """One true sentence: the things and the backdrop, at times how two things lie; never a size, never a number."""
    return caption(scene, rng, templates, attributes=0.0, place=1.0, relations=0.3)


def _draw_things(rng: random.Random, num_things: int, held_out: Sequence[str]) -> tuple[Thing, ...]:
    """So many things of different classes, none much hidden; drawn anew until each has a place."""
    names = [name for name in NAMES if name not in held_out]
    while True:
        things: list[Thing] = []
        for name in rng.sample(names, num_things):
            thing = _draw_thing(rng, name, num_things)
            if all(_overlap(thing, other) < MAX_OVERLAP for other in things):
                things.append(thing)
        if len(things) == num_things:
            return tuple(things)


def _draw_thing(rng: random.Random, name: str, num_things: int) -> Thing:
    width = rng.choice(WIDTHS[num_things]) / 64
    sticker = class_named(name)
    x, y = (_grid_point(rng, width) for _ in range(2))
    return Thing("sticker", name, sticker.id, sticker.drawings[0], STYLE, None, None, "medium", width, x, y)


def _grid_point(rng: random.Random, width: float) -> float:
    """A grid line that leaves the whole thing inside the picture, as a share of the side."""
    points = [point / GRID for point in range(GRID + 1)]
    return rng.choice([point for point in points if width / 2 <= point <= 1 - width / 2])


def _overlap(a: Thing, b: Thing) -> float:
    """The share of the smaller thing's square that lies in the other's."""
    reach, smaller = (a.width + b.width) / 2, min(a.width, b.width)
    across, along = (min(max(reach - abs(p - q), 0), smaller) for p, q in ((a.x, b.x), (a.y, b.y)))
    return across * along / smaller**2


def fingerprint() -> str:
    """16 hex digits, which change when the sticker world does, or the places that are held out, or the scenes of a seed."""
    middles = [(region + 0.5) / REGIONS for region in range(REGIONS)]
    content = {
        "world": sticker_world(),
        "drawn": [NAMES, BACKDROPS, PIXELS],
        "places": [(name, x, y) for name in NAMES for x in middles for y in middles if held_out_place(name, x, y)],
        "scenes": [
            asdict(draw_scene(index, num_things=(num_things, num_things)))
            for num_things in WIDTHS
            for index in range(SCENES)
        ],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
