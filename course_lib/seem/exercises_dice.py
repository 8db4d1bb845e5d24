"""The exercise on the dice loss."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.seem.exercises_reading import normal
from course_lib.seem.losses import dice_loss


def dice_inputs(rng) -> tuple[Tensor, Tensor]:
    """Masks of different sizes, one of them empty."""
    count, height, width = (int(rng.integers(low, low + 3)) for low in (3, 4, 7))
    targets = torch.from_numpy(
        (rng.random((count, height, width)) < rng.uniform(0.1, 0.7, (count, 1, 1))).astype("float32")
    )
    targets[0] = 0
    return 2 * normal(rng, count, height, width), targets


def _dice(chances, targets) -> Tensor:
    chances, targets = chances.flatten(1), targets.flatten(1)
    return 1 - (2 * (chances * targets).sum(1) + 1) / (chances.sum(1) + targets.sum(1) + 1)


def dice_of_logits(logits, targets):
    return _dice(logits, targets)


def dice_thresholded(logits, targets):
    return _dice((logits > 0).float(), targets)


def dice_as_iou(logits, targets):
    chances, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    overlap = (chances * targets).sum(1)
    return 1 - (overlap + 1) / (chances.sum(1) + targets.sum(1) - overlap + 1)


def dice_not_subtracted(logits, targets):
    return 1 - dice_loss(logits, targets)


def dice_one_number(logits, targets):
    return dice_loss(logits.flatten()[None, None], targets.flatten()[None, None]).expand(len(logits))


def dice_forgot_two(logits, targets):
    chances, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - ((chances * targets).sum(1) + 1) / (chances.sum(1) + targets.sum(1) + 1)


def dice_by_einsum(logits, targets):
    chances = torch.sigmoid(logits)
    overlap = torch.einsum("nhw,nhw->n", chances, targets)
    return 1 - (1 + 2 * overlap) / (1 + (chances + targets).sum(dim=(1, 2)))


def dice_by_loop(logits, targets):
    return torch.stack([_dice(a.sigmoid()[None], b[None])[0] for a, b in zip(logits, targets, strict=True)])


TASKS = [
    Task(
        id="seem.dice_loss",
        title="The dice loss",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=dice_loss,
        make_inputs=dice_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "logits",
                dice_of_logits,
                "These are logits, of any size and sign. Make chances of them first: `logits.sigmoid()`.",
            ),
            Mistake(
                "threshold",
                dice_thresholded,
                "A threshold has no gradient: nothing would be learned. Use the chances `logits.sigmoid()` as they are.",
            ),
            Mistake(
                "that is IoU",
                dice_as_iou,
                "This divides by the union, which is IoU. Dice divides twice the overlap by the *sum* of both sizes.",
            ),
            Mistake(
                "score instead of loss",
                dice_not_subtracted,
                "This is the score, 1 for a perfect mask. A loss falls: subtract it from 1.",
            ),
            Mistake(
                "all masks together",
                dice_one_number,
                "The pixels of all masks are pooled, so that large things outvote small ones. One number *a mask*: sum over the pixels only.",
            ),
            Mistake(
                "once the overlap",
                dice_forgot_two,
                "A perfect mask should cost 0, and this costs about a half: *twice* the overlap.",
            ),
        ),
        alternatives=(dice_by_einsum, dice_by_loop),
        hints=(
            "How much of both masks together is shared by both? The shared part counts in each, hence twice.",
            "With $p = \\sigma(\\text{logits})$ and targets $t$, summed over the pixels of each mask: $1 - \\dfrac{2\\sum pt + 1}{\\sum p + \\sum t + 1}$, shape $[N]$.",
            "```python\nchances, targets = logits.sigmoid().flatten(1), targets.flatten(1)  # [N, H·W]\noverlap = ...\nreturn 1 - ...\n```",
        ),
    ),
]
