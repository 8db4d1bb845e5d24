"""A step's pictures, and the questions about them."""

import random
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.queries import Ask, make_asked_scene, random_ask, visible
from course_lib.world.render import render
from course_lib.world.scenes import Scene


@dataclass
class Batch:
    """One step's pictures, and the questions about them."""

    images: Tensor  # [I, 3, S, S], normalised
    each: int  # asks a picture
    asks: list[Ask]  # those of a picture are neighbours
    scenes: list[Scene]
    instances: list[np.ndarray]  # [S, S]: number + 1 of the thing that one sees


def make_batch(step: int, recipe, size: int = 64) -> Batch:
    """The batch of a step, from its number alone; `recipe` (SeemRecipe) says how many pictures and prompts of each."""
    rng = random.Random(f"seem/train/{recipe.seed}/{step}")
    images, asks, scenes, instances = [], [], [], []
    while len(images) < recipe.batch_size:
        scene = make_asked_scene(rng.randrange(10**9), rng, "train", recipe.seed, recipe.twins)
        picture = render(scene, size)
        if not visible(scene, picture.instances):
            continue
        asks += [one_ask(scene, picture.instances, rng, recipe.shares) for _ in range(recipe.prompts)]
        images.append(picture.image)
        scenes.append(scene)
        instances.append(picture.instances)
    return Batch(normalise(to_tensor(np.stack(images))), recipe.prompts, asks, scenes, instances)


def one_ask(scene: Scene, instances: np.ndarray, rng: random.Random, shares: dict[str, float]) -> Ask:
    """A random question, or a click where the scene has no answer to it; shares: how often it is asked in each way."""
    way = rng.choices(list(shares), shares.values())[0]
    return random_ask(scene, instances, rng, way) or random_ask(scene, instances, rng, "click")
