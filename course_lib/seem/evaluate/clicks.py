"""How many clicks it takes (NoC), with memory and without."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.data.testsets import questions
from course_lib.seem.evaluate.masks import answers, iou, mean
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt
from course_lib.seem.train.click_simulator import clicked

MOST_CLICKS = 20


def clicks_needed(model: MiniSeem, count: int = 200, remember: bool = True, most: int = MOST_CLICKS) -> np.ndarray:
    """IoU after 1 to `most` clicks [N, most], the first in the middle of the thing, the next on the largest error."""
    tests = questions("click", count)
    features, truth = tests.encoded(model), tests.targets()
    prompts, found, scores = [Prompt() for _ in tests.asks], np.zeros_like(truth), []
    for number in range(most):
        prompts = [clicked(prompt, mask, target) for prompt, mask, target in zip(prompts, found, truth, strict=True)]
        last = torch.from_numpy(found) if remember and number else None
        found = answers(model, features, prompts, last)
        scores.append(iou(found, truth))
    return np.stack(scores, axis=1)


def number_of_clicks(scores: np.ndarray, wanted: float) -> np.ndarray:
    """The first click that reaches `wanted`, from IoU after each click [N, most] → [N]. Who never does counts as all."""
    reached = scores >= wanted
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, scores.shape[1]).astype(float)


def click_figures(with_memory: np.ndarray, without: np.ndarray) -> Iterator[Figure]:
    """NoC, failures counted as 20; the control has no memory."""
    for wanted, bar in ((0.85, 2.0), (0.9, None)):
        noc, control = number_of_clicks(with_memory, wanted), number_of_clicks(without, wanted)
        name = f"seem.noc{round(100 * wanted)}"
        failed = f"never reached: {100 * (with_memory.max(axis=1) < wanted).mean():.0f} %"
        yield replace(mean(name, noc, bar=bar, note=failed), unit="clicks", control=round(float(control.mean()), 3))
        yield replace(mean(f"{name}_no_memory", control), unit="clicks")


def figures(model: MiniSeem) -> Iterator[Figure]:
    """Both runs, and the figures of them."""
    yield from click_figures(clicks_needed(model), clicks_needed(model, remember=False))
