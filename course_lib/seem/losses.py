"""What a predicted mask costs."""

from torch import Tensor
from torch.nn import functional as F

PIXELS, DICE = 5.0, 5.0  # their weights, as in Mask2Former


def dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """1 - (2·overlap + 1) / (both sizes + 1) of every mask: logits [N, H, W], targets [N, H, W] of 0 and 1 → [N].

    The ones keep it finite for empty masks. Source: Mask2Former, mask2former/modeling/criterion.py.
    """
    chances, targets = logits.sigmoid().flatten(1), targets.flatten(1)  # [N, H·W]
    overlap = (chances * targets).sum(dim=1)
    return 1 - (2 * overlap + 1) / (chances.sum(dim=1) + targets.sum(dim=1) + 1)


def pixel_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean cross-entropy over the pixels of every mask: logits [N, H, W], targets [N, H, W] → [N]."""
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").flatten(1).mean(dim=1)
