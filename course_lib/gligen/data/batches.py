"""Batches for each of the three trainings: the base, the gates, and the detector that judges them.

The base sees latents, captions, noise and timesteps, and no box. The gates see layouts, too. The detector sees real renders, and for
each cell the class and the box of the thing that it is the middle of."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene
from course_lib.gligen.detector import STRIDE
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS
from course_lib.gligen.grounding import cell_centres
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import text_states
from course_lib.gligen.vocabulary import NAMES
from course_lib.world.language import phrase
from course_lib.world.render import Picture, render
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
    scenes = [
        draw_scene(first + i, "train", recipe.num_things, recipe.seed + 1000, recipe.held_out)
        for i in range(recipe.batch_size)
    ]
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


STREAM = "judge"  # neither training scenes of the generator nor test scenes
CENTRE_SHARE = 0.5  # the inner share of a box, each way, whose cells answer for it


@dataclass(frozen=True)
class DetectionBatch:
    """Pictures and each cell's targets."""

    images: Tensor  # [B, 3, S, S]
    classes: Tensor  # [B, C, H, W] of 0 and 1
    boxes: Tensor  # [B, 4, H, W], shares; zeros where no thing has its middle


def make_detection_batch(step: int, recipe) -> DetectionBatch:
    """The batch of a step, from its number alone; `recipe` is a `DetectorRecipe`."""
    first = step * recipe.batch_size
    scenes = [draw_scene(first + i, STREAM, (1, 4), recipe.seed) for i in range(recipe.batch_size)]
    pictures = [render(scene, PIXELS) for scene in scenes]
    images = torch.cat([to_tensor(picture.image[None]) for picture in pictures])
    targets = [
        cell_targets([NAMES.index(thing.name) for thing in scene.things], torch.from_numpy(picture.boxes) / PIXELS)
        for scene, picture in zip(scenes, pictures, strict=True)
    ]
    classes, boxes = (torch.stack(part) for part in zip(*targets, strict=True))
    return DetectionBatch(degrade(images, torch.Generator().manual_seed(first)), classes, boxes)


def cell_targets(classes: list[int], boxes: Tensor, num_classes: int = len(NAMES)) -> tuple[Tensor, Tensor]:
    """Things of one picture, boxes [N, 4] as shares → classes [C, H, W], boxes [4, H, W]; what is in front comes last."""
    centres = cell_centres(PIXELS // STRIDE)  # [2, H, W]
    class_targets, box_targets = torch.zeros(num_classes, *centres.shape[1:]), torch.zeros(4, *centres.shape[1:])
    for number, box in zip(classes, boxes, strict=True):
        centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * CENTRE_SHARE
        inside = ((centres - centre[:, None, None]).abs() <= half[:, None, None]).all(dim=0)  # [H, W]
        class_targets[:, inside] = 0
        class_targets[number, inside] = 1
        box_targets[:, inside] = box[:, None]
    return class_targets, box_targets


def degrade(images: Tensor, generator: torch.Generator) -> Tensor:
    """Augmentation [B, 3, S, S]: some pictures blurred, some grainy, some paler or darker."""
    draw = torch.rand(4, len(images), 1, 1, 1, generator=generator)  # which, and how much
    blurred = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)
    images = torch.where(draw[0] < 0.3, images.lerp(blurred, draw[1]), images)
    grain = torch.randn(images.shape, generator=generator) * 0.08 * draw[2]
    return (images + grain * (draw[0] > 0.5) + 0.1 * (draw[3] - 0.5)).clamp(0, 1)
