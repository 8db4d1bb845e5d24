"""A step's latents, captions and noise: what the base learns from. There is no box here, and no mask."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene
from course_lib.gligen.diffusion import STEPS
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.model import text_states
from course_lib.world.render import render
from course_lib.world.scenes import Scene


@dataclass(frozen=True)
class Batch:
    """One step of the base."""

    latents: Tensor  # [B, C, H, W], clean
    states: Tensor  # [B, L, 128], of the captions
    noise: Tensor  # [B, C, H, W]
    t: Tensor  # int [B], noise levels


def make_batch(step: int, recipe, space: PatchSpace) -> Batch:
    """The batch of a step, from its number alone; `recipe` (BaseRecipe) says how many, and how often no caption."""
    rng = random.Random(f"gligen/base/{recipe.seed}/{step}")
    scenes = [
        draw_scene(step * recipe.batch_size + i, "train", recipe.count, recipe.seed) for i in range(recipe.batch_size)
    ]
    captions = ["" if rng.random() < recipe.no_caption else caption_of(scene, rng) for scene in scenes]
    latents = space.encode(to_tensor(pictures(scenes)))
    generator = torch.Generator().manual_seed(rng.randrange(2**62))
    noise = torch.randn(latents.shape, generator=generator)
    return Batch(latents, text_states(captions), noise, torch.randint(STEPS, (len(scenes),), generator=generator))


def pictures(scenes: Sequence[Scene]) -> np.ndarray:
    """Scenes → uint8 [B, 64, 64, 3]."""
    return np.stack([render(scene, PIXELS).image for scene in scenes])
