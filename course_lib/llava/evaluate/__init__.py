"""The proofs of the LLaVA room: does it look, does it follow, does it make things up, and what did it forget?

Scenes come from the stream "test", questions are worded as never in training, and every figure stands beside what can be
had without the picture.
"""

from collections.abc import Iterator

import numpy as np
import torch

from course_lib.figures import Figure, share
from course_lib.llava.data.testsets import SCORED_KINDS, vqa_examples
from course_lib.llava.evaluate import text_prior
from course_lib.llava.evaluate.descriptions import captioner_and_assistant, described, text_skill
from course_lib.llava.evaluate.pope import polled
from course_lib.llava.evaluate.set_size import set_sizes
from course_lib.llava.evaluate.vqa import accuracy, answers, conditions, contradicted, harder, right, vqa
from course_lib.llava.train import saved, stages
from course_lib.lm.pretrained import load_tuned

__all__ = [
    "accuracy",
    "answers",
    "conditions",
    "contradicted",
    "described",
    "figures",
    "harder",
    "polled",
    "right",
    "vqa",
]


def figures(live: bool = False) -> Iterator[Figure]:
    """All figures of the room; with `live`, also those of the lessons' own training."""
    captioner, assistant = saved.load("1"), saved.load("2")
    yield from vqa(assistant)
    yield from harder(assistant)
    yield from contradicted(assistant)
    yield from polled(assistant)
    yield from first_words()
    yield from captioner_and_assistant(captioner, assistant)
    yield from described(captioner, assistant)
    yield from text_skill(load_tuned(), assistant.language_model)
    if live:
        yield from live_run()
        yield from set_sizes()


def first_words(each: int = 60) -> Iterator[Figure]:
    """What the language model answers, itself untouched, as soon as patches are mixtures of its words."""
    yield answered("llava.vqa_words.mean", saved.load("words"), each, note="the language model is untouched")


def live_run(each: int = 60) -> Iterator[Figure]:
    """The lessons' own two trainings, from the baked CLIP and language model."""
    model = stages.build_model()
    runs = stages.train_word_mixture(model), stages.stage2(model)
    note = f"{sum(run.seconds for run in runs) / 60:.1f} minutes of training, {torch.get_num_threads()} thread(s); control: blank picture"
    yield answered("llava.live_vqa.mean", model, each, bar=0.65, note=note)


def answered(id: str, model, each: int, **company) -> Figure:
    """Right answers over the scored kinds; control: blank pictures; baseline: the best guess from the words."""
    kinds = {kind: vqa_examples(kind, each) for kind in SCORED_KINDS}
    found = [conditions(model, about) for about in kinds.values()]
    guessed = [right(text_prior.guess(kind, about), text_prior.answers(about)) for kind, about in kinds.items()]
    blank, guess = (round(float(np.concatenate(x).mean()), 4) for x in ([one["blank"] for one in found], guessed))
    true = np.concatenate([one["true"] for one in found])
    return share(id, true, control=blank, baseline=guess, **company)
