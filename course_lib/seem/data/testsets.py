"""Held-out test sets: scenes of the stream "test", each asked with one type of prompt."""

import random
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.queries import Query, make_query_scene, random_query, visible_things
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.splits import TRAIN_STYLES


@dataclass
class SeemTestSet:
    """N pictures with one query each."""

    images: np.ndarray  # uint8 [N, S, S, 3]
    queries: list[Query]
    scenes: list[Scene]
    instances: np.ndarray  # uint8 [N, S, S]: index + 1 of the thing that one sees

    __test__ = False  # pytest: this is no test

    @torch.no_grad()
    def encode(self, model: MiniSeem) -> Features:
        """All pictures, encoded."""
        return Features.concat([model.encode(pixels) for pixels in self.pixels().split(64)])

    def pixels(self) -> Tensor:
        """[N, 3, S, S], normalised."""
        return normalise(to_tensor(self.images))

    def targets(self) -> np.ndarray:
        """The true masks bool [N, S, S]."""
        return np.stack([query.target for query in self.queries])

    def select(self, rows: list[int]) -> "SeemTestSet":
        """Some of the pictures, in this order."""
        queries, scenes = [self.queries[n] for n in rows], [self.scenes[n] for n in rows]
        return SeemTestSet(self.images[rows], queries, scenes, self.instances[rows])


def make_test_set(
    prompt_type: str,
    count: int,
    styles: tuple = TRAIN_STYLES,
    split: str = "base",
    stream: str = "test",
    image_size: int = 64,
) -> SeemTestSet:
    """`count` scenes with a query of this type each. The same ones at every call."""
    rng = random.Random(f"seem/{stream}/{prompt_type}/{split}/{styles}")
    images, queries, scenes, instances = [], [], [], []
    while len(queries) < count:
        scene = make_test_scene(rng, styles, split, stream)
        picture = render(scene, image_size)
        if not visible_things(scene, picture.instances):
            continue
        query = random_query(scene, picture.instances, rng, prompt_type)
        if query is not None:
            images.append(picture.image)
            queries.append(query)
            scenes.append(scene)
            instances.append(picture.instances)
    return SeemTestSet(np.stack(images), queries, scenes, np.stack(instances))


def make_test_scene(rng: random.Random, styles: tuple, split: str, stream: str) -> Scene:
    """As in training for base classes in trained styles; else two or three things of the split and styles."""
    index = rng.randrange(10**9)
    if styles == TRAIN_STYLES and split == "base":
        return make_query_scene(index, rng, stream, seed=0)
    return make_scene(index, SceneSpec(stream=stream, count=(2, 3), styles=styles, split=split, kinds=(1.0, 0.0, 0.0)))


def ambiguous_test_set(count: int, stream: str = "test", image_size: int = 64) -> SeemTestSet:
    """Words that fit two things of the picture, and a click up to five pixels beside the one that is meant."""
    rng = random.Random(f"seem/{stream}/ambiguous")
    candidates = make_test_set("both", 6 * count, stream=stream, image_size=image_size)
    rows = [
        n
        for n, (query, scene) in enumerate(zip(candidates.queries, candidates.scenes, strict=True))
        if fits_two(query, scene, candidates.instances[n])
    ]
    return candidates.select(rng.sample(rows, min(count, len(rows))))


def fits_two(query: Query, scene: Scene, instances: np.ndarray) -> bool:
    """Are two visible things called so? (The phrase says at most a colour, which both must share.)"""
    named = [k for k in visible_things(scene, instances) if scene.things[k].name == query.name]
    colours = {scene.things[k].colour for k in named}
    return len(named) >= 2 and (len(colours) == 1 or not any(colour and colour in query.text for colour in colours))
