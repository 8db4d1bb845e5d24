"""Batches of the detector: real renders, and for each cell the class and the box of the thing that it is the middle of."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import to_tensor
from course_lib.gligen.data.scenes import PIXELS, draw_scene
from course_lib.gligen.detector import STRIDE
from course_lib.gligen.grounding import cell_centres
from course_lib.gligen.vocabulary import NAMES
from course_lib.world.render import render

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


def cell_targets(classes: list[int], boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Things of one picture, boxes [N, 4] as shares → classes [C, H, W], boxes [4, H, W]; what is in front comes last."""
    centres = cell_centres(PIXELS // STRIDE)  # [2, H, W]
    class_targets, box_targets = torch.zeros(len(NAMES), *centres.shape[1:]), torch.zeros(4, *centres.shape[1:])
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
