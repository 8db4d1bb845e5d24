"""Which query is taught which thing: the cheapest pairing (DETR; SEEM: modeling/utils/matcher.py)."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

CLASS, PIXELS, DICE = 2.0, 5.0, 5.0


def match_costs(
    class_logits: Tensor, mask_logits: Tensor, classes: Tensor, masks: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What every pair would cost, in three parts [Q, T]: class, pixels, dice.

    class_logits [Q, C], mask_logits [Q, H, W], classes int [T], masks [T, H, W] of 0 and 1.
    """
    by_class = -class_logits.softmax(dim=-1)[:, classes]
    logits, masks = mask_logits.flatten(1), masks.flatten(1)  # [Q, H·W], [T, H·W]
    on, off = (
        F.softplus(-logits),
        F.softplus(logits),
    )  # what a pixel costs that should be on, and one that should be off
    by_pixels = (on @ masks.T + off @ (1 - masks).T) / masks.shape[1]
    shares = logits.sigmoid()
    sizes = shares.sum(dim=1)[:, None] + masks.sum(dim=1)[None]
    return by_class, by_pixels, 1 - (2 * shares @ masks.T + 1) / (sizes + 1)


def match(by_class: Tensor, by_pixels: Tensor, by_dice: Tensor) -> tuple[Tensor, Tensor]:
    """The pairing with the least total cost: costs [Q, T] → (queries int [T], things int [T]), ordered by thing.

    Every thing gets one query, and no query two things (there are at least as many queries).
    """
    cost = CLASS * by_class + PIXELS * by_pixels + DICE * by_dice
    queries, things = linear_sum_assignment(cost.detach().cpu().numpy())
    order = things.argsort()
    return torch.from_numpy(queries[order]), torch.from_numpy(things[order])
