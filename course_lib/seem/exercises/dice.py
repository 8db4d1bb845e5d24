"""The exercise on the dice loss: overlap against size."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.seem.exercises.attention import normal
from course_lib.seem.train.losses import dice_loss

SIZES = ((4, 5, 8), (3, 7, 4), (1, 4, 9), (5, 6, 6), (3, 4, 7))  # N, H, W


def dice_inputs(rng) -> tuple[Tensor, Tensor]:
    """Masks of different sizes, one empty, one full, one met exactly, one missed altogether."""
    count, height, width = rng.in_turn(SIZES)
    shares = rng.uniform(0.1, 0.7, (count, 1, 1))
    targets = torch.from_numpy((rng.random((count, height, width)) < shares).astype("float32"))
    logits = 2 * normal(rng, count, height, width)
    if count > 1:
        targets[0], targets[1] = 0, 1
        logits[2] = 40 * (2 * targets[2] - 1) * (-1) ** rng.draw  # sure, and right in every other draw
    return logits, targets


def _dice(probs, targets) -> Tensor:
    probs, targets = probs.flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).sum(1) + 1) / (probs.sum(1) + targets.sum(1) + 1)


def dice_of_logits(logits, targets):
    return _dice(logits, targets)


def dice_thresholded(logits, targets):
    return _dice((logits > 0).float(), targets)


def dice_as_iou(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    overlap = (probs * targets).sum(1)
    return 1 - (overlap + 1) / (probs.sum(1) + targets.sum(1) - overlap + 1)


def dice_not_subtracted(logits, targets):
    return 1 - dice_loss(logits, targets)


def dice_one_number(logits, targets):
    return dice_loss(logits.flatten()[None, None], targets.flatten()[None, None]).expand(len(logits))


def dice_forgot_two(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - ((probs * targets).sum(1) + 1) / (probs.sum(1) + targets.sum(1) + 1)


def dice_without_ones(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - 2 * (probs * targets).sum(1) / (probs.sum(1) + targets.sum(1))


def dice_one_below(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - 2 * (probs * targets).sum(1) / (probs.sum(1) + targets.sum(1) + 1)


def dice_one_above(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).sum(1) + 1) / (probs.sum(1) + targets.sum(1))


def dice_without_brackets(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - 2 * (probs * targets).sum(1) + 1 / (probs.sum(1) + targets.sum(1) + 1)


def dice_of_means(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).mean(1) + 1) / (probs.mean(1) + targets.mean(1) + 1)


def dice_of_squares(logits, targets):
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)
    return 1 - (2 * (probs * targets).sum(1) + 1) / ((probs**2).sum(1) + (targets**2).sum(1) + 1)


def dice_by_softmax(logits, targets):
    return _dice(logits.flatten(1).softmax(1).view_as(logits), targets)


def dice_mean(logits, targets):
    return dice_loss(logits, targets).mean()


def dice_sum(logits, targets):
    return dice_loss(logits, targets).sum()


def dice_pooled(logits, targets):
    return dice_loss(logits.flatten()[None, None], targets.flatten()[None, None])[0]


def dice_by_einsum(logits, targets):
    probs = torch.sigmoid(logits)
    overlap = torch.einsum("nhw,nhw->n", probs, targets)
    return 1 - (1 + 2 * overlap) / (1 + (probs + targets).sum(dim=(1, 2)))


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
        used_at=("seem.train.losses:dice_loss",),
        make_inputs=dice_inputs,
        draws=len(SIZES),
        check_gradient=True,
        mistakes=(
            Mistake(
                "logits",
                dice_of_logits,
                "These are logits, of any size and sign. Make probabilities of them first: `logits.sigmoid()`.",
            ),
            Mistake(
                "threshold",
                dice_thresholded,
                "A threshold has no gradient: nothing would be learned. Use the probabilities `logits.sigmoid()` as they are.",
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
            Mistake(
                "no ones",
                dice_without_ones,
                "The ones are missing: where mask and thing are both empty, this is 0/0. Add 1 above and below.",
            ),
            Mistake(
                "the one below only",
                dice_one_below,
                "There is a 1 below the line, and none above it: so a perfect mask costs something, and an empty one that is rightly empty costs all. Add 1 to both.",
            ),
            Mistake(
                "the one above only",
                dice_one_above,
                "There is a 1 above the line, and none below it: a perfect mask costs less than 0, and nothing on nothing is 1/0. Add 1 to both.",
            ),
            Mistake(
                "brackets",
                dice_without_brackets,
                "Only the 1 is divided: `/` binds more tightly than `+`. Put what stands above the line into brackets.",
            ),
            Mistake(
                "mean for sum",
                dice_of_means,
                "These are means over the pixels, below 1 all of them, beside which the ones outweigh everything. Take *sums*.",
            ),
            Mistake(
                "squares",
                dice_of_squares,
                "Below the line stand squares, as in V-Net's dice. Here they are the plain sums of probabilities and targets.",
            ),
            Mistake(
                "softmax",
                dice_by_softmax,
                "The softmax lets the pixels compete for a mask, so that all together add up to 1. Each pixel is a yes or no of its own: `logits.sigmoid()`.",
            ),
            Mistake(
                "mean of the masks",
                dice_mean,
                "This is the mean over the masks. One number *a mask* is wanted, [N]: the caller averages.",
            ),
            Mistake(
                "sum of the masks",
                dice_sum,
                "This is the sum over the masks. One number *a mask* is wanted, [N]: the caller averages.",
            ),
            Mistake(
                "one for all",
                dice_pooled,
                "All pixels of all masks are summed together, so that there is one number. One *a mask* is wanted, [N]: `flatten(1)`, and sums over dimension 1.",
            ),
        ),
        alternatives=(dice_by_einsum, dice_by_loop),
        hints=(
            "How much of both masks together is shared by both? The shared part counts in each, hence twice.",
            "With $p = \\sigma(\\text{logits})$ and targets $t$, summed over the pixels of each mask: $1 - \\dfrac{2\\sum pt + 1}{\\sum p + \\sum t + 1}$, shape $[N]$.",
            "```python\nprobs, targets = logits.sigmoid().flatten(1), targets.flatten(1)  # [N, H·W]\noverlap = ...\nreturn 1 - ...\n```",
        ),
    ),
]
