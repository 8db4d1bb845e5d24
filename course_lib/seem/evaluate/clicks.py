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
from course_lib.seem.train.click_simulator import RoundPlan, add_click

MAX_CLICKS = 20
ALL_CLICKS = RoundPlan()  # every click is given again in every round, with memory


def iou_by_clicks(
    model: MiniSeem,
    count: int = 200,
    plan: RoundPlan = ALL_CLICKS,
    max_clicks: int = MAX_CLICKS,
    stream: str = "test",
) -> np.ndarray:
    """IoU after 1, 2, … clicks [N, max_clicks], the first in the thing's middle, the next on the largest error."""
    tests = make_test_set("click", count, stream=stream)
    features, targets = tests.encode(model), tests.targets()
    prompts, masks, ious = [Prompt() for _ in tests.queries], np.zeros_like(targets), []
    clicked = np.zeros_like(targets)
    for number in range(max_clicks):
        prompts = [add_click(*one, plan.newest_only) for one in zip(prompts, masks, targets, clicked, strict=True)]
        prev_masks = torch.from_numpy(masks) if plan.use_memory and number else None
        masks = predict_masks(model, features, prompts, prev_masks, plan.mask_input)
        ious.append(iou(masks, targets))
    return np.stack(ious, axis=1)


def memory_figures(model: MiniSeem, count: int = 200, clicks: int = 5) -> Iterator[Figure]:
    """What memory is worth where only the newest click is given, as in SEEM's evaluation with fixed clicks: clicks 2 to 5.

    Taken apart: the memory tokens alone, which is the paper's mechanism, and with the pixels that see the last mask, too.
    """
    plans = {
        "none": RoundPlan(use_memory=False, newest_only=True),
        "tokens": RoundPlan(mask_input=False, newest_only=True),
        "tokens_and_mask": RoundPlan(newest_only=True),
    }
    later = {name: iou_by_clicks(model, count, plan, clicks)[:, 1:].mean(axis=1) for name, plan in plans.items()}
    for name, values in later.items():
        yield mean_figure(
            f"seem.iou.newest_click_{name}", values, ceiling=1.0, note="only the newest click, clicks 2–5"
        )
    note = "by the memory tokens alone; only the newest click is given"
    yield mean_figure("seem.memory_gain", later["tokens"] - later["none"], bar=0.10, note=note)
    note = "by tokens and previous-mask input"
    yield mean_figure("seem.memory_gain_mask_input", later["tokens_and_mask"] - later["none"], note=note)


def number_of_clicks(ious: np.ndarray, threshold: float) -> np.ndarray:
    """NoC: the first click that reaches the threshold, from IoU after each click [N, max_clicks] → [N].

    A picture that never does counts as max_clicks.
    """
    reached = ious >= threshold
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, ious.shape[1]).astype(float)


def noc_figures(with_memory: np.ndarray, without: np.ndarray) -> Iterator[Figure]:
    """NoC from IoU [N, max_clicks], failures counted as max_clicks; the control has no memory."""
    for threshold, bar in ((0.85, 2.5), (0.9, None)):
        noc, control = number_of_clicks(with_memory, threshold), number_of_clicks(without, threshold)
        id = f"seem.noc{round(100 * threshold)}"
        failures = f"never reached: {100 * (with_memory.max(axis=1) < threshold).mean():.0f} %"
        figure = mean_figure(id, noc, bar=bar, note=failures)
        yield replace(figure, unit="clicks", control=round(float(control.mean()), 3))
        yield replace(mean_figure(f"{id}_no_memory", control), unit="clicks")
