"""What a predicted mask costs."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from course_lib.seem.data.queries import class_names, visible
from course_lib.world.scenes import Scene

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


EMPTY = 0.2  # weight of a query that should find nothing: there are many of these


def everything_loss(masks, scenes: list[Scene], instances: list[np.ndarray]) -> Tensor:
    """masks: what the object queries of I pictures found (Masks); instances [S, S] of each → scalar."""
    count, nothing = masks.classes.shape[1], masks.classes.shape[2] - 1
    wanted = torch.full((len(scenes), count), nothing)
    predicted, truths = [], []
    for row, (scene, numbers) in enumerate(zip(scenes, instances, strict=True)):
        seen = visible(scene, numbers)
        truth = torch.from_numpy(np.stack([numbers == k + 1 for k in seen])).float()  # [T, S, S]
        classes = torch.tensor([class_names().index(scene.things[k].name) for k in seen])
        with torch.no_grad():
            small = (F.avg_pool2d(truth[:, None], 2)[:, 0] > 0.5).float()
            costs = match_costs(masks.classes[row], F.avg_pool2d(masks.logits[row], 2), classes, small)
            queries, things = match(*costs)
        wanted[row, queries] = classes[things]
        predicted.append(masks.logits[row, queries])
        truths.append(truth[things])
    logits, truth = torch.cat(predicted), torch.cat(truths)  # [all things, S, S]
    weights = torch.ones(nothing + 1)
    weights[nothing] = EMPTY
    by_class = F.cross_entropy(masks.classes.flatten(0, 1), wanted.flatten(), weights)
    by_pixels, by_dice = pixel_loss(logits, truth).mean(), dice_loss(logits, truth).mean()
    return 2 * by_class + PIXELS * by_pixels + DICE * by_dice


CLASS, PIXELS_COST, DICE_COST = 2.0, 5.0, 5.0


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
    cost = CLASS * by_class + PIXELS_COST * by_pixels + DICE_COST * by_dice
    queries, things = linear_sum_assignment(cost.detach().cpu().numpy())
    order = things.argsort()
    return torch.from_numpy(queries[order]), torch.from_numpy(things[order])
