"""The proofs of the LLaVA room: VQA accuracy, contrast sets, object hallucination, a judge of descriptions, and forgetting.

Scenes come from the stream "test", questions are worded as never in training, and every figure stands beside what can be had without
the picture. Read `vqa.py` first, with its baseline `text_prior.py` and its contrast sets `contradiction.py`; then `pope.py` and
`descriptions.py`. `ablations.py` and `set_size.py` train; `patch_words.py` and `occlusion.py` show (Lesson 06's pictures, the chat).
Lesson 07 calls what `__all__` names.
"""

import time
from collections.abc import Iterator

import numpy as np
import torch

from course_lib.figures import Figure, share
from course_lib.llava import recipes
from course_lib.llava.data.pictures import PicturePool
from course_lib.llava.data.testsets import SCORED_KINDS, vqa_examples
from course_lib.llava.evaluate import text_prior
from course_lib.llava.evaluate.descriptions import (
    CAPTION_REQUESTS,
    REPLY_REQUESTS,
    caption_figures,
    captioner_figures,
    description_figures,
    reply_figures,
    text_skill_figures,
)
from course_lib.llava.evaluate.pope import pope_figures
from course_lib.llava.evaluate.set_size import set_size_figures
from course_lib.llava.evaluate.vqa import (
    accuracy,
    answers,
    contradiction_figures,
    correct_by_condition,
    harder_figures,
    is_correct,
    vqa_figures,
)
from course_lib.llava.train import saved, stages
from course_lib.lm.pretrained import load_tuned

__all__ = [
    "CAPTION_REQUESTS",
    "REPLY_REQUESTS",
    "accuracy",
    "answers",
    "contradiction_figures",
    "description_figures",
    "figures",
    "harder_figures",
    "is_correct",
    "pope_figures",
    "reply_figures",
    "vqa_figures",
]


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, also those of the lessons' own training."""
    captioner, assistant = saved.load("1"), saved.load("2")
    yield from vqa_figures(assistant)
    yield from harder_figures(assistant)
    yield from contradiction_figures(assistant)
    yield from pope_figures(assistant)
    yield word_mixture_figure()
    yield from captioner_figures(captioner, assistant)
    yield from description_figures(captioner, assistant)
    yield from caption_figures(captioner, assistant)
    yield from text_skill_figures(load_tuned(), assistant.language_model)
    if live:
        yield from live_figures()
        yield from set_size_figures()


def word_mixture_figure(num_per_kind: int = 60) -> Figure:
    """VQA accuracy of the language model, itself untouched, as soon as patches are mixtures of its word embeddings."""
    note = "the language model is untouched; control: blank picture"
    return _mean_vqa("llava.vqa_words.mean", saved.load("words"), num_per_kind, brief=False, note=note)


def live_figures(num_per_kind: int = 60) -> Iterator[Figure]:
    """After the lessons' own trainings, from the baked CLIP and language model: VQA accuracy, and replies of each type."""
    model, start = stages.build_model(), time.perf_counter()
    pool = PicturePool.compute(model.image_features, recipes.LIVE_PICTURES)
    stages.train_word_mixture(model, pool=pool)
    stages.stage1(model, pool=pool)
    stages.stage2(model, pool=pool)
    minutes = (time.perf_counter() - start) / 60
    note = f"{minutes:.1f} minutes of training, {torch.get_num_threads()} thread(s); control: blank picture"
    yield _mean_vqa("llava.live_vqa.mean", model, num_per_kind, bar=0.65, note=note)
    yield from reply_figures(model)


def _mean_vqa(id: str, model, num_per_kind: int, brief: bool = True, **company) -> Figure:
    """VQA accuracy over the scored kinds; control: blank pictures; baseline: the text prior."""
    examples = {kind: vqa_examples(kind, num_per_kind) for kind in SCORED_KINDS}
    correct = [correct_by_condition(model, of_kind, brief) for of_kind in examples.values()]
    prior = [
        is_correct(text_prior.predict(kind, of_kind), text_prior.targets_of(of_kind))
        for kind, of_kind in examples.items()
    ]
    control = round(float(np.concatenate([one["blank"] for one in correct]).mean()), 4)
    baseline = round(float(np.concatenate(prior).mean()), 4)
    return share(id, np.concatenate([one["true"] for one in correct]), control=control, baseline=baseline, **company)
