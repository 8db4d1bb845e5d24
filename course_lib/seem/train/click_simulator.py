"""The simulated person, who clicks where the answer is most wrong."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from course_lib.seem.data.queries import Query
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt


def next_click(mask: np.ndarray, truth: np.ndarray) -> tuple[int, int, bool] | None:
    """(x, y, include?) in the middle of the larger error; None where there is no error.

    mask and truth bool [H, W]. The middle is the pixel furthest from the edge of the error, where the picture's edge
    counts as one. Source: SEEM, modeling/architectures/seem_model_v1.py.
    """
    missed, extra = truth & ~mask, mask & ~truth  # false negatives, false positives
    if not (missed.any() or extra.any()):
        return None
    include = bool(missed.sum() >= extra.sum())
    depth = distance_transform_edt(np.pad(missed if include else extra, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y), include


def add_click(prompt: Prompt, mask: np.ndarray, truth: np.ndarray) -> Prompt:
    """The prompt with one more click, unless all is right, or there is nothing to be found. Masks bool [S, S]."""
    click = next_click(mask, truth) if truth.any() else None
    if click is None:
        return prompt
    x, y, include = click
    clicks = prompt.positive if include else prompt.negative
    clicks = np.zeros_like(truth) if clicks is None else clicks.copy()
    clicks[y, x] = True
    return replace(prompt, positive=clicks) if include else replace(prompt, negative=clicks)


@dataclass
class Rollout:
    """Where some rounds have led."""

    prompts: list[Prompt]  # with all clicks so far
    prev_mask: Tensor | None  # bool [B, S, S]: the last round's mask, for the memory; None before the first round


@torch.no_grad()
def play_rounds(
    model: MiniSeem,
    features: Features,
    queries: list[Query],
    prompts: list[Prompt],
    num_rounds: int,
    use_memory: bool = True,
) -> Rollout:
    """Some rounds, each ending with a click on the largest error; but every fourth person never clicks.

    Else nobody would answer words with silence but those who asked for absent things, and the model would tell by that.
    """
    rollout, silent = Rollout(prompts, None), [row % 4 == 3 for row in range(len(queries))]
    for _ in range(num_rounds):
        prev_mask = rollout.prev_mask if use_memory else None
        masks = model.segment(features, rollout.prompts, prev_mask).mask_logits[:, 0] > 0  # [B, S, S]
        rows = zip(rollout.prompts, masks.numpy(), queries, silent, strict=True)
        prompts = [prompt if quiet else add_click(prompt, mask, query.target) for prompt, mask, query, quiet in rows]
        rollout = Rollout(prompts, masks)
    return rollout if use_memory else Rollout(rollout.prompts, None)
