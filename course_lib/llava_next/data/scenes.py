"""Scenes in which things are small, and their pictures: 128 px, 64 px, 64 px made larger, wide and tall.

A `form` of a picture is one of FORMS. Each shows the same scene, so that only resolution and tokens differ.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PIL import Image

from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.splits import has_held_out_relation

FORMS = ("tiles", "whole", "upsampled", "wide", "tall")
SMALL_SCALE = 0.6  # small things are 9.6 to 10.8 pixels wide in the whole view, of 64; in a tile twice as wide
MANY = {"count": (5, 9), "scale": SMALL_SCALE}  # fields of SceneSpec
SIDE = 128


def many_things(index: int, stream: str = "train", seed: int = 53, **spec) -> Scene:
    """A scene of five to nine things, none of which is called small or big: beside the others of its picture it need not be."""
    scene = make_scene(index, SceneSpec(stream=stream, **{**MANY, **spec}), seed)
    return replace(scene, things=tuple(replace(thing, size="medium") for thing in scene.things))


def band_scene(rng: random.Random, tall: bool) -> Scene:
    """A training scene of small things in the middle half of its height, or of its width (`tall`): what `picture` shows of it."""
    while True:
        scene = many_things(rng.randrange(1_000_000_000), count=(1, 5))
        things = tuple(_into_band(thing, "x" if tall else "y") for thing in scene.things)
        scene = replace(scene, things=things)
        if not has_held_out_relation(scene):
            return scene


def _into_band(thing, axis: str):
    """The thing moved along an axis, from anywhere in the picture into its middle half."""
    free = (getattr(thing, axis) - thing.width / 2) / (1 - thing.width)  # 0 at one edge, 1 at the other
    return replace(thing, **{axis: 0.25 + thing.width / 2 + free * (0.5 - thing.width)})


def picture(scene: Scene, form: str = "tiles") -> np.ndarray:
    """The scene as uint8 [H, W, 3]. wide and tall: the middle of the 128 px picture. ValueError for a form that there isn't."""
    if form not in FORMS:
        raise ValueError(f"There is no form {form!r} of a picture. There are: {', '.join(FORMS)}.")
    if form == "whole":
        return render(scene).image
    if form == "upsampled":
        return np.asarray(Image.fromarray(render(scene).image).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
    image = render(scene, SIDE).image
    middle = slice(SIDE // 4, 3 * SIDE // 4)
    return image[middle] if form == "wide" else image[:, middle] if form == "tall" else image


def draw(scenes: Sequence[Scene], form: str = "tiles") -> np.ndarray:
    """uint8 [N, H, W, 3]."""
    return np.stack([picture(scene, form) for scene in scenes])
