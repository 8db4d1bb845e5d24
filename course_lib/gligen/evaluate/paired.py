"""Paired losses: the same pictures and the same noise, under different captions or layouts.

The difference is what a caption or a layout is worth. The total loss hardly tells, since most of a picture is backdrop: so
the error is taken inside the things.
"""

import random
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.batches import render_images, true_layout
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene
from course_lib.gligen.diffusion import add_noise, velocity
from course_lib.gligen.latents import PATCH_SIZE
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import Generator, text_states
from course_lib.gligen.vocabulary import NAMES
from course_lib.training import Progress
from course_lib.world.render import render
from course_lib.world.scenes import Scene

TIMESTEPS = (300, 500, 700, 900)
CAPTIONS = ("true", "none", "wrong")
LAYOUTS = ("true", "shuffled", "none")


@dataclass(frozen=True)
class PairedScenes:
    """Scenes, and the captions that each is paired with."""

    scenes: tuple[Scene, ...]
    images: Tensor  # [N, 3, S, S]
    inside: Tensor  # [N, 1, S/4, S/4]: the share of a cell that belongs to a thing
    captions: dict[str, list[str]]  # "true", "none", "wrong" → N of them


@cache
def paired_scenes(count: int = 96, num_things: tuple[int, int] = (1, 2), stream: str = "val") -> PairedScenes:
    """So many scenes of a stream. A wrong caption is word for word the true one, with another class for each thing."""
    scenes = tuple(draw_scene(index, stream, num_things) for index in range(count))
    masks = np.stack([render(scene, PIXELS).instances > 0 for scene in scenes])
    captions = {
        "true": [caption_of(scene, random.Random(scene.index)) for scene in scenes],
        "none": [""] * count,
        "wrong": [caption_of(_with_other_classes(scene), random.Random(scene.index)) for scene in scenes],
    }
    inside = F.avg_pool2d(torch.from_numpy(masks).float()[:, None], PATCH_SIZE)
    return PairedScenes(scenes, to_tensor(render_images(scenes)), inside, captions)


def _with_other_classes(scene: Scene) -> Scene:
    """The same scene with every class exchanged for one that isn't in it."""
    absent = [name for name in NAMES if name not in {thing.name for thing in scene.things}]
    names = random.Random(f"wrong/{scene.index}").sample(absent, len(scene.things))
    things = tuple(replace(thing, name=name) for thing, name in zip(scene.things, names, strict=True))
    return replace(scene, things=things)


def layouts_of(paired: PairedScenes) -> dict[str, list[list[GroundedPhrase]]]:
    """ "true", "shuffled" and "none" → N layouts. Shuffled: the right phrases, in another picture's boxes."""
    true = [true_layout(scene, render(scene, PIXELS)) for scene in paired.scenes]
    shuffled = []
    for number, layout in enumerate(true):
        # The boxes of the next pictures, as many as are needed.
        boxes = [other.box for step in range(1, len(true)) for other in true[(number + step) % len(true)]]
        shuffled.append([GroundedPhrase(own.phrase, box) for own, box in zip(layout, boxes, strict=False)])
    return {"true": true, "shuffled": shuffled, "none": [[] for _ in true]}


def losses_by_caption(
    model: Generator, paired: PairedScenes, timesteps: tuple[int, ...] = TIMESTEPS
) -> dict[str, Tensor]:
    """Caption → mean squared error of v inside the things, [T, N] for T timesteps: the same noise for each caption."""
    return {name: error_inside(model, paired, paired.captions[name], None, timesteps) for name in CAPTIONS}


@torch.no_grad()
def losses_by_layout(
    model: Generator, paired: PairedScenes, captions: str = "none", timesteps: tuple[int, ...] = TIMESTEPS
) -> dict[str, Tensor]:
    """Layout → mean squared error of v inside the things, [T, N]; `captions` says which caption all of them get."""
    return {
        name: error_inside(model, paired, paired.captions[captions], grounding_inputs(layouts), timesteps)
        for name, layouts in layouts_of(paired).items()
    }


@torch.no_grad()
def error_inside(
    model: Generator,
    paired: PairedScenes,
    captions: list[str],
    grounding: dict[str, Tensor] | None,
    timesteps: tuple[int, ...],
) -> Tensor:
    """Mean squared error of v inside the things, [T, N] for T timesteps; the noise is the same at every call."""
    clean, text = model.space.encode(paired.images), text_states(captions)
    noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(1))
    losses = []
    for timestep in timesteps:
        t = torch.full((len(clean),), timestep)
        with mixed_precision():
            predicted = model.velocity(add_noise(clean, noise, t), t, text, grounding).float()
        error = (predicted - velocity(clean, noise, t)).square().mean(dim=1, keepdim=True)  # [N, 1, H, W]
        losses.append((error * paired.inside).sum((1, 2, 3)) / paired.inside.sum((1, 2, 3)))
    return torch.stack(losses)


class PairedLog:
    """A callback of training: every so many seconds, the loss inside the things with true, shuffled and no boxes.

    No caption is given: what boxes are worth shows best when nothing else is known. The first note is made before training.
    """

    def __init__(self, model: Generator, every: float = 30.0, count: int = 24) -> None:
        self.model, self.every, self.paired = model, every, paired_scenes(count)
        self.steps: list[int] = []
        self.losses: dict[str, list[float]] = {name: [] for name in LAYOUTS}
        self._last_seconds = 0.0
        self.note(0)

    def __call__(self, progress: Progress) -> None:
        """Called after every step; notes, if the last note is old enough."""
        if progress.seconds - self._last_seconds >= self.every:
            self._last_seconds = progress.seconds
            self.note(progress.step)

    def note(self, step: int) -> None:
        """Measure now."""
        self.steps.append(step)
        for name, losses in losses_by_layout(self.model, self.paired).items():
            self.losses[name].append(losses.mean().item())
