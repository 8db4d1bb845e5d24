"""Does the caption matter? The same pictures and the same noise, under the true caption, none, and a wrong one."""

import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.pixels import to_tensor
from course_lib.gligen.batches import pictures
from course_lib.gligen.diffusion import add_noise, velocity
from course_lib.gligen.model import Generator, text_states
from course_lib.gligen.space import PATCH
from course_lib.gligen.world import NAMES, PIXELS, caption_of, draw_scene
from course_lib.precision import mixed_precision
from course_lib.world.render import render
from course_lib.world.scenes import Scene

LEVELS = (300, 500, 700, 900)  # of noise
CAPTIONS = ("true", "none", "wrong")


@dataclass(frozen=True)
class PairedScenes:
    """Scenes, and what each caption would say."""

    scenes: tuple[Scene, ...]
    images: Tensor  # [N, 3, S, S]
    inside: Tensor  # [N, 1, S/4, S/4]: the share of a cell that belongs to a thing
    captions: dict[str, list[str]]  # "true", "none", "wrong" → N of them


@cache
def paired_scenes(count: int = 96, things: tuple[int, int] = (1, 2), stream: str = "val") -> PairedScenes:
    """So many scenes of a stream. A wrong caption is word for word the true one, with another class for each thing."""
    scenes = tuple(draw_scene(index, stream, things) for index in range(count))
    masks = np.stack([render(scene, PIXELS).instances > 0 for scene in scenes])
    captions = {
        "true": [caption_of(scene, random.Random(scene.index)) for scene in scenes],
        "none": [""] * count,
        "wrong": [caption_of(_renamed(scene), random.Random(scene.index)) for scene in scenes],
    }
    inside = F.avg_pool2d(torch.from_numpy(masks).float()[:, None], PATCH)
    return PairedScenes(scenes, to_tensor(pictures(scenes)), inside, captions)


def _renamed(scene: Scene) -> Scene:
    """The same scene with every class exchanged for one that isn't in it."""
    absent = [name for name in NAMES if name not in {thing.name for thing in scene.things}]
    names = random.Random(f"wrong/{scene.index}").sample(absent, len(scene.things))
    return replace(
        scene, things=tuple(replace(thing, name=name) for thing, name in zip(scene.things, names, strict=True))
    )


def object_losses(model: Generator, paired: PairedScenes, levels: tuple[int, ...] = LEVELS) -> dict[str, Tensor]:
    """Caption → mean square error of v inside the things, [levels, N]: the same noise for each caption."""
    return {name: error_inside(model, paired, paired.captions[name], None, levels) for name in CAPTIONS}


@torch.no_grad()
def error_inside(
    model: Generator,
    paired: PairedScenes,
    captions: list[str],
    grounding: dict[str, Tensor] | None,
    levels: tuple[int, ...],
) -> Tensor:
    """Mean square error of v inside the things, [levels, N]; the noise is the same at every call."""
    clean, states = model.space.encode(paired.images), text_states(captions)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    losses = []
    for level in levels:
        t = torch.full((len(clean),), level)
        with mixed_precision():
            predicted = model.velocity(add_noise(clean, noise, t), t, states, grounding).float()
        error = (predicted - velocity(clean, noise, t)).square().mean(dim=1, keepdim=True)  # [N, 1, H, W]
        losses.append((error * paired.inside).sum((1, 2, 3)) / paired.inside.sum((1, 2, 3)))
    return torch.stack(losses)
