"""The exercises on boxes: how much two overlap, and which of many stay."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.detector import box_iou
from course_lib.specialists.boxes import non_maximum_suppression


def random_boxes(rng, count: int) -> Tensor:
    """Boxes [count, 4] that often overlap; every third lies inside the one before."""
    low = torch.from_numpy(rng.uniform(0, 0.5, (count, 2)).astype("float32"))
    boxes = torch.cat([low, low + torch.from_numpy(rng.uniform(0.1, 0.5, (count, 2)).astype("float32"))], dim=1)
    for i in range(2, count, 3):
        boxes[i] = boxes[i - 1] + torch.tensor([0.03, 0.02, -0.01, -0.04])
    return boxes


def iou_inputs(rng) -> tuple[Tensor, Tensor]:
    """Some boxes against others, some apart in x, in y, or both, and one against itself."""
    many, few = rng.in_turn(((5, 4), (1, 6), (7, 2), (4, 4), (3, 8)))
    a, b = random_boxes(rng, many), random_boxes(rng, few)
    a[0], b[-1] = torch.tensor([0.0, 0.0, 0.05, 0.09]), torch.tensor([0.9, 0.92, 1.0, 0.97])
    b[0] = a[-1]
    return a, b


def _areas(boxes: Tensor) -> Tensor:
    return (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)


def _shared(a: Tensor, b: Tensor, clamp: bool = True) -> Tensor:
    sides = torch.minimum(a[:, None, 2:], b[None, :, 2:]) - torch.maximum(a[:, None, :2], b[None, :, :2])
    return (sides.clamp(min=0) if clamp else sides).prod(dim=-1)


def iou_not_clamped(a, b):
    shared = _shared(a, b, clamp=False)
    return shared / (_areas(a)[:, None] + _areas(b)[None] - shared)


def iou_counts_shared_twice(a, b):
    return _shared(a, b) / (_areas(a)[:, None] + _areas(b)[None])


def iou_of_smaller(a, b):
    return _shared(a, b) / torch.minimum(_areas(a)[:, None], _areas(b)[None])


def iou_of_first(a, b):
    return _shared(a, b) / _areas(a)[:, None].expand(-1, len(b))


def iou_transposed(a, b):
    return box_iou(b, a)


def iou_by_loops(a, b):
    rows = []
    for x0, y0, x1, y1 in a.tolist():
        row = []
        for u0, v0, u1, v1 in b.tolist():
            shared = max(0, min(x1, u1) - max(x0, u0)) * max(0, min(y1, v1) - max(y0, v0))
            row.append(shared / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared))
        rows.append(row)
    return torch.tensor(rows)


def iou_by_broadcasting(a, b):
    (x0, y0, x1, y1), (u0, v0, u1, v1) = a[:, :, None].unbind(1), b.T[:, None].unbind(0)
    shared = (torch.min(x1, u1) - torch.max(x0, u0)).relu() * (torch.min(y1, v1) - torch.max(y0, v0)).relu()
    return shared / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared)


def nms_inputs(rng) -> tuple[Tensor, Tensor, float]:
    """Heaps of boxes, with different scores; no box at all; a chain, in which the first hides the second, and that one the third."""
    count = rng.in_turn((7, 9, 0, 1, 3, 2))
    boxes = random_boxes(rng, count)
    scores = torch.from_numpy((rng.permutation(count) + 1).astype("float32")) / (count + 1)
    if count == 2:  # exactly at the threshold
        boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.0, 0.0, 0.5, 0.25]])
    if count == 3:
        boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.1, 0.0, 0.6, 0.5], [0.2, 0.0, 0.7, 0.5]])
        scores = torch.tensor([0.9, 0.8, 0.7])
    return boxes, scores, 0.5


def nms_by_order(boxes, scores, threshold):
    return non_maximum_suppression(boxes, torch.arange(len(boxes), 0, -1).float(), threshold)


def nms_weakest_first(boxes, scores, threshold):
    return non_maximum_suppression(boxes, -scores, threshold)


def nms_against_all(boxes, scores, threshold):
    order, overlaps = scores.argsort(descending=True).tolist(), box_iou(boxes, boxes)
    return [i for n, i in enumerate(order) if all(overlaps[i, j] <= threshold for j in order[:n])]


def nms_drops_apart(boxes, scores, threshold):
    overlaps, keep = box_iou(boxes, boxes), []
    for i in scores.argsort(descending=True).tolist():
        if all(overlaps[i, j] > threshold for j in keep):
            keep.append(i)
    return keep


def nms_sorted_by_place(boxes, scores, threshold):
    return sorted(non_maximum_suppression(boxes, scores, threshold))


def nms_by_crossing_out(boxes, scores, threshold):
    left, keep = scores.argsort(descending=True).tolist(), []
    while left:
        first, *left = left
        keep.append(first)
        left = [i for i in left if box_iou(boxes[i][None], boxes[first][None]).item() <= threshold]
    return keep


def nms_with_a_mask(boxes, scores, threshold):
    left, keep = scores.clone(), []
    while len(left) and left.max() > float("-inf"):
        keep.append(int(left.argmax()))
        left[box_iou(boxes, boxes[keep[-1:]])[:, 0] > threshold] = float("-inf")
        left[keep[-1]] = float("-inf")
    return keep


TASKS = [
    Task(
        id="specialists.box_iou",
        title="Intersection over union of boxes",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=box_iou,
        used_at=("gligen.detector:box_iou", "specialists.boxes:box_iou"),
        make_inputs=iou_inputs,
        mistakes=(
            Mistake(
                "boxes that lie apart",
                iou_not_clamped,
                "Where two boxes lie apart, a side of what they share comes out negative, and two negative sides make a positive area. "
                "Clamp both sides at 0 before you multiply them.",
            ),
            Mistake(
                "no union",
                iou_counts_shared_twice,
                "The sum of both areas counts the shared part twice: a box against itself gets ½. Subtract the shared area once.",
            ),
            Mistake(
                "by the smaller one",
                iou_of_smaller,
                "This divides by the smaller box: a small box inside a large one gets 1. IoU divides by the union.",
            ),
            Mistake(
                "by the first one",
                iou_of_first,
                "This divides by the area of the box in `a`: that is the share of it that is covered. IoU divides by the union.",
            ),
            Mistake(
                "rows and columns exchanged",
                iou_transposed,
                "A row for every box of `a`, a column for every one of `b`: here it is the other way round.",
            ),
        ),
        alternatives=(iou_by_loops, iou_by_broadcasting),
        hints=(
            "What two boxes share is a box as well: from the larger of the two left edges to the smaller of the two right ones.",
            r"$\mathrm{IoU} = \dfrac{|A \cap B|}{|A| + |B| - |A \cap B|}$, with $[K, 1, 2]$ against $[1, L, 2]$ corners → $[K, L]$.",
            "```python\nlow = torch.maximum(a[:, None, :2], b[None, :, :2])\nhigh = ...\n"
            "shared = (high - low).clamp(min=0).prod(dim=-1)  # [K, L]\nreturn shared / (...)\n```",
        ),
    ),
    Task(
        id="specialists.nms",
        title="Non-maximum suppression",
        difficulty=3,
        importance=4,
        minutes=10,
        reference=non_maximum_suppression,
        used_at=("specialists.tools:non_maximum_suppression", "specialists.evaluate.boxes:non_maximum_suppression"),
        make_inputs=nms_inputs,
        draws=6,
        mistakes=(
            Mistake(
                "not by score",
                nms_by_order,
                "The boxes are taken in the order in which they came. Begin with the surest: `scores.argsort(descending=True)`.",
            ),
            Mistake(
                "the weakest wins", nms_weakest_first, "The weakest box of a heap stays here; it should be the surest."
            ),
            Mistake(
                "hidden boxes hide",
                nms_against_all,
                "A box that was itself dropped still drops others here. Compare with the boxes that *stay* only.",
            ),
            Mistake(
                "keeps what overlaps",
                nms_drops_apart,
                "Boxes that lie apart are dropped here. Drop those whose IoU with one that stays is *above* the threshold.",
            ),
            Mistake(
                "sorted by number",
                nms_sorted_by_place,
                "The right boxes, but sorted by number: the surest comes first.",
            ),
        ),
        alternatives=(nms_by_crossing_out, nms_with_a_mask),
        hints=(
            "Take the surest box; cross out all that overlap it too much; take the surest of what is left.",
            "Keep $i$ if $\\mathrm{IoU}(i, j) \\le$ threshold for all $j$ kept so far, in descending order of score.",
            "```python\nkeep = []\nfor i in scores.argsort(descending=True).tolist():\n    if all(... for j in keep):\n"
            "        keep.append(i)\nreturn keep\n```",
        ),
    ),
]
