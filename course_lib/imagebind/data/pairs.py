"""Pairs to learn from: scenes of one to three things, of which one sounds. Pictures with sounds, and pictures with disparities.

Which noun sounds is written down for tests, and to know where a close-up is; training gets the pairs alone, and never a label.
"""

import random
from dataclasses import dataclass

import numpy as np

from course_lib.imagebind.data.depth import disparity
from course_lib.imagebind.data.mel import log_mel
from course_lib.imagebind.data.voices import SOUNDING, speaker, utter
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

SEED = 3  # other scenes than Lesson 02 trained on
CLOSE_UP = 32  # pixels: a quarter of the work, and no place to go by


@dataclass(frozen=True)
class Pairs:
    """N scenes, row by row in all modalities."""

    scenes: list[Scene]
    images: np.ndarray  # uint8 [N, 64, 64, 3]
    mels: np.ndarray  # float32 [N, 64, 49]: of one thing in it
    depths: np.ndarray  # float32 [N, 64, 64]
    nouns: list[str]  # which thing sounds: for tests only


def make_pairs(count: int, stream: str = "train", things: tuple[int, int] = (1, 3), names=SOUNDING) -> Pairs:
    """`count` scenes of a stream, the same ones each time."""
    scenes, nouns = zip(*(sounding_scene(index, stream, things, names) for index in range(count)), strict=True)
    return Pairs(
        list(scenes),
        np.stack([render(scene).image for scene in scenes]),
        np.stack([log_mel(utter(noun, speaker(index, stream))) for index, noun in enumerate(nouns)]),
        np.stack([disparity(scene) for scene in scenes]),
        list(nouns),
    )


def sounding_scene(index: int, stream: str, things: tuple[int, int] = (1, 3), names=SOUNDING) -> tuple[Scene, str]:
    """A scene and the name of the one thing in it that sounds."""
    rng = random.Random(f"sounding/{stream}/{index}")
    chosen = tuple(rng.sample(names, rng.randint(*things)))
    scene = make_scene(index, SceneSpec(stream=stream, names=chosen), SEED)
    return scene, rng.choice(scene.things).name


def close_ups(pairs: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Windows of the scenes around what sounds: images uint8 [N, 32, 32, 3] and disparities float32 [N, 32, 32].

    Where it stands is told, as if somebody had pointed the camera; what it is reaches no tower.
    """
    images, depths = [], []
    for scene, noun, image, depth in zip(pairs.scenes, pairs.nouns, pairs.images, pairs.depths, strict=True):
        thing = next(thing for thing in scene.things if thing.name == noun)
        left, top = (int(min(max(at * 64 - CLOSE_UP / 2, 0), 64 - CLOSE_UP)) for at in (thing.x, thing.y))
        window = slice(top, top + CLOSE_UP), slice(left, left + CLOSE_UP)
        images.append(image[window])
        depths.append(depth[window])
    return np.stack(images), np.stack(depths)
