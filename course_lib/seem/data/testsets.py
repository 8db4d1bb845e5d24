"""Held-out questions: scenes of the stream "test", each asked in one way only."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.queries import Ask, make_asked_scene, random_ask, visible
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.splits import TRAIN_STYLES


@dataclass
class TestSet:
    """One question a picture."""

    images: np.ndarray  # uint8 [N, S, S, 3]
    asks: list[Ask]
    scenes: list[Scene]
    instances: np.ndarray  # uint8 [N, S, S]

    __test__ = False  # pytest: this is no test

    @torch.no_grad()
    def encoded(self, model: MiniSeem) -> Features:
        """All pictures, encoded."""
        return Features.joined([model.encode(pixels) for pixels in self.pixels().split(64)])

    def pixels(self) -> Tensor:
        """[N, 3, S, S], normalised."""
        return normalise(to_tensor(self.images))

    def targets(self) -> np.ndarray:
        """bool [N, S, S]."""
        return np.stack([ask.target for ask in self.asks])


def questions(
    way: str, count: int, styles: tuple = TRAIN_STYLES, split: str = "base", stream: str = "test", size: int = 64
) -> TestSet:
    """`count` scenes with a question of this way each. The same ones at every call."""
    rng = random.Random(f"seem/{stream}/{way}/{split}/{styles}")
    images, asks, scenes, instances = [], [], [], []
    while len(asks) < count:
        scene = scene_for(rng, styles, split, stream)
        picture = render(scene, size)
        ask = random_ask(scene, picture.instances, rng, way) if visible(scene, picture.instances) else None
        if ask is not None:
            images.append(picture.image)
            asks.append(ask)
            scenes.append(scene)
            instances.append(picture.instances)
    return TestSet(np.stack(images), asks, scenes, np.stack(instances))


def scene_for(rng: random.Random, styles: tuple, split: str, stream: str) -> Scene:
    """As in training for base classes in trained styles, twins included; else two or three things of the split and styles."""
    index = rng.randrange(10**9)
    if styles == TRAIN_STYLES and split == "base":
        return make_asked_scene(index, rng, stream, seed=0)
    return make_scene(index, SceneSpec(stream=stream, count=(2, 3), styles=styles, split=split, kinds=(1.0, 0.0, 0.0)))


def ambiguous(count: int, stream: str = "test", size: int = 64) -> TestSet:
    """Words that fit two things of the picture, and a hasty click, up to five pixels beside the one that is meant."""
    rng = random.Random(f"seem/{stream}/ambiguous")
    found = questions("both", 6 * count, stream=stream, size=size)
    rows = [
        n
        for n, (ask, scene) in enumerate(zip(found.asks, found.scenes, strict=True))
        if fits_two(ask, scene, found.instances[n])
    ]
    rows = rng.sample(rows, min(count, len(rows)))
    return TestSet(
        found.images[rows], [found.asks[n] for n in rows], [found.scenes[n] for n in rows], found.instances[rows]
    )


def fits_two(ask: Ask, scene: Scene, instances: np.ndarray) -> bool:
    """Are two visible things called so? (The phrase says at most a colour, which both must share.)"""
    twins = [k for k in visible(scene, instances) if scene.things[k].name == ask.name]
    colours = {scene.things[k].colour for k in twins}
    return len(twins) >= 2 and (len(colours) == 1 or not any(colour and colour in ask.text for colour in colours))
