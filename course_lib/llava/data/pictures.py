"""The pictures of a batch: ever new ones, or from a pool that the vision tower has looked at once."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.llava.recipes import LlavaRecipe
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

POOL_CHUNK = 64  # pictures that go through the vision tower at once


@dataclass(frozen=True)
class PicturePool:
    """Pictures that are looked at again and again: what the frozen vision tower makes of them is computed once."""

    scenes: list[Scene]
    pictures: list[Picture]
    features: Tensor  # [P, N, W]

    @classmethod
    def compute(cls, image_features: Callable[[Tensor], Tensor], count: int, seed: int = 0) -> "PicturePool":
        """`count` training scenes; image_features: pixel_values [B, 3, 64, 64] → [B, N, W]."""
        rng = random.Random(f"pool/{seed}")
        scenes = [training_scene(rng) for _ in range(count)]
        pictures = [render(scene) for scene in scenes]
        chunks = [pictures[i : i + POOL_CHUNK] for i in range(0, count, POOL_CHUNK)]
        return cls(scenes, pictures, torch.cat([image_features(to_pixels(chunk)) for chunk in chunks]))

    def draw(self, count: int, rng: random.Random) -> tuple[list[Scene], list[Picture], Tensor]:
        """Different ones: their scenes, pictures and features [count, N, W]."""
        rows = rng.sample(range(len(self.scenes)), count)
        return [self.scenes[i] for i in rows], [self.pictures[i] for i in rows], self.features[rows]


def draw_pictures(
    recipe: LlavaRecipe, rng: random.Random, pool: PicturePool | None
) -> tuple[list[Scene], list[Picture], Tensor]:
    """A batch's scenes, their pictures and pixel values: from a pool, with features in their place, or ever new ones."""
    if pool:
        return pool.draw(recipe.batch_size, rng)
    scenes = [
        practice_scene(rng) if recipe.ocr_frac and rng.random() < recipe.ocr_frac else training_scene(rng)
        for _ in range(recipe.batch_size)
    ]
    rendered = [render(scene) for scene in scenes]
    return scenes, rendered, to_pixels(rendered)


def training_scene(rng: random.Random) -> Scene:
    """Any scene that training may see."""
    return make_scene(rng.randrange(1_000_000_000), SceneSpec(count=(1, 4)))


def render_pixels(scenes: Sequence[Scene]) -> Tensor:
    """Scenes → pixel_values [B, 3, 64, 64], normalised."""
    return to_pixels([render(scene) for scene in scenes])


def to_pixels(rendered: Sequence[Picture]) -> Tensor:
    """Rendered scenes → pixel_values [B, 3, 64, 64], normalised."""
    return normalise(to_tensor(np.stack([picture.image for picture in rendered])))
