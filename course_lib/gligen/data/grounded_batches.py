"""Batches of the gates: latents, captions, layouts, noise and timesteps."""

import random
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import text_states
from course_lib.world.language import phrase
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene


@dataclass(frozen=True)
class GroundedBatch:
    """One training step of the gates."""

    latents: Tensor  # [B, C, H, W], clean
    text: Tensor  # [B, L, 128], the captions' text states
    grounding: dict[str, Tensor]  # see `layouts.grounding_inputs`
    noise: Tensor  # [B, C, H, W]
    t: Tensor  # int [B], timesteps


def make_grounded_batch(step: int, recipe, space: PatchSpace) -> GroundedBatch:
    """The batch of a step, from its number alone; `recipe` is a `GatesRecipe`."""
    rng = random.Random(f"gligen/gates/{recipe.seed}/{step}")
    first = step * recipe.batch_size
    # Scenes of another seed than the base's: the gates should not learn what the base has by heart.
    scenes = [draw_scene(first + i, "train", recipe.num_things, recipe.seed + 1000) for i in range(recipe.batch_size)]
    pictures = [render(scene, PIXELS) for scene in scenes]
    captions = ["" if rng.random() < recipe.caption_dropout else caption_of(scene, rng) for scene in scenes]
    layouts = [true_layout(scene, picture) for scene, picture in zip(scenes, pictures, strict=True)]
    for layout in layouts:
        rng.shuffle(layout)
    latents = space.encode(torch.cat([to_tensor(picture.image[None]) for picture in pictures]))
    # Noise and timesteps; and at times no box at all, so that the nulls are learned.
    generator = torch.Generator().manual_seed(rng.randrange(2**62))
    noise = torch.randn(latents.shape, generator=generator)
    t = draw_timesteps(len(scenes), recipe.prefer_noisy, generator)
    if rng.random() < recipe.grounding_dropout:
        layouts = [[] for _ in scenes]
    return GroundedBatch(latents, text_states(captions), grounding_inputs(layouts), noise, t)


def draw_timesteps(count: int, prefer_noisy: bool, generator: torch.Generator) -> Tensor:
    """Timesteps int [count]: uniform, or (`prefer_noisy`) with a density that rises linearly with t.

    Where things lie is decided while nearly all is noise; later it can be seen in the picture, and a box says nothing new.
    """
    share = torch.rand(count, generator=generator)
    return ((share.sqrt() if prefer_noisy else share) * NUM_TRAIN_TIMESTEPS).long()


def true_layout(scene: Scene, picture: Picture) -> list[GroundedPhrase]:
    """The layout of a rendered scene: one phrase and box for each thing that can be seen."""
    boxes = (picture.boxes / PIXELS).tolist()
    return [
        GroundedPhrase(phrase(thing, size=False), tuple(box))
        for thing, box in zip(scene.things, boxes, strict=True)
        if box[2] > box[0]
    ]
