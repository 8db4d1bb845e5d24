"""What is in a scene: a pure function of (stream, seed, index), so that scene 7 needs no scene 6.

A scene is a description only. `render` turns it into pixels, `language` into words.
"""

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from course_lib.world.backdrops import BACKDROPS, HORIZON, VARIANTS
from course_lib.world.shapes import SHAPES
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN
from course_lib.world.splits import TRAIN_STYLES, has_held_out_relation, held_out_colour, refuse_held_out
from course_lib.world.stickers import COLOURS, StickerClass, class_named, classes

SIZES = {"small": (16, 18), "medium": (23, 26), "big": (32, 36)}  # widths in 64ths of the scene's side
TILTS = (-14, -7, 0, 7, 14)  # degrees
COLOURED = 0.6  # share of recolourable things that are recoloured
SIGN_CLASS, FIRST_SHAPE_CLASS = 211, 201
HOMES = {  # where a thing plausibly is: by name, else by supercategory, else anywhere
    "sea": ("whale", "shark", "dolphin", "octopus", "fish", "ship", "sailboat", "anchor"),
    "beach": ("crab", "turtle", "palm tree", "ice cream", "bucket", "umbrella", "lollipop", "volcano"),
    "night": ("moon", "owl", "bat", "UFO", "rocket", "planet", "tent", "star", "castle"),
    "snow": ("penguin", "snowman", "snowflake", "bear"),
    "desert": ("camel", "cactus", "snake", "dinosaur"),
    "forest": ("deer", "hedgehog", "fox", "mushroom", "pine tree", "spider", "bear", "owl"),
    "road": ("vehicle",),
    "room": ("household", "electronic", "dish", "drink", "clothing", "instrument", "tool", "toy", "fruit"),
    "meadow": ("mammal", "plant", "bird", "creature", "building", "sky"),
}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing of a scene."""

    kind: str  # "sticker", "shape" or "sign"
    name: str
    class_id: int  # stickers 1..200, shapes 201..210, signs 211
    drawing: int  # row of the atlas, or shape × 8 + colour; -1 for a sign
    style: str | Path
    colour: str | None  # only where it was painted
    text: str | None  # what a sign says
    size: str
    width: float  # shares of the scene's side, from here on
    x: float
    y: float
    tilt: int = 0
    flip: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """A backdrop and one to four things, painted in this order."""

    stream: str
    seed: int
    index: int
    backdrop: str
    variant: int
    things: tuple[Thing, ...]


@dataclass(frozen=True)
class SceneSpec:
    """What kind of scenes to make. Raises ValueError for the stream "train" with what training must not see."""

    stream: str = "train"  # "train", "val" or "test"
    count: tuple[int, int] = (1, 4)
    placement: str = "uniform"  # or "plausible"
    styles: tuple[str | Path, ...] = TRAIN_STYLES
    split: str = "base"  # which classes: "base", "novel" or "all"
    kinds: tuple[float, float, float] = (0.84, 0.12, 0.04)  # shares of stickers, shapes and signs
    names: tuple[str, ...] = ()  # these stickers, instead of random things
    colour: str | None = (
        "mixed"  # or one colour for all that can have it, None for no paint, "held out" for unseen pairs
    )
    backdrop: str | None = None  # None: any
    scale: float = 1.0  # of all widths: smaller things, of which more find a place

    def __post_init__(self) -> None:
        """The gate: what is held out stays out of every training scene, whoever asks for it."""
        if self.stream == "train":
            refuse_held_out(self.styles, self.split, self.names, self.colour)


class Choice(NamedTuple):
    """A thing that has no place yet."""

    kind: str
    name: str
    class_id: int
    drawing: int
    colour: str | None
    text: str | None
    sticker: StickerClass | None


def make_scene(index: int, spec: SceneSpec = SceneSpec(), seed: int = 0) -> Scene:
    """Scene number `index` of a stream. Training scenes are drawn again until no held-out relation is left in them."""
    rng = random.Random(f"{spec.stream}/{seed}/{index}")
    while True:
        scene = _draw(rng, index, spec, seed)
        if spec.stream != "train" or not has_held_out_relation(scene):
            return scene


def _draw(rng: random.Random, index: int, spec: SceneSpec, seed: int) -> Scene:
    """One scene, held-out relations and all: what is in it, where it is, and where each thing is."""
    count = len(spec.names) or rng.randint(*spec.count)
    style = spec.styles[int(rng.random() * len(spec.styles))]  # one hand drew the whole scene
    choices = [_choose(rng, spec, i) for i in range(count)]
    backdrop = spec.backdrop
    if not backdrop:
        first = choices[0].sticker if spec.placement == "plausible" else None  # the first thing says where we are
        places = (_homes(first.name, first.supercategory) if first else ()) or BACKDROPS
        backdrop = places[int(rng.random() * len(places))]
    # A thing for which ten tries find no place is left out.
    things: list[Thing] = []
    for choice in choices:
        thing = _place(rng, choice, style, backdrop, spec, things)
        if thing is not None:
            things.append(thing)
    if spec.placement == "plausible":  # what stands lower is nearer, and hides what is behind it
        things.sort(key=lambda t: t.y + t.width / 2)
    return Scene(spec.stream, seed, index, backdrop, int(rng.random() * VARIANTS), tuple(things))


def _choose(rng: random.Random, spec: SceneSpec, i: int) -> Choice:
    """The i-th thing: the sticker of that name, or a sticker, shape or sign at random."""
    stickers, shapes, _ = spec.kinds
    draw = 0.0 if spec.names else rng.random()
    if draw < stickers or spec.names:
        pool = _pool(spec.split)
        sticker = class_named(spec.names[i]) if spec.names else pool[int(rng.random() * len(pool))]
        colour = _choose_colour(rng, spec, sticker.name) if sticker.recolourable else None
        drawing = sticker.drawings[int(rng.random() * len(sticker.drawings))]
        return Choice("sticker", sticker.name, sticker.id, drawing, colour, None, sticker)
    if draw < stickers + shapes:
        rank = int(rng.random() * len(SHAPES))
        name = SHAPES[rank]
        colour = _choose_colour(rng, spec, name) or COLOURS[int(rng.random() * 8)]  # a shape always has one
        while spec.colour != "held out" and held_out_colour(name, colour):
            colour = COLOURS[int(rng.random() * 8)]
        return Choice("shape", name, FIRST_SHAPE_CLASS + rank, rank * 8 + COLOURS.index(colour), colour, None, None)
    words = WORDS_TRAIN if spec.stream == "train" else WORDS_TEST
    colour, text = COLOURS[int(rng.random() * 8)], words[int(rng.random() * len(words))]
    return Choice("sign", "sign", SIGN_CLASS, -1, colour, text, None)


def _choose_colour(rng: random.Random, spec: SceneSpec, name: str) -> str | None:
    """A colour for this class; an unseen pair only where the spec asks for it."""
    if spec.colour == "held out":
        return _held_out_colour_of(name)
    if spec.colour != "mixed":
        return None if spec.colour and held_out_colour(name, spec.colour) else spec.colour
    if rng.random() >= COLOURED:
        return None
    while held_out_colour(name, colour := COLOURS[int(rng.random() * 8)]):
        pass
    return colour


@cache
def _held_out_colour_of(name: str) -> str | None:
    return next((colour for colour in COLOURS if held_out_colour(name, colour)), None)


@cache
def _pool(split: str) -> tuple[StickerClass, ...]:
    return tuple(c for c in classes() if split in ("all", c.split))


@cache
def _homes(name: str, supercategory: str) -> tuple[str, ...]:
    """The backdrops where a thing plausibly is, by its name, else by its supercategory."""
    by_name = tuple(place for place, who in HOMES.items() if name in who)
    return by_name or tuple(place for place, who in HOMES.items() if supercategory in who)


def _place(
    rng: random.Random, choice: Choice, style, backdrop: str, spec: SceneSpec, others: list[Thing]
) -> Thing | None:
    """The thing at a place where it hides little of the others; None when ten tries find none."""
    kind, name, class_id, drawing, colour, text, sticker = choice
    for _ in range(10):
        draw = rng.random()
        size = "small" if draw < 0.3 else "medium" if draw < (0.8 if others else 0.65) else "big"
        if kind == "sign":
            size = "big"
        width = spec.scale * SIZES[size][rng.random() < 0.5] / 64
        x, y = _position(rng, width, sticker, backdrop, spec.placement)
        if all(_apart(x, y, width, other) for other in others):
            tilt = 0 if kind == "sign" else TILTS[int(rng.random() * 5)]
            if spec.placement == "plausible" and sticker and sticker.place == "ground":
                tilt = tilt // 7 * 7 if abs(tilt) <= 7 else 0
            flip = kind == "sticker" and rng.random() < 0.5
            return Thing(kind, name, class_id, drawing, style, colour, text, size, width, x, y, tilt, flip)
    return None


def _position(rng: random.Random, width: float, sticker: StickerClass | None, backdrop: str, placement: str) -> tuple:
    """Centre of a thing, inside the scene."""
    half = width / 2
    x = half + rng.random() * (1 - width)
    if placement == "uniform" or sticker is None or backdrop == "plain":
        return x, half + rng.random() * (1 - width)
    if sticker.place == "ground":
        foot = HORIZON[backdrop] + 0.08 + rng.random() * (0.9 - HORIZON[backdrop])
        return x, min(max(foot - half, half), 1 - half)
    ceiling = 0.16 if sticker.place == "top" else 0.34
    return x, half + rng.random() * max(ceiling - half / 2, 0.02)


def _apart(x: float, y: float, width: float, other: Thing) -> bool:
    """True when the two overlap by less than a third of the smaller one's square."""
    reach = (width + other.width) / 2
    across, along = reach - abs(x - other.x), reach - abs(y - other.y)
    if across <= 0 or along <= 0:
        return True
    smaller = min(width, other.width)
    return min(across, smaller) * min(along, smaller) < smaller * smaller / 3
