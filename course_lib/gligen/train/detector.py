"""The judge: a detector of this world's things, trained apart from the generator, on real renders only.

One stage and no anchors, as FCOS (Tian et al. 2019): every cell of a 16 × 16 grid says which class it is the middle of,
and how far the four sides of its box are.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.data.images import to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.scenes import NAMES, PIXELS, draw_scene
from course_lib.gligen.grounding import cell_centres
from course_lib.training import Progress, fit
from course_lib.world.render import render

STRIDE = 4  # pixels a cell
BEST_OVERLAP = 0.5  # of two boxes of one class, above which the weaker is dropped


@dataclass(frozen=True)
class Found:
    """The detections of one picture, the surest first."""

    boxes: Tensor  # [K, 4], x0 y0 x1 y1 as shares of the side
    classes: Tensor  # int [K], numbers in NAMES
    scores: Tensor  # [K], 0–1


class Detector(nn.Module):
    """Pictures [B, 3, S, S] in 0–1 → class logits [B, C, S/4, S/4] and distances to the sides [B, 4, S/4, S/4], shares."""

    def __init__(self, width: int = 64) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 32, 2), _conv(32, width, 2), _conv(width, width))
        self.down = nn.Sequential(_conv(width, 2 * width, 2), _conv(2 * width, 2 * width), _conv(2 * width, 2 * width))
        self.up = _conv(2 * width, width)
        self.mix = nn.Sequential(_conv(2 * width, width), _conv(width, width))
        self.classes = nn.Conv2d(width, len(NAMES), 1)
        self.sides = nn.Conv2d(width, 4, 1)
        nn.init.constant_(self.classes.bias, -4.0)  # almost no cell is the middle of anything

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        fine = self.stem((images - 0.5) / 0.25)
        wide = F.interpolate(self.up(self.down(fine)), scale_factor=2.0)
        x = self.mix(torch.cat([fine, wide], dim=1))
        return self.classes(x), (self.sides(x) - 2).exp()


def _conv(before: int, after: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(before, after, 3, stride, padding=1, bias=False), nn.GroupNorm(8, after), nn.SiLU(inplace=True)
    )


def boxes_from_sides(sides: Tensor) -> Tensor:
    """Distances left, top, right, bottom of each cell [B, 4, H, W] → boxes [B, 4, H, W]."""
    centres = cell_centres(sides.shape[-1])
    return torch.cat([centres - sides[:, :2], centres + sides[:, 2:]], dim=1)


@torch.no_grad()
def detect(model: Detector, images: Tensor, threshold: float = 0.05) -> list[Found]:
    """All that is found in each of the pictures [B, 3, S, S], above a score."""
    logits, sides = model(images)
    boxes = boxes_from_sides(sides).clamp(0, 1).flatten(2).transpose(1, 2)  # [B, 4, H, W] → [B, H·W, 4]
    return [_found(scores, box, threshold) for scores, box in zip(logits.sigmoid().flatten(2), boxes, strict=True)]


def _found(scores: Tensor, boxes: Tensor, threshold: float) -> Found:
    """Scores [C, H·W] and boxes [H·W, 4] of one picture → its detections, each thing once."""
    classes, cells = (scores > threshold).nonzero(as_tuple=True)
    order = scores[classes, cells].argsort(descending=True)
    classes, cells = classes[order], cells[order]
    keep: list[int] = []
    overlaps = box_iou(boxes[cells], boxes[cells])
    for i in range(len(cells)):
        if not any(classes[i] == classes[j] and overlaps[i, j] > BEST_OVERLAP for j in keep):
            keep.append(i)
    return Found(boxes[cells[keep]], classes[keep], scores[classes[keep], cells[keep]])


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of every box in a [K, 4] with every one in b [L, 4] → [K, L]."""
    corner, opposite = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (opposite - corner).clamp(min=0).prod(dim=-1)  # [K, L]
    area_a, area_b = ((box[:, 2:] - box[:, :2]).clamp(min=0).prod(dim=-1) for box in (a, b))
    return shared / (area_a[:, None] + area_b[None] - shared).clamp(min=1e-9)


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
    data = "real renders of the world of course_lib.gligen.data.scenes; no generated picture"
    card = checkpoints.card("gligen_detector", data, recipe, progress.seconds / 60, progress.losses)
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)
