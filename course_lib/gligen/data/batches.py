"""Batches of the base: latents, captions, noise and timesteps. There is no box here, and no mask."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.model import text_states
from course_lib.world.render import render
from course_lib.world.scenes import Scene


@dataclass(frozen=True)
class DenoisingBatch:
    """One training step of the base."""

    latents: Tensor  # [B, C, H, W], clean
    text: Tensor  # [B, L, 128], the captions' text states
    noise: Tensor  # [B, C, H, W]
    t: Tensor  # int [B], timesteps


def make_batch(step: int, recipe, space: PatchSpace) -> DenoisingBatch:
    """The batch of a step, from its number alone; `recipe` is a `BaseRecipe`."""
    rng = random.Random(f"gligen/base/{recipe.seed}/{step}")
    first = step * recipe.batch_size
    scenes = [draw_scene(first + i, "train", recipe.num_things, recipe.seed) for i in range(recipe.batch_size)]
    captions = ["" if rng.random() < recipe.caption_dropout else caption_of(scene, rng) for scene in scenes]
    latents = space.encode(to_tensor(render_images(scenes)))
    generator = torch.Generator().manual_seed(rng.randrange(2**62))
    noise = torch.randn(latents.shape, generator=generator)
    t = torch.randint(NUM_TRAIN_TIMESTEPS, (len(scenes),), generator=generator)
    return DenoisingBatch(latents, text_states(captions), noise, t)


def render_images(scenes: Sequence[Scene]) -> np.ndarray:
    """The pictures of scenes, uint8 [B, 64, 64, 3]."""
    return np.stack([render(scene, PIXELS).image for scene in scenes])
