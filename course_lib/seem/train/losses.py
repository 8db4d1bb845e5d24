"""What the model's output costs: pixels, dice, classes and objectness; Hungarian matching where nothing was asked."""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from course_lib.seem.data.queries import class_indices, visible_things
from course_lib.seem.decoder import SeemOutput
from course_lib.world.scenes import Scene

CLASS_WEIGHT, MASK_WEIGHT, DICE_WEIGHT = 2.0, 5.0, 5.0  # in costs and losses, as in Mask2Former
NO_OBJECT_WEIGHT = 0.2  # of a query that should find nothing: there are many of these
AUX_WEIGHT = 0.3  # of the masks of the layers before the last


def dice_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """1 - (2·overlap + 1) / (both sizes + 1) of every mask: logits [N, H, W], targets [N, H, W] of 0 and 1 → [N].

    The ones keep it finite for empty masks. Source: Mask2Former, mask2former/modeling/criterion.py.
    """
    probs, targets = logits.sigmoid().flatten(1), targets.flatten(1)  # [N, H·W]
    overlap = (probs * targets).sum(dim=1)
    return 1 - (2 * overlap + 1) / (probs.sum(dim=1) + targets.sum(dim=1) + 1)


def pixel_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean binary cross-entropy over the pixels of every mask: logits [N, H, W], targets [N, H, W] → [N]."""
    return F.binary_cross_entropy_with_logits(logits, targets, reduction="none").flatten(1).mean(dim=1)


def half_size(masks: Tensor) -> Tensor:
    """Masks of 0 and 1 at half the size: [N, H, W] → [N, H/2, W/2]; 1 where more than half is."""
    return (F.avg_pool2d(masks[:, None], 2)[:, 0] > 0.5).float()


def prompt_loss(output: SeemOutput, targets: Tensor, names: list[str]) -> Tensor:
    """The loss of one query a prompt: pixels and dice of all layers' masks, objectness, and class → scalar.

    targets [B, S, S] of 0 and 1, all 0 where there is no such thing; names: the class of each, "" if there is none.
    """
    present = targets.flatten(1).any(dim=1).float()  # [B]: dice means nothing where there is nothing
    total = F.binary_cross_entropy_with_logits(output.objectness[:, 0], present)
    # the mask, and less of the earlier layers'
    half_targets = half_size(targets)
    masks = [(output.mask_logits[:, 0], targets, 1.0)]
    masks += [(aux_mask[:, 0], half_targets, AUX_WEIGHT) for aux_mask in output.aux_masks]
    for logits, target, weight in masks:
        dice = (dice_loss(logits, target) * present).sum() / present.sum().clamp(min=1)
        total = total + weight * (MASK_WEIGHT * pixel_loss(logits, target).mean() + DICE_WEIGHT * dice)
    # the class
    no_object = output.class_logits.shape[-1] - 1
    labels = torch.tensor([class_indices().get(name, no_object) for name in names])
    return total + F.cross_entropy(output.class_logits[:, 0], labels)


def everything_loss(output: SeemOutput, scenes: list[Scene], instances: list[np.ndarray]) -> Tensor:
    """The loss of the object queries of I pictures, matched with their things; instances [S, S] of each → scalar."""
    num_queries, no_object = output.class_logits.shape[1], output.class_logits.shape[2] - 1
    labels = torch.full((len(scenes), num_queries), no_object)
    matched_logits, matched_targets = [], []
    for row, (scene, numbers) in enumerate(zip(scenes, instances, strict=True)):
        # the things of a picture
        visible = visible_things(scene, numbers)
        targets = torch.from_numpy(np.stack([numbers == k + 1 for k in visible])).float()  # [T, S, S]
        classes = torch.tensor([class_indices()[scene.things[k].name] for k in visible])
        # their queries, by the masks at half size
        with torch.no_grad():
            half_logits = F.avg_pool2d(output.mask_logits[row], 2)
            costs = match_costs(output.class_logits[row], half_logits, classes, half_size(targets))
            queries, things = match(*costs)
        labels[row, queries] = classes[things]
        matched_logits.append(output.mask_logits[row, queries])
        matched_targets.append(targets[things])
    # classes of all queries, masks of the matched ones
    weights = torch.ones(no_object + 1)
    weights[no_object] = NO_OBJECT_WEIGHT
    class_loss = F.cross_entropy(output.class_logits.flatten(0, 1), labels.flatten(), weights)  # [I·Q, C + 1], [I·Q]
    logits, targets = torch.cat(matched_logits), torch.cat(matched_targets)  # [all things, S, S]
    mask_loss = MASK_WEIGHT * pixel_loss(logits, targets).mean()
    return CLASS_WEIGHT * class_loss + mask_loss + DICE_WEIGHT * dice_loss(logits, targets).mean()


def match_costs(
    class_logits: Tensor, mask_logits: Tensor, classes: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What every pair of query and thing would cost, in three parts [Q, T]: class, mask, dice.

    class_logits [Q, C], mask_logits [Q, H, W], classes int [T], targets [T, H, W] of 0 and 1.
    """
    class_cost = -class_logits.softmax(dim=-1)[:, classes]
    logits, targets = mask_logits.flatten(1), targets.flatten(1)  # [Q, H·W], [T, H·W]
    # binary cross-entropy of a pixel: softplus(-x) where it should be 1, softplus(x) where 0
    mask_cost = (F.softplus(-logits) @ targets.T + F.softplus(logits) @ (1 - targets).T) / targets.shape[1]
    probs = logits.sigmoid()
    sizes = probs.sum(dim=1)[:, None] + targets.sum(dim=1)[None]
    return class_cost, mask_cost, 1 - (2 * probs @ targets.T + 1) / (sizes + 1)


def match(class_cost: Tensor, mask_cost: Tensor, dice_cost: Tensor) -> tuple[Tensor, Tensor]:
    """Hungarian matching, the pairing with the least total cost: costs [Q, T] → (queries int [T], things int [T]).

    Every thing gets one query, and no query two things (there are at least as many queries). Ordered by thing.
    """
    cost = CLASS_WEIGHT * class_cost + MASK_WEIGHT * mask_cost + DICE_WEIGHT * dice_cost
    queries, things = linear_sum_assignment(cost.detach().cpu().numpy())
    order = things.argsort()
    return torch.from_numpy(queries[order]), torch.from_numpy(things[order])
