"""The proofs of Lesson 12: where models fail, what makes it worse, and what a repair gives and costs.

`composition` compares models as they are, `harm`, `judge` and part of `repair` train (only with `live`, some 30 minutes).
"""

from collections.abc import Iterator

import numpy as np

from course_lib.clip.data import testsets
from course_lib.clip.evaluate.zero_shot import topk_correct
from course_lib.clip.pretrained import load_clip
from course_lib.failures.chair import chair
from course_lib.failures.data import preferences
from course_lib.failures.data.swaps import SWAPS
from course_lib.failures.evaluate import harm, judge, repair
from course_lib.failures.evaluate.composition import (
    CHANCE,
    clip_scores,
    llava_scores,
    seem_scores,
    swaps_of,
    winoground_scores,
)
from course_lib.failures.loss import shaped_reward
from course_lib.failures.train.saved import BAKED_ASSISTANT, load_repaired_assistant, load_repaired_clip
from course_lib.figures import Figure, share
from course_lib.llava.train import saved
from course_lib.seem.train import stages

BARS = {"cut": 0.3, "coverage": 5, "vqa": 2, "text": 2}  # at least; at most so many points
__all__ = ["chair", "figures", "shaped_reward", "winoground_scores"]


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, also those that train: half an hour of one core."""
    assistant = saved.load("2")
    yield from composition_figures(assistant)
    before, after = repair.measure(assistant), repair.measure(load_repaired_assistant())
    yield from repair.model_figures("before", before)
    yield from repair.model_figures("after", after)
    yield from repair.change_figures("after", before, after, **BARS)
    yield from repair.yes_threshold(assistant)
    if live:
        yield from harm.beyond_ability()
        yield from harm.companions()
        yield from harm.forgetting()
        yield from repair.method_figures(assistant, preferences.load(), BAKED_ASSISTANT)
        yield from judge.judge_figures(assistant, preferences.load())


def composition_figures(assistant, count: int = 200) -> Iterator[Figure]:
    """Winoground's scores by sort of swap and over all, for CLIP, the repaired CLIP, the assistant in two ways, and SEEM with a rule."""
    clip, repaired, seem = load_clip(), load_repaired_clip(), stages.load()
    ways = {
        "clip": lambda swaps: clip_scores(clip, swaps),
        "negclip": lambda swaps: clip_scores(repaired, swaps),
        "llava_yes": lambda swaps: llava_scores(assistant, swaps, "yes"),
        "llava_caption": lambda swaps: llava_scores(assistant, swaps, "caption"),
        "seem": lambda swaps: seem_scores(seem, swaps),
    }
    swaps, groups = {kind: swaps_of(kind, count) for kind in SWAPS}, {}
    for name, score in ways.items():
        of_kinds = {kind: winoground_scores(score(swaps[kind])) for kind in SWAPS}
        for kind, right in of_kinds.items():
            yield share(f"failures.winoground.{name}.{kind}", right["group"], chance=round(CHANCE["group"], 4))
        for measure, chance in CHANCE.items():
            right = np.concatenate([one[measure] for one in of_kinds.values()])
            groups[name, measure] = right.mean()
            yield share(f"failures.winoground.{name}.{measure}", right, chance=round(chance, 4))
    gain = 100 * (groups["negclip", "group"] - groups["clip", "group"])
    yield Figure("failures.winoground.gain", round(gain, 2), unit="points", bar=50)  # three times chance
    right = {
        name: topk_correct(model, testsets.single_things()) for name, model in (("clip", clip), ("negclip", repaired))
    }
    for name, of in right.items():
        yield share(f"failures.zero_shot.{name}", of, chance=1 / 160)
    lost = 100 * (right["clip"].mean() - right["negclip"].mean())
    yield Figure("failures.zero_shot.lost", round(float(lost), 2), unit="points", bar=2)
