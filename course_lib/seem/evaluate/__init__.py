"""The proofs of Lesson 11: every prompt type alone, clicks needed, composition, refusal, and everything at once."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from course_lib.figures import Figure, share
from course_lib.seem.data.queries import MIN_VISIBLE_PIXELS, NEED_BOTH, class_names, to_prompts
from course_lib.seem.data.testsets import SeemTestSet, ambiguous_test_set, make_test_set
from course_lib.seem.encoder import Features
from course_lib.seem.evaluate.ap import ap_figures
from course_lib.seem.evaluate.clicks import iou_by_clicks, memory_figures, noc_figures
from course_lib.seem.evaluate.metrics import (
    cumulative_iou,
    flood_fill,
    iou,
    iou_without_rim,
    mean_figure,
    mean_iou,
    panoptic_quality,
    predict_masks,
    superpixel,
)
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt
from course_lib.seem.train import stages
from course_lib.seem.train.click_simulator import RoundPlan, add_click

PROMPT_TYPES = {  # name in the figure's id → prompt type
    "click1": "click",
    "box": "box",
    "scribble": "scribble",
    "polygon": "polygon",
    "text_base": "text",
    "refimg": "reference",
}
BARS = {"click1": 0.88, "box": 0.90, "scribble": 0.80, "text_base": 0.80, "refimg": 0.75}


def figures() -> Iterator[Figure]:
    """All figures of the baked model."""
    model = stages.load()
    yield from each_prompt(model)
    yield from shifts(model)
    yield from refusals(model)
    yield wrong_prompt(model)
    yield from noc_figures(iou_by_clicks(model), iou_by_clicks(model, plan=RoundPlan(use_memory=False)))
    yield from memory_figures(model)
    yield from composition(model)
    yield from everything(model)
    yield from ap_figures(model)
    yield round_ms(model)


def each_prompt(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """IoU of each prompt type alone. Control: the prompt of the next picture. Baseline: the largest unprompted mask."""
    for name, prompt_type in PROMPT_TYPES.items():
        tests = make_test_set(prompt_type, count)
        features, prompts, targets = tests.encode(model), to_prompts(model, tests.queries), tests.targets()
        control = iou(predict_masks(model, features, prompts[1:] + prompts[:1]), targets).mean()
        baseline = iou(largest_unprompted(model, features), targets).mean()
        if prompt_type == "click":
            pairs = list(zip(tests.images, tests.queries, strict=True))
            for tool in (flood_fill, superpixel):
                masks = np.stack([tool(image, query.positive) for image, query in pairs])
                note = "the same clicks, without learning"
                yield mean_figure(f"seem.iou.{tool.__name__}", iou(masks, targets), note=note)
        masks = predict_masks(model, features, prompts)
        yield mean_figure(
            f"seem.iou.{name}",
            iou(masks, targets),
            control=round(float(control), 4),
            bar=BARS.get(name),
            baseline=round(float(baseline), 4),
            ceiling=1.0,
        )
        if prompt_type in ("click", "box"):
            note = "the pixels on either side of the outline don't count"
            yield mean_figure(f"seem.iou.{name}_without_rim", iou_without_rim(masks, targets), note=note)
        if prompt_type == "text":
            yield ciou_figure(name, masks, targets)


def shifts(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """What was never trained: novel names, another style."""
    for name, prompt_type, options in (
        ("text_novel", "text", {"split": "novel"}),
        ("click1_novel", "click", {"split": "novel"}),
        ("click1_fluent_flat", "click", {"styles": ("fluent_flat",)}),
        ("text_fluent_flat", "text", {"styles": ("fluent_flat",)}),
    ):
        tests = make_test_set(prompt_type, count, **options)
        masks = predict_masks(model, tests.encode(model), to_prompts(model, tests.queries))
        yield mean_figure(f"seem.iou.{name}", iou(masks, tests.targets()))
        if name == "text_novel":
            yield ciou_figure(name, masks, tests.targets())


def ciou_figure(name: str, masks: np.ndarray, targets: np.ndarray) -> Figure:
    """cIoU of masks bool [N, S, S]."""
    note = "all overlap over all union"
    value = round(cumulative_iou(masks, targets), 4)
    return Figure(f"seem.ciou.{name}", value, n=len(targets), ceiling=1.0, note=note)


@torch.no_grad()
def largest_unprompted(model: MiniSeem, features: Features) -> np.ndarray:
    """The largest mask of the object queries, the best guess without a prompt: bool [N, S, S]."""
    output = model.segment_everything(features)
    is_object = output.class_logits.argmax(dim=-1) < len(class_names())  # [N, Q]
    masks = (output.mask_logits > 0) & is_object[..., None, None]
    largest = masks.flatten(2).sum(dim=2).argmax(dim=1)  # [N, Q, S·S] → [N]
    return masks[torch.arange(len(masks)), largest].numpy()


def refusals(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """Words for absent things are refused; words for present ones are not (the control)."""
    refused = {}
    for prompt_type in ("absent", "text"):
        tests = make_test_set(prompt_type, count)
        with torch.no_grad():
            output = model.segment(tests.encode(model), to_prompts(model, tests.queries))
        refused[prompt_type] = (output.objectness[:, 0] < 0).tolist()
    control = round(sum(refused["text"]) / count, 4)
    note = "control: refused though it is there"
    yield share("seem.absent_refused", refused["absent"], control=control, note=note)


def wrong_prompt(model: MiniSeem, count: int = 200) -> Figure:
    """A click on another thing of the same picture, scored on this one."""
    tests = make_test_set("click", 2 * count)
    rows = [n for n in range(len(tests.scenes)) if click_on_other(tests, n) is not None][:count]
    prompts = [Prompt(positive=click_on_other(tests, n)) for n in rows]
    masks = predict_masks(model, tests.encode(model).select(rows), prompts)
    note = "a click on another thing of the picture"
    return mean_figure("seem.wrong_prompt_iou", iou(masks, tests.targets()[rows]), note=note)


def click_on_other(tests: SeemTestSet, n: int) -> np.ndarray | None:
    """A click bool [S, S] in the middle of a thing of picture n that was not asked for."""
    for k in range(len(tests.scenes[n].things)):
        mask = tests.instances[n] == k + 1
        if mask.sum() >= MIN_VISIBLE_PIXELS and not (mask & tests.queries[n].target).any():
            return add_click(Prompt(), np.zeros_like(mask), mask).positive
    return None


def composition(model: MiniSeem, count: int = 100) -> Iterator[Figure]:
    """Words that fit two twins, with a mark that fits one of them and another thing, beside either alone.

    And, as before, ambiguous words with a hasty click, which is clear enough by itself.
    """
    gains = []
    for prompt_type in NEED_BOTH:
        ious = composed_iou(model, make_test_set(prompt_type, count))
        name = prompt_type.replace(" ", "_")
        better = max(ious["words"].mean(), ious["mark"].mean())
        company = {"control": round(float(ious["mark"].mean()), 4), "baseline": round(float(ious["words"].mean()), 4)}
        yield mean_figure(
            f"seem.compose.{name}", ious["both"], **company, note="control: the mark alone; baseline: words"
        )
        gains.append(ious["both"] - better)
    note = "above the better of the two alone, in four ways to need both"
    yield mean_figure("seem.compose_gain", np.concatenate(gains), bar=0.25, note=note)
    ious = composed_iou(model, ambiguous_test_set(count))
    gain = ious["both"] - max(ious["words"], ious["mark"], key=np.mean)
    yield mean_figure("seem.compose_gain_hasty_click", gain, note="the click alone says nearly enough")


def composed_iou(model: MiniSeem, tests: SeemTestSet) -> dict[str, np.ndarray]:
    """IoU [N] of "words" alone, of the "mark" alone, and of "both"."""
    features, both = tests.encode(model), to_prompts(model, tests.queries)
    prompts_of = {
        "words": [replace(prompt, positive=None, negative=None) for prompt in both],
        "mark": [replace(prompt, text="") for prompt in both],
        "both": both,
    }
    return {name: iou(predict_masks(model, features, one), tests.targets()) for name, one in prompts_of.items()}


def everything(model: MiniSeem, count: int = 200) -> Iterator[Figure]:
    """Panoptic quality and mIoU without a prompt, means over the names. Control: the same masks under shuffled names."""
    tests = make_test_set("click", count)
    with torch.no_grad():
        output = model.segment_everything(tests.encode(model))
    company = {"n": count, "ceiling": 1.0, "note": "things only"}
    value, control = (panoptic_quality(output, tests, shuffled) for shuffled in (False, True))
    yield Figure("seem.pq", round(value, 4), control=round(control, 4), bar=0.75, **company)
    pooled = panoptic_quality(output, tests, pooled=True)
    yield Figure("seem.pq_pooled", round(pooled, 4), n=count, ceiling=1.0, note="all names counted as one")
    value, control = (mean_iou(output, tests, shuffled) for shuffled in (False, True))
    yield Figure("seem.miou", round(value, 4), control=round(control, 4), **company)


def round_ms(model: MiniSeem) -> Figure:
    """One more click on an encoded picture: the median of 20, in milliseconds of the clock."""
    tests = make_test_set("click", 1)
    features, prompts, times = tests.encode(model), to_prompts(model, tests.queries), []
    for _ in range(20):
        start = time.perf_counter()
        predict_masks(model, features, prompts, torch.from_numpy(tests.targets()))
        times.append(1000 * (time.perf_counter() - start))
    return Figure("seem.round_ms", round(float(np.median(times)), 1), n=20, unit="ms", bar=150.0)
