"""How the judge is trained: scenes of its own, one to four things anywhere, as renders and as blurred or noisy renders."""

from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.pixels import to_tensor
from course_lib.gligen.detector import STRIDE, Detector, boxes_from_sides
from course_lib.gligen.position import cell_centres
from course_lib.gligen.world import NAMES, PIXELS, draw_scene
from course_lib.precision import mixed_precision
from course_lib.training import Progress, fit
from course_lib.world.render import render

CHECKPOINT = checkpoints.FOLDER / "gligen_detector.safetensors"
STREAM = "judge"  # neither training scenes of the generator nor test scenes
MIDDLE = 0.5  # the inner share of a box, each way, whose cells answer for it


@dataclass(frozen=True)
class DetectorRecipe:
    """A training run of the detector."""

    steps: int
    batch_size: int = 32
    learning_rate: float = 2e-3
    seed: int = 0


BAKED = DetectorRecipe(steps=1200)


@dataclass(frozen=True)
class Batch:
    """Pictures and what is right for each cell."""

    images: Tensor  # [B, 3, S, S]
    classes: Tensor  # [B, C, H, W] of 0 and 1
    boxes: Tensor  # [B, 4, H, W], shares; zeros where no thing has its middle


def make_batch(step: int, recipe: DetectorRecipe) -> Batch:
    """The batch of a step, from its number alone."""
    first = step * recipe.batch_size
    scenes = [draw_scene(first + i, STREAM, (1, 4), recipe.seed) for i in range(recipe.batch_size)]
    drawn = [render(scene, PIXELS) for scene in scenes]
    images = torch.cat([to_tensor(picture.image[None]) for picture in drawn])
    targets = [
        cell_targets([NAMES.index(thing.name) for thing in scene.things], torch.from_numpy(picture.boxes) / PIXELS)
        for scene, picture in zip(scenes, drawn, strict=True)
    ]
    classes, boxes = (torch.stack(part) for part in zip(*targets, strict=True))
    return Batch(blemish(images, torch.Generator().manual_seed(first)), classes, boxes)


def cell_targets(classes: list[int], boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Things of one picture, boxes [N, 4] as shares → classes [C, H, W], boxes [4, H, W]; what is in front comes last."""
    centres = cell_centres(PIXELS // STRIDE)  # [2, H, W]
    wanted, box_of = torch.zeros(len(NAMES), *centres.shape[1:]), torch.zeros(4, *centres.shape[1:])
    for number, box in zip(classes, boxes, strict=True):
        middle, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * MIDDLE
        inside = ((centres - middle[:, None, None]).abs() <= half[:, None, None]).all(dim=0)  # [H, W]
        wanted[:, inside] = 0
        wanted[number, inside] = 1
        box_of[:, inside] = box[:, None]
    return wanted, box_of


def blemish(images: Tensor, generator: torch.Generator) -> Tensor:
    """Some pictures blurred, some grainy, some paler or darker: the judge should not mind what isn't its business."""
    draw = torch.rand(4, len(images), 1, 1, 1, generator=generator)  # which, and how much
    blurred = F.avg_pool2d(F.pad(images, (1, 1, 1, 1), mode="replicate"), 3, 1)
    images = torch.where(draw[0] < 0.3, images.lerp(blurred, draw[1]), images)
    grain = torch.randn(images.shape, generator=generator) * 0.08 * draw[2]
    return (images + grain * (draw[0] > 0.5) + 0.1 * (draw[3] - 0.5)).clamp(0, 1)


def detection_loss(model: Detector, batch: Batch) -> Tensor:
    """Focal loss of the classes, and 1 − GIoU of the boxes where there is a thing."""
    with mixed_precision():
        logits, sides = model(batch.images)
    logits, sides = logits.float(), sides.float()
    there = batch.classes.amax(dim=1)  # [B, H, W]
    error = F.binary_cross_entropy_with_logits(logits, batch.classes, reduction="none")
    surprise = (logits.sigmoid() - batch.classes).abs().square()  # what is sure already counts little
    classes = (surprise * error).sum() / there.sum()
    guess, right = (x.permute(0, 2, 3, 1)[there > 0] for x in (boxes_from_sides(sides), batch.boxes))  # [P, 4]
    return classes + (1 - generalised_iou(guess, right)).mean()


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU of pairs of boxes [P, 4], [P, 4] → [P] (Rezatofighi et al. 2019): also tells how far two boxes are apart."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    return shared / union - (hull - union) / hull


def train_detector(model: Detector, recipe: DetectorRecipe, *, state_file: Path | None = None) -> Progress:
    """Train in place; see `training.fit`."""
    return fit(
        model,
        lambda step: make_batch(step, recipe),
        detection_loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=0.01,
        state_file=state_file,
    )


def load_detector(file: Path = CHECKPOINT) -> Detector:
    """The one we made earlier."""
    model = Detector()
    checkpoints.load_into(model, file)
    return model.eval()


def bake_detector(out_folder: Path, recipe: DetectorRecipe = BAKED) -> None:
    """Train the shipped judge. Interrupted, it goes on where it was when called again."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = Detector()
    progress = train_detector(model, recipe, state_file=out_folder / "gligen_detector.training.safetensors")
    if progress.stopped:
        return
    card = {
        "data": "real renders of the world of course_lib.gligen.world; no generated picture",
        "recipe": asdict(recipe),
        "command": "python -m course_lib bake gligen_detector",
        "minutes": round(progress.seconds / 60, 1),
        "machine": checkpoints.machine(),
        "final_loss": round(sum(progress.losses[-200:]) / 200, 4),
    }
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)
