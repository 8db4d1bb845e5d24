"""Does the caption matter? The same pictures and the same noise, under the true caption, none, and a wrong one."""

import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.batches import pictures
from course_lib.gligen.data.layouts import Asked, ask, true_boxes
from course_lib.gligen.data.scenes import NAMES, PIXELS, caption_of, draw_scene
from course_lib.gligen.diffusion import add_noise, velocity
from course_lib.gligen.latents import PATCH
from course_lib.gligen.model import Generator, text_states
from course_lib.training import Progress
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


BOXES = ("true", "shuffled", "none")


def asked_boxes(paired: PairedScenes) -> dict[str, list[list[Asked]]]:
    """ "true", "shuffled" and "none" → the boxes of N pictures. Shuffled: the right phrases, in another picture's boxes."""
    true = [true_boxes(scene, render(scene, PIXELS)) for scene in paired.scenes]
    shuffled = []
    for number, asked in enumerate(true):
        others = [one.box for step in range(1, len(true)) for one in true[(number + step) % len(true)]]
        shuffled.append([Asked(one.phrase, box) for one, box in zip(asked, others, strict=False)])
    return {"true": true, "shuffled": shuffled, "none": [[] for _ in true]}


@torch.no_grad()
def grounded_losses(
    model: Generator, paired: PairedScenes, captions: str = "none", levels: tuple[int, ...] = LEVELS
) -> dict[str, Tensor]:
    """Boxes → mean square error of v inside the things, [levels, N]; `captions` says which caption all of them get."""
    return {
        name: error_inside(model, paired, paired.captions[captions], ask(boxes), levels)
        for name, boxes in asked_boxes(paired).items()
    }


class PairedLog:
    """A callback of training: every so many seconds, what true, shuffled and no boxes cost inside the things.

    No caption is given: what boxes are worth shows best when nothing else is known. The first note is made before training.
    """

    def __init__(self, model: Generator, every: float = 30.0, count: int = 24) -> None:
        self.model, self.every, self.paired = model, every, paired_scenes(count)
        self.steps: list[int] = []
        self.losses: dict[str, list[float]] = {name: [] for name in BOXES}
        self._noted = 0.0
        self.note(0)

    def __call__(self, progress: Progress) -> None:
        """Called after every step; notes, if the last note is old enough."""
        if progress.seconds - self._noted >= self.every:
            self._noted = progress.seconds
            self.note(progress.step)

    def note(self, step: int) -> None:
        """Measure now."""
        self.steps.append(step)
        for name, losses in grounded_losses(self.model, self.paired).items():
            self.losses[name].append(losses.mean().item())
