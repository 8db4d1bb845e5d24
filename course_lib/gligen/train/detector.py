"""Training the detector: focal loss and GIoU, on real renders only."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.batches import DetectionBatch, make_detection_batch
from course_lib.gligen.detector import Detector, boxes_from_sides
from course_lib.training import Progress, fit

CHECKPOINT = checkpoints.FOLDER / "gligen_detector.safetensors"


@dataclass(frozen=True)
class DetectorRecipe:
    """A training run of the detector."""

    steps: int
    batch_size: int = 32
    learning_rate: float = 2e-3
    seed: int = 0


BAKED = DetectorRecipe(steps=1200)


def detection_loss(model: nn.Module, batch: DetectionBatch) -> Tensor:
    """Focal loss of the classes, and 1 − GIoU of the boxes where there is a thing."""
    with mixed_precision():
        logits, sides = model(batch.images)
    logits, sides = logits.float(), sides.float()
    has_thing = batch.classes.amax(dim=1)  # [B, H, W]
    error = F.binary_cross_entropy_with_logits(logits, batch.classes, reduction="none")
    focal_weight = (logits.sigmoid() - batch.classes).abs().square()  # what is sure already counts little
    class_loss = (focal_weight * error).sum() / has_thing.sum()
    predicted, target = (x.permute(0, 2, 3, 1)[has_thing > 0] for x in (boxes_from_sides(sides), batch.boxes))  # [P, 4]
    return class_loss + (1 - generalised_iou(predicted, target)).mean()


def generalised_iou(a: Tensor, b: Tensor) -> Tensor:
    """GIoU of pairs of boxes [P, 4], [P, 4] → [P] (Rezatofighi et al. 2019): also tells how far two boxes are apart."""
    low, high = torch.maximum(a[:, :2], b[:, :2]), torch.minimum(a[:, 2:], b[:, 2:])
    shared = (high - low).clamp(min=0).prod(dim=1)
    union = (a[:, 2:] - a[:, :2]).prod(dim=1) + (b[:, 2:] - b[:, :2]).prod(dim=1) - shared
    hull = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(dim=1)
    return shared / union - (hull - union) / hull


def train_detector(
    model: nn.Module,
    recipe: DetectorRecipe,
    *,
    make_batch: Callable[[int, DetectorRecipe], DetectionBatch] = make_detection_batch,
    state_file: Path | None = None,
) -> Progress:
    """Train in place, on the batch that `make_batch` makes of a step's number; see `training.fit`."""
    return fit(
        model,
        lambda step: make_batch(step, recipe),
        detection_loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=0.01,
        state_file=state_file,
    )


def bake_detector(out_folder: Path, recipe: DetectorRecipe = BAKED) -> None:
    """Train the shipped judge. Interrupted, it goes on where it was when called again."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        model = Detector()
    progress = train_detector(model, recipe, state_file=out_folder / "gligen_detector.training.safetensors")
    if progress.stopped:
        return
    data = "real renders of the world of course_lib.gligen.data.scenes; no generated picture"
    card = checkpoints.card("gligen_detector", data, recipe, progress.seconds / 60, progress.losses)
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)


def load_detector(file: Path = CHECKPOINT) -> Detector:
    """The baked detector."""
    model = Detector()
    checkpoints.load_into(model, file)
    return model.eval()
