"""Training batches: a step's pictures, and several queries about each."""

import random
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.queries import Query, make_query_scene, random_query, visible_things
from course_lib.world.render import render
from course_lib.world.scenes import Scene


@dataclass
class SeemBatch:
    """I pictures of one step, and B = I · prompts_per_image queries about them."""

    images: Tensor  # [I, 3, S, S], normalised
    prompts_per_image: int
    queries: list[Query]  # those of a picture are neighbours
    scenes: list[Scene]
    instances: list[np.ndarray]  # [S, S]: index + 1 of the thing that one sees


def make_batch(step: int, recipe, image_size: int = 64) -> SeemBatch:
    """The batch of a step, from its number alone; `recipe` (SeemRecipe) says how many pictures and prompts of each."""
    rng = random.Random(f"seem/train/{recipe.seed}/{step}")
    images, queries, scenes, instances = [], [], [], []
    while len(images) < recipe.batch_size:
        scene = make_query_scene(rng.randrange(10**9), rng, "train", recipe.seed, recipe.duplicate_ratio)
        picture = render(scene, image_size)
        if not visible_things(scene, picture.instances):
            continue
        for _ in range(recipe.prompts_per_image):
            queries.append(draw_query(scene, picture.instances, rng, recipe.prompt_mix))
        images.append(picture.image)
        scenes.append(scene)
        instances.append(picture.instances)
    return SeemBatch(normalise(to_tensor(np.stack(images))), recipe.prompts_per_image, queries, scenes, instances)


def draw_query(scene: Scene, instances: np.ndarray, rng: random.Random, prompt_mix: dict[str, float]) -> Query:
    """A random query, with a click where the scene has no answer to its type; prompt_mix: type → how often."""
    prompt_type = rng.choices(list(prompt_mix), prompt_mix.values())[0]
    return random_query(scene, instances, rng, prompt_type) or random_query(scene, instances, rng, "click")
