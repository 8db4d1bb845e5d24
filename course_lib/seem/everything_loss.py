"""What segmenting everything costs: match queries and things, then teach each its own."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.seem import losses, matching
from course_lib.seem.asks import class_names, visible
from course_lib.world.scenes import Scene

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
            costs = matching.match_costs(masks.classes[row], F.avg_pool2d(masks.logits[row], 2), classes, small)
            queries, things = matching.match(*costs)
        wanted[row, queries] = classes[things]
        predicted.append(masks.logits[row, queries])
        truths.append(truth[things])
    logits, truth = torch.cat(predicted), torch.cat(truths)  # [all things, S, S]
    weights = torch.ones(nothing + 1)
    weights[nothing] = EMPTY
    by_class = F.cross_entropy(masks.classes.flatten(0, 1), wanted.flatten(), weights)
    by_pixels, by_dice = losses.pixel_loss(logits, truth).mean(), losses.dice_loss(logits, truth).mean()
    return 2 * by_class + losses.PIXELS * by_pixels + losses.DICE * by_dice
