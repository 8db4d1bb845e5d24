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
    return stages.batch_loss(stages.new_model(), make_batch(0, RECIPE), num_rounds=0)


PRODUCT = {
    "seem.visual_sampler": click,
    "seem.masked_attention": click,
    "seem.mask_head": click,
    "seem.memory_update": click,
    "seem.match": loss,
    "seem.dice_loss": loss,
    "seem.next_click": lambda: iou_by_clicks(stages.new_model(), count=1, max_clicks=1),
}
