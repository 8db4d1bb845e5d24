"""What a repair gave and what it cost: hallucination and coverage, yes and no, questions, and text without pictures."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.failures.chair import chair, named_things, present_things
from course_lib.failures.data import preferences
from course_lib.failures.data.descriptions import describe, description_requests, description_scenes
from course_lib.failures.data.preferences import Preference, pixels_of, to_batch
from course_lib.failures.evaluate.composition import yes_margin
from course_lib.failures.loss import text_logps
from course_lib.failures.train.preference import METHODS, PreferenceRecipe, train_on_preferences
from course_lib.failures.train.tune import merge
from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import SCORED_KINDS, draw, vqa_examples
from course_lib.llava.evaluate import accuracy, answers
from course_lib.llava.evaluate.pope import parse, pope_questions, scores
from course_lib.lm.evaluate import follows, test_exchanges

COUNT = 200  # descriptions


def model_figures(name: str, model, stream: str = "test", count: int = COUNT) -> Iterator[Figure]:
    """CHAIR and coverage of descriptions, POPE's adversarial split, VQA accuracy and text skill of a model."""
    id = f"failures.repair.{name}"
    scenes = description_scenes(count, stream)
    texts = describe(model, scenes, description_requests(scenes))
    named, present = [named_things(*pair) for pair in zip(texts, scenes, strict=True)], [*map(present_things, scenes)]
    measured, words = chair(named, present), float(np.mean([len(text.split()) for text in texts]))
    note = f"sentence {100 * measured['sentence']:.1f} %, {words:.0f} words a description"
    yield share(
        f"{id}.chair",
        [name not in there for names, there in zip(named, present, strict=True) for name in names],
        note=note,
    )
    yield share(
        f"{id}.coverage", [name in names for names, there in zip(named, present, strict=True) for name in there]
    )
    asked = pope_questions("adversarial", count // 2, stream)
    predictions = [
        parse(text) for text in answers(model, draw([one.scene for one in asked]), [one.text for one in asked])
    ]
    pope = scores([one.answer for one in asked], predictions)
    right = [one.answer == said for one, said in zip(asked, predictions, strict=True)]
    yield share(f"{id}.pope", right, chance=0.5, note=f"F1 {100 * pope['f1']:.1f}")
    yield share(f"{id}.yes_ratio", [said == "yes" for said in predictions])
    vqa = [accuracy(model, vqa_examples(kind, count // 5, stream)) for kind in SCORED_KINDS]
    yield Figure(f"{id}.vqa", round(float(np.mean(vqa)), 4), n=count // 5 * len(SCORED_KINDS))
    yield share(f"{id}.text", follows(model.language_model, test_exchanges(count // 20)))


def method_figures(assistant, pairs: Sequence[Preference], recipe: PreferenceRecipe) -> Iterator[Figure]:
    """Every method in a short run of the same length, and mDPO on shuffled preferences: each trains for some minutes."""
    for name in (*METHODS, "shuffled"):
        model = copy.deepcopy(assistant)
        method = "mdpo" if name == "shuffled" else name
        of = preferences.shuffled(pairs) if name == "shuffled" else pairs
        train_on_preferences(model, of, replace(recipe, method=method))
        merge(model)
        yield from model_figures(name, model)
        yield from implicit_rewards(name, model, assistant, pairs[:100], recipe.beta)


@torch.no_grad()
def implicit_rewards(name: str, model, reference, pairs: Sequence[Preference], beta: float) -> Iterator[Figure]:
    """β · log ratio of chosen and rejected texts, apart: a margin may grow while both fall."""
    features = model.image_features(pixels_of(pairs))
    for which in ("chosen", "rejected"):
        batch = to_batch(model.tokenizer, pairs, which, features)
        rewards = beta * (text_logps(model, batch) - text_logps(reference, batch))  # [P]
        mean, half = float(rewards.mean()), 1.96 * float(rewards.std()) / len(pairs) ** 0.5
        id = f"failures.repair.{name}.reward_{which}"
        yield Figure(id, round(mean, 3), round(mean - half, 3), round(mean + half, 3), len(pairs), unit="nats")


def yes_threshold(model, count: int = 100, stream: str = "test") -> Iterator[Figure]:
    """The baseline that moves the ratio alone: subtract a constant from the logit of yes, so that yes and no are equally frequent."""
    asked = pope_questions("adversarial", count, stream)
    images, texts = draw([one.scene for one in asked]), [one.text for one in asked]
    margins = yes_margin(model, model.image_features(normalise(to_tensor(images))), texts)
    targets = [one.answer for one in asked]
    said = ["yes" if margin > np.median(margins) else "no" for margin in margins]
    pope = scores(targets, said)
    yield share(
        "failures.repair.threshold.pope",
        [a == b for a, b in zip(targets, said, strict=True)],
        chance=0.5,
        note=f"F1 {100 * pope['f1']:.1f}",
    )
    yield share("failures.repair.threshold.yes_ratio", [one == "yes" for one in said])
