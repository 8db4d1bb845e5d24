"""What a repair gave and what it cost: hallucination and coverage, yes and no, questions, and text without pictures."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.failures.chair import chair, named_things, present_things
from course_lib.failures.data import preferences
from course_lib.failures.data.descriptions import describe, description_requests, description_scenes
from course_lib.failures.data.preferences import Preference, pixels_of, to_batch
from course_lib.failures.evaluate.composition import yes_margins
from course_lib.failures.loss import log_ratios, text_logps
from course_lib.failures.train.preference import METHODS, PreferenceRecipe, train_on_preferences
from course_lib.failures.train.tune import merge
from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate import accuracy, answers
from course_lib.llava.evaluate.pope import parse, pope_questions, scores
from course_lib.lm.evaluate import follows, test_exchanges

COUNT = 200  # descriptions
RESAMPLES = 2000
SHORT_PAIRS, SHORT_STEPS = 600, 50
WHICH = ("chosen", "rejected")


@dataclass(frozen=True)
class Measured:
    """What a model said of N scenes, and how it did otherwise."""

    named: list[set[str]]
    present: list[set[str]]
    words: float  # a description
    targets: list[str]  # POPE's adversarial split
    said: list[str | None]
    vqa: float
    text: np.ndarray  # bool: instructions without a picture

    @property
    def chair(self) -> dict[str, float]:
        """CHAIR and coverage of the descriptions."""
        return chair(self.named, self.present)


def measure(model, stream: str = "test", count: int = COUNT) -> Measured:
    """Descriptions, POPE, VQA and text skill of a model."""
    scenes = description_scenes(count, stream)
    texts = describe(model, scenes, description_requests(scenes))
    asked = pope_questions("adversarial", count // 4, stream)
    said = answers(model, draw([one.scene for one in asked]), [one.text for one in asked])
    return Measured(
        [named_things(text, scene) for text, scene in zip(texts, scenes, strict=True)],
        [present_things(scene) for scene in scenes],
        float(np.mean([len(text.split()) for text in texts])),
        [one.answer for one in asked],
        [parse(text) for text in said],
        float(np.mean([accuracy(model, vqa_examples(kind, count // 5, stream)) for kind in SCORED_KINDS])),
        follows(model.language_model, test_exchanges(count // 20)),
    )


def model_figures(name: str, of: Measured) -> Iterator[Figure]:
    """CHAIR, coverage, POPE, the yes-ratio, VQA accuracy and text skill."""
    id, both = f"failures.repair.{name}", list(zip(of.named, of.present, strict=True))
    note = f"of sentences {100 * of.chair['sentence']:.1f} %; {of.words:.0f} words a description"
    yield share(f"{id}.chair", [name not in there for names, there in both for name in names], note=note)
    yield share(f"{id}.coverage", [name in names for names, there in both for name in there])
    note = f"F1 {100 * scores(of.targets, of.said)['f1']:.1f}"
    right = [target == said for target, said in zip(of.targets, of.said, strict=True)]
    yield share(f"{id}.pope", right, chance=0.5, note=note)
    yield share(f"{id}.yes_ratio", [said == "yes" for said in of.said])
    yield Figure(f"{id}.vqa", round(of.vqa, 4), n=len(of.named) // 5 * len(SCORED_KINDS))
    yield share(f"{id}.text", of.text)


def change_figures(name: str, before: Measured, after: Measured, **bars: float) -> Iterator[Figure]:
    """By how much of itself CHAIR fell, with an interval over scenes drawn again; and the points that it cost elsewhere."""
    counts = np.array(  # [4, N]: false names and all names, before and after
        [
            values
            for of in (before, after)
            for values in (
                [len(names - there) for names, there in zip(of.named, of.present, strict=True)],
                [len(names) for names in of.named],
            )
        ]
    )
    drawn = np.random.default_rng(0).integers(0, counts.shape[1], (RESAMPLES, counts.shape[1]))
    false, all_, false_after, all_after = counts[:, drawn].sum(-1)  # [4, R, N] → [4, R]
    low, high = np.quantile(1 - (false_after / all_after) / (false / all_), (0.025, 0.975))
    cut = 1 - after.chair["instance"] / before.chair["instance"]
    id = f"failures.repair.{name}"
    yield Figure(f"{id}.chair_cut", round(cut, 4), round(low, 4), round(high, 4), counts.shape[1], bar=bars.get("cut"))
    pairs = {
        "coverage": (before.chair["coverage"], after.chair["coverage"]),
        "vqa": (before.vqa, after.vqa),
        "text": (float(before.text.mean()), float(after.text.mean())),
    }
    for what, (was, now) in pairs.items():
        yield Figure(f"{id}.{what}_lost", round(100 * (was - now), 2), unit="points", bar=bars.get(what))


def method_figures(assistant, pairs: Sequence[Preference], recipe: PreferenceRecipe, count: int = 60):
    """Every method in a short run on some of the pairs, and the shipped one on shuffled preferences: each trains for a minute or two."""
    before, pairs, recipe = measure(assistant, count=count), pairs[:SHORT_PAIRS], replace(recipe, steps=SHORT_STEPS)
    for name in (*METHODS, "shuffled"):
        model = copy.deepcopy(assistant)
        of = preferences.shuffled(pairs) if name == "shuffled" else pairs
        train_on_preferences(model, of, replace(recipe, method=recipe.method if name == "shuffled" else name))
        merge(model)
        measured = measure(model, count=count)
        yield from model_figures(name, measured)
        yield from change_figures(name, before, measured)
        yield from implicit_rewards(name, model, assistant, pairs[:100], recipe.beta)


def pair_logps(model, pairs: Sequence[Preference], features: Tensor, which: str) -> Tensor:
    """log p of the pairs' "chosen" or "rejected" texts beside pictures of features [P, N, W] → [P]."""
    return text_logps(model, to_batch(model.tokenizer, pairs, which, features))


@torch.no_grad()
def implicit_rewards(name: str, model, reference, pairs: Sequence[Preference], beta: float) -> Iterator[Figure]:
    """β · log ratio of chosen and rejected texts, apart: a margin may grow while both fall."""
    features = model.image_features(pixels_of(pairs))
    now, before = partial(pair_logps, model, pairs), partial(pair_logps, reference, pairs)
    for which, ratios in zip(WHICH, log_ratios(now, before, features, *WHICH), strict=True):
        rewards = beta * ratios  # [P]
        mean, half = float(rewards.mean()), 1.96 * float(rewards.std()) / len(pairs) ** 0.5
        id = f"failures.repair.{name}.reward_{which}"
        yield Figure(id, round(mean, 3), round(mean - half, 3), round(mean + half, 3), len(pairs), unit="nats")


def yes_threshold(model, count: int = COUNT // 4) -> Iterator[Figure]:
    """The baseline that moves the ratio alone: a constant off the logit of yes, by which half of the "val" questions get one."""
    margins = {}
    for stream in ("val", "test"):
        asked = pope_questions("adversarial", count, stream)
        features = model.image_features(normalise(to_tensor(draw([one.scene for one in asked]))))
        margins[stream] = yes_margins(model, features, [[one.text] for one in asked])[:, 0]
    said = ["yes" if margin > np.median(margins["val"]) else "no" for margin in margins["test"]]
    targets = [one.answer for one in asked]
    right = [target == one for target, one in zip(targets, said, strict=True)]
    note = f"F1 {100 * scores(targets, said)['f1']:.1f}"
    yield share("failures.repair.threshold.pope", right, chance=0.5, note=note)
    yield share("failures.repair.threshold.yes_ratio", [one == "yes" for one in said])
