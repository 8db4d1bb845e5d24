"""Where SEEM's model, training and measuring use what a learner hands in: exercise id → a tiny run of them."""

from dataclasses import replace

import numpy as np
import torch

from course_lib.seem.data.batches import make_batch
from course_lib.seem.evaluate.clicks import iou_by_clicks
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages

RECIPE = replace(stages.LIVE, batch_size=1, prompts_per_image=2)
CLICK = np.zeros((64, 64), bool)
CLICK[30, 30] = True


@torch.no_grad()
def click() -> object:
    """An untrained model is given one click, and the mask of a round before it."""
    model = stages.new_model()
    prev_mask = torch.ones(1, 64, 64, dtype=torch.bool)
    return model.segment(model.encode(torch.zeros(1, 3, 64, 64)), [Prompt(positive=CLICK)], prev_mask)


@torch.no_grad()
def loss() -> object:
    """What a training step's batch costs."""
    return stages.batch_loss(stages.new_model(), make_batch(0, RECIPE))


PRODUCT = {
    "seem.visual_sampler": click,
    "seem.masked_attention": click,
    "seem.mask_head": click,
    "seem.memory_update": click,
    "seem.match": loss,
    "seem.dice_loss": loss,
    "seem.next_click": lambda: iou_by_clicks(stages.new_model(), count=1, max_clicks=1),
}

EQUIVALENT = {  # mutants that answer as the exercise allows, see `mutants`
    "seem.visual_sampler": {
        "left out: `F.grid_sample(features, grid, mode='bilinear', padding_mode='border', align_corners=False)` → `F.grid_sample(features, grid, padding_mode='border', align_corners=False)`": "bilinear is the default",
        "left out: `F.grid_sample(features, grid, mode='bilinear', padding_mode='border', align_corners=False)` → `F.grid_sample(features, grid, mode='bilinear', padding_mode='border')`": "False is the default",
        "constant: `0` → `-1`": "the dimension has length 1",
    },
    "seem.mask_head": {
        "left out: `F.normalize(text_embeddings, dim=-1)` → `F.normalize(text_embeddings)`": "of two dimensions, 1 is the last, and the default",
        "sign: `-1` → `1`": "of two dimensions, 1 is the last",
    },
    "seem.match": {
        "left out: `cost.detach().cpu().numpy()` → `cost.detach().cpu()`": "scipy takes tensors, too",
        "left out: `cost.detach().cpu()` → `cost.detach()`": "the exercise has no other device",
        "left out: `cost.detach()` → `cost`": "training calls it under no_grad",
    },
    "seem.dice_loss": {
        "order: `(logits.sigmoid().flatten(1), targets.flatten(1))` → `(targets.flatten(1), logits.sigmoid().flatten(1))`": "dice is symmetric",
    },
    "seem.next_click": {
        "left out: `bool(missed.sum() >= extra.sum())` → `missed.sum() >= extra.sum()`": "a number of numpy's is a number",
        "left out: `int(x)` → `x`": "a number of numpy's is a number",
        "left out: `int(y)` → `y`": "a number of numpy's is a number",
    },
    "seem.memory_update": {
        "left out: `(:, None)` → `(:,)`": "pooling takes [B, S, S] as one picture of B channels",
    },
}
