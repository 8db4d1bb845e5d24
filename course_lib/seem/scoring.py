"""Masks of many questions at once, and how well they fit."""

from collections.abc import Sequence

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt


def iou(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Overlap over union of masks bool [N, S, S] → [N]; two empty masks agree."""
    union = (found | truth).sum(axis=(1, 2))
    return np.where(union == 0, 1.0, (found & truth).sum(axis=(1, 2)) / np.maximum(union, 1))


def cumulative_iou(found: np.ndarray, truth: np.ndarray) -> float:
    """cIoU, as for referring phrases: all overlap over all union of masks bool [N, S, S]; large things count more."""
    return float((found & truth).sum() / (found | truth).sum())


@torch.no_grad()
def answers(
    model: MiniSeem, features: Features, prompts: Sequence[Prompt], found: torch.Tensor | None = None
) -> np.ndarray:
    """One round: masks bool [N, S, S]."""
    masks = []
    for start in range(0, len(prompts), 64):
        rows = torch.arange(start, min(start + 64, len(prompts)))
        out = model.segment(features.rows(rows), prompts[start : start + 64], None if found is None else found[rows])
        masks.append((out.logits[:, 0] > 0).numpy())
    return np.concatenate(masks)


def mean(id: str, values: np.ndarray, **company) -> Figure:
    """The mean with its 95 % interval."""
    value, reach = float(values.mean()), 1.96 * float(values.std()) / len(values) ** 0.5
    return Figure(id, round(value, 4), round(value - reach, 4), round(value + reach, 4), len(values), **company)
