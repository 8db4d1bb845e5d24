"""The proofs of Lesson 11: every prompt alone, clicks needed, composition, refusal, and everything at once."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from course_lib.figures import Figure, share
from course_lib.seem.data.queries import class_names
from course_lib.seem.data.testsets import TestSet, ambiguous, questions
from course_lib.seem.encoder import Features
from course_lib.seem.evaluate import ap
from course_lib.seem.evaluate import clicks as measure_clicks
from course_lib.seem.evaluate.masks import (
    answers,
    cumulative_iou,
    flood_fill,
    iou,
    mean,
    mean_iou,
    panoptic_quality,
    superpixel,
)
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import ask_prompts, clicked

BARS = {"click1": 0.85, "box": 0.88, "scribble": 0.80, "text_base": 0.75, "refimg": 0.60}
WAYS = {
    "click1": "click",
    "box": "box",
    "scribble": "scribble",
    "polygon": "polygon",
    "text_base": "text",
    "refimg": "reference",
}


def each_prompt(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """IoU of every prompt alone. Control: the prompt of the picture before. Baseline: the largest thing that it sees unasked."""
    for name, way in WAYS.items():
        tests = questions(way, count)
        features, prompts = tests.encoded(model), ask_prompts(model, tests.asks)
        truth = tests.targets()
        control = iou(answers(model, features, prompts[1:] + prompts[:1]), truth).mean()
        base = {"baseline": round(float(iou(unasked(model, features), truth).mean()), 4), "ceiling": 1.0}
        if way == "click":
            pairs = list(zip(tests.images, tests.asks, strict=True))
            for tool in (flood_fill, superpixel):
                found = np.stack([tool(image, ask.positive) for image, ask in pairs])
                yield mean(f"seem.iou.{tool.__name__}", iou(found, truth), note="the same clicks, without learning")
        masks = answers(model, features, prompts)
        found = iou(masks, truth)
        yield mean(f"seem.iou.{name}", found, control=round(float(control), 4), bar=BARS.get(name), **base)
        if way == "text":
            yield cumulative(name, masks, truth)


def shifts(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """What was never trained: novel names, another style."""
    for name, way, options in (
        ("text_novel", "text", {"split": "novel"}),
        ("click1_novel", "click", {"split": "novel"}),
        ("click1_fluent_flat", "click", {"styles": ("fluent_flat",)}),
        ("text_fluent_flat", "text", {"styles": ("fluent_flat",)}),
    ):
        tests = questions(way, count, **options)
        found = answers(model, tests.encoded(model), ask_prompts(model, tests.asks))
        yield mean(f"seem.iou.{name}", iou(found, tests.targets()))
        if name == "text_novel":
            yield cumulative(name, found, tests.targets())


def cumulative(name: str, found: np.ndarray, truth: np.ndarray) -> Figure:
    """cIoU of masks bool [N, S, S]."""
    note = "all overlap over all union"
    return Figure(f"seem.ciou.{name}", round(cumulative_iou(found, truth), 4), n=len(truth), ceiling=1.0, note=note)


@torch.no_grad()
def unasked(model: MiniSeem, features: Features) -> np.ndarray:
    """The largest mask of the object queries: the best guess without a prompt."""
    masks = model.everything(features)
    real = masks.classes.argmax(dim=-1) < len(class_names())  # [N, Q]
    found = (masks.logits > 0) & real[..., None, None]
    best = found.flatten(2).sum(dim=2).argmax(dim=1)
    return found[torch.arange(len(found)), best].numpy()


def refusals(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """Words for absent things are refused; words for present ones are not (the control)."""
    refused = {}
    for way in ("absent", "text"):
        tests = questions(way, count)
        with torch.no_grad():
            out = model.segment(tests.encoded(model), ask_prompts(model, tests.asks))
        refused[way] = (out.present[:, 0] < 0).tolist()
    control = sum(refused["text"]) / count
    yield share(
        "seem.absent_refused", refused["absent"], control=round(control, 4), note="control: refused though it is there"
    )


def wrong_prompt(model: MiniSeem, count: int = 200) -> Figure:
    """A click on another thing of the same picture, scored on this one."""
    tests = questions("click", 2 * count)
    rows = [n for n, scene in enumerate(tests.scenes) if other_thing(tests, n) is not None][:count]
    clicks = [Prompt(positive=other_thing(tests, n)) for n in rows]
    features = tests.encoded(model)
    found = answers(model, features.rows(rows), clicks)
    return mean(
        "seem.wrong_prompt_iou", iou(found, tests.targets()[rows]), note="a click on another thing of the picture"
    )


def other_thing(tests: TestSet, n: int) -> np.ndarray | None:
    """A click in the middle of a thing that was not asked for."""
    for k in range(len(tests.scenes[n].things)):
        mask = tests.instances[n] == k + 1
        if mask.sum() >= 12 and not (mask & tests.asks[n].target).any():
            return clicked(Prompt(), np.zeros_like(mask), mask).positive
    return None


def composition(model: MiniSeem, count: int = 100) -> Iterator[Figure]:
    """An ambiguous text with a hasty click, beside either alone."""
    tests = ambiguous(count)
    features, truth, both = tests.encoded(model), tests.targets(), ask_prompts(model, tests.asks)
    ways = {
        "text": [replace(p, positive=None) for p in both],
        "click": [replace(p, text="") for p in both],
        "both": both,
    }
    scores = {name: iou(answers(model, features, prompts), truth) for name, prompts in ways.items()}
    for name, values in scores.items():
        yield mean(f"seem.compose.{name}", values)
    better = max(("text", "click"), key=lambda name: scores[name].mean())
    yield mean("seem.compose_gain", scores["both"] - scores[better], bar=0.10, note=f"above {better} alone")


def everything(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """Panoptic quality and mIoU without a prompt. Control: the same masks under shuffled names."""
    tests = questions("click", count)
    with torch.no_grad():
        masks = model.everything(tests.encoded(model))
    right, wrong = (panoptic_quality(masks, tests, shuffled) for shuffled in (False, True))
    company = {"n": count, "ceiling": 1.0, "note": "things only"}
    yield Figure("seem.pq", round(right, 4), control=round(wrong, 4), bar=0.55, **company)
    right, wrong = (mean_iou(masks, tests, shuffled) for shuffled in (False, True))
    yield Figure("seem.miou", round(right, 4), control=round(wrong, 4), **company)


def round_ms(model: MiniSeem) -> Figure:
    """One more click on an encoded picture: the median of 20, in milliseconds of the clock."""
    tests = questions("click", 1)
    features, prompt, times = tests.encoded(model), ask_prompts(model, tests.asks), []
    for _ in range(20):
        start = time.perf_counter()
        answers(model, features, prompt, torch.from_numpy(tests.targets()))
        times.append(1000 * (time.perf_counter() - start))
    return Figure("seem.round_ms", round(float(np.median(times)), 1), n=20, unit="ms", bar=150.0)


def figures() -> Iterator[Figure]:
    """All figures of the baked model."""
    model = stages.load()
    yield from each_prompt(model)
    yield from shifts(model)
    yield from refusals(model)
    yield wrong_prompt(model)
    yield from measure_clicks.figures(model)
    yield from composition(model)
    yield from everything(model)
    yield from ap.ap(model)
    yield round_ms(model)
