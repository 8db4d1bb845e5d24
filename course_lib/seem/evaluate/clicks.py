"""NoC, the number of clicks until a mask is good enough, with memory and without."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.data.testsets import make_test_set
from course_lib.seem.evaluate.metrics import iou, mean_figure, predict_masks
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt
from course_lib.seem.train.click_simulator import add_click

MAX_CLICKS = 20


def iou_by_clicks(
    model: MiniSeem, count: int = 200, use_memory: bool = True, max_clicks: int = MAX_CLICKS
) -> np.ndarray:
    """IoU after 1, 2, … clicks [N, max_clicks], the first in the thing's middle, the next on the largest error."""
    tests = make_test_set("click", count)
    features, targets = tests.encode(model), tests.targets()
    prompts, masks, ious = [Prompt() for _ in tests.queries], np.zeros_like(targets), []
    for number in range(max_clicks):
        prompts = [add_click(prompt, mask, truth) for prompt, mask, truth in zip(prompts, masks, targets, strict=True)]
        prev_masks = torch.from_numpy(masks) if use_memory and number else None
        masks = predict_masks(model, features, prompts, prev_masks)
        ious.append(iou(masks, targets))
    return np.stack(ious, axis=1)


def number_of_clicks(ious: np.ndarray, threshold: float) -> np.ndarray:
    """NoC: the first click that reaches the threshold, from IoU after each click [N, max_clicks] → [N].

    A picture that never does counts as max_clicks.
    """
    reached = ious >= threshold
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, ious.shape[1]).astype(float)


def noc_figures(with_memory: np.ndarray, without: np.ndarray) -> Iterator[Figure]:
    """NoC from IoU [N, max_clicks], failures counted as max_clicks; the control has no memory."""
    for threshold, bar in ((0.85, 2.0), (0.9, None)):
        noc, control = number_of_clicks(with_memory, threshold), number_of_clicks(without, threshold)
        id = f"seem.noc{round(100 * threshold)}"
        failures = f"never reached: {100 * (with_memory.max(axis=1) < threshold).mean():.0f} %"
        figure = mean_figure(id, noc, bar=bar, note=failures)
        yield replace(figure, unit="clicks", control=round(float(control.mean()), 3))
        yield replace(mean_figure(f"{id}_no_memory", control), unit="clicks")
