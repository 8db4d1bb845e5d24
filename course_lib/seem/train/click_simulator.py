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


@dataclass(frozen=True)
class RoundPlan:
    """How some rounds are played before one that is learned from."""

    num_rounds: int = 0
    use_memory: bool = True  # is the last mask given at all?
    mask_input: bool = True  # may the pixels see it, too, or only the memory tokens?
    newest_only: bool = False  # is only the newest click given, so that the earlier ones must be remembered?


NO_ROUND_BEFORE = RoundPlan()


def add_click(
    prompt: Prompt,
    mask: np.ndarray,
    truth: np.ndarray,
    clicked: np.ndarray | None = None,
    newest_only: bool = False,
) -> Prompt:
    """The prompt with one more click, unless all is right, or there is nothing to be found. Masks bool [S, S].

    clicked bool [S, S]: places that were clicked before, which nobody clicks again, as with RITM's simulated person
    (Sofiiuk et al., 2022, isegm/inference/clicker.py); it is changed in place. newest_only: earlier marks are left out.
    """
    if clicked is not None:
        truth = np.where(clicked, mask, truth)
    click = next_click(mask, truth) if truth.any() else None
    if click is None:
        return prompt
    x, y, include = click
    if clicked is not None:
        clicked[y, x] = True
    if newest_only:
        prompt = replace(prompt, positive=None, negative=None)
    clicks = prompt.positive if include else prompt.negative
    clicks = np.zeros_like(truth) if clicks is None else clicks.copy()
    clicks[y, x] = True
    return replace(prompt, positive=clicks) if include else replace(prompt, negative=clicks)


@dataclass
class Rollout:
    """Where some rounds have led."""

    prompts: list[Prompt]  # with all clicks so far, or the newest
    prev_mask: Tensor | None  # bool [B, S, S]: the last round's mask, for the memory; None before the first round


@torch.no_grad()
def play_rounds(
    model: MiniSeem, features: Features, queries: list[Query], prompts: list[Prompt], plan: RoundPlan
) -> Rollout:
    """Some rounds, each ending with a click on the largest error; but every fourth person never clicks.

    Else nobody would answer words with silence but those who asked for absent things, and the model would tell by that.
    """
    silent, prev_mask = [row % 4 == 3 for row in range(len(queries))], None
    clicked = [np.zeros_like(query.target) for query in queries]
    for _ in range(plan.num_rounds):
        given = prev_mask if plan.use_memory else None
        prev_mask = model.segment(features, prompts, given, plan.mask_input).mask_logits[:, 0] > 0  # [B, S, S]
        prompts = [
            prompt if quiet else add_click(prompt, mask, query.target, places, plan.newest_only)
            for prompt, mask, query, quiet, places in zip(
                prompts, prev_mask.numpy(), queries, silent, clicked, strict=True
            )
        ]
    return Rollout(prompts, prev_mask if plan.use_memory else None)
