"""The judge: a detector of this world's things, trained apart from the generator, on real renders only.

One stage and no anchors, as FCOS (Tian et al. 2019): every cell of a 16 × 16 grid says which class it is the middle of,
and how far the four sides of its box are.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.gligen.grounding import cell_centres
from course_lib.gligen.vocabulary import NAMES

STRIDE = 4  # pixels a cell
NMS_THRESHOLD = 0.5  # of two boxes of one class, above which the weaker is dropped


@dataclass(frozen=True)
class Detections:
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


def _conv(in_channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.GroupNorm(8, out_channels), nn.SiLU(inplace=True))


def boxes_from_sides(sides: Tensor) -> Tensor:
    """Distances left, top, right, bottom of each cell [B, 4, H, W] → boxes [B, 4, H, W]."""
    centres = cell_centres(sides.shape[-1])
    return torch.cat([centres - sides[:, :2], centres + sides[:, 2:]], dim=1)


@torch.no_grad()
def detect(model: Detector, images: Tensor, threshold: float = 0.05) -> list[Detections]:
    """The detections in each of the pictures [B, 3, S, S], with scores above the threshold."""
    logits, sides = model(images)
    boxes = boxes_from_sides(sides).clamp(0, 1).flatten(2).transpose(1, 2)  # [B, 4, H, W] → [B, H·W, 4]
    scores = logits.sigmoid().flatten(2)  # [B, C, H·W]
    return [_non_maximum_suppression(*picture, threshold) for picture in zip(scores, boxes, strict=True)]


def _non_maximum_suppression(scores: Tensor, boxes: Tensor, threshold: float) -> Detections:
    """Non-maximum suppression: scores [C, H·W] and boxes [H·W, 4] of one picture → its detections, each thing once."""
    classes, cells = (scores > threshold).nonzero(as_tuple=True)
    order = scores[classes, cells].argsort(descending=True)
    classes, cells = classes[order], cells[order]
    keep: list[int] = []
    overlaps = box_iou(boxes[cells], boxes[cells])
    for i in range(len(cells)):
        if not any(classes[i] == classes[j] and overlaps[i, j] > NMS_THRESHOLD for j in keep):
            keep.append(i)
    return Detections(boxes[cells[keep]], classes[keep], scores[classes[keep], cells[keep]])


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of every box in a [K, 4] with every one in b [L, 4] → [K, L]."""
    corner, opposite = torch.maximum(a[:, None, :2], b[None, :, :2]), torch.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = (opposite - corner).clamp(min=0).prod(dim=-1)  # [K, L]
    area_a, area_b = ((boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(dim=-1) for boxes in (a, b))
    return shared / (area_a[:, None] + area_b[None] - shared).clamp(min=1e-9)
