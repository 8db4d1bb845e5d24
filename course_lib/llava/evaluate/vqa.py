"""VQA accuracy (exact match with the true answer), beside what can be had without the picture.

The controls: a blank picture, another scene's picture, and the text prior, which is the best guess from the question alone (Goyal et
al., 2017, arXiv 1612.00837). A model that does not look is no better than they are. The sharpest test are contrast sets
(`contradiction`): one fact of the picture changes, and the answer must change with it.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.figures import Figure, share
from course_lib.llava.chat_format import in_one_word
from course_lib.llava.data.testsets import (
    NUM_QUESTIONS,
    SCORED_KINDS,
    VqaExample,
    blank,
    colour_apart,
    draw,
    shuffled,
    trained_words,
    unseen_pairs,
    vqa_examples,
)
from course_lib.llava.evaluate import text_prior
from course_lib.llava.evaluate.contradiction import contradictions
from course_lib.lm.data.instructions import clean
from course_lib.lm.evaluate import majority_accuracy
from course_lib.world.questions import KINDS

BATCH_SIZE = 100  # pictures
BAR = 0.88
LONGEST_REPLY = 120  # tokens
CONTROL_NOTE = "control: blank picture; baseline: the best guess from the words; chance: the commonest answer"


@torch.no_grad()
def answers(model, images: np.ndarray, questions: Sequence[str], brief: bool = True, **decoding: int) -> list[str]:
    """What the model answers, greedily: pictures uint8 [N, 64, 64, 3] and a question about each → N texts.

    brief: with the line behind each question that asks for one word, as LLaVA-1.5 is evaluated. decoding: see `MiniLlava.answer`.
    """
    replies, questions = [], [in_one_word(one) for one in questions] if brief else list(questions)
    for start in range(0, len(questions), BATCH_SIZE):
        pixels = normalise(to_tensor(images[start : start + BATCH_SIZE]))  # [B, 3, 64, 64]
        features, asked = model.image_features(pixels), questions[start : start + BATCH_SIZE]
        replies += model.answer(features, asked, max_new_tokens=16 if brief else LONGEST_REPLY, **decoding)
    return replies


def is_correct(replies: Sequence[str], targets: Sequence[str]) -> np.ndarray:
    """Exact match, but for capitals and a full stop: bool [N]."""
    return np.array([clean(reply) == clean(target) for reply, target in zip(replies, targets, strict=True)])


def accuracy(model, examples: Sequence[VqaExample]) -> float:
    """The share of right answers with the true pictures, 0–1."""
    replies = answers(model, draw([one.scene for one in examples]), text_prior.questions_of(examples))
    return float(is_correct(replies, text_prior.targets_of(examples)).mean())


def correct_by_condition(model, examples: Sequence[VqaExample], brief: bool = True) -> dict[str, np.ndarray]:
    """Which answers are right, bool [N] each, with the "true" picture, a "blank" one, and another scene's ("shuffled").

    brief: as for `answers`; a model that never met the line behind the questions is asked without it.
    """
    images = draw([one.scene for one in examples])
    questions, targets = text_prior.questions_of(examples), text_prior.targets_of(examples)
    conditions = {"true": images, "blank": blank(len(images)), "shuffled": shuffled(images)}
    return {name: is_correct(answers(model, shown, questions, brief), targets) for name, shown in conditions.items()}


def ceiling(examples: Sequence[VqaExample]) -> float:
    """The right answers, written as a careful person might, through the same comparison."""
    replies = [f" {one.question.answer.capitalize()}." for one in examples]
    return float(is_correct(replies, text_prior.targets_of(examples)).mean())


def vqa_figures(model, num_per_kind: int = NUM_QUESTIONS, kinds: Sequence[str] = KINDS) -> Iterator[Figure]:
    """VQA accuracy per kind of question, and its mean over the scored kinds, each beside its controls."""
    correct: dict[str, dict[str, np.ndarray]] = {}
    for kind in kinds:
        examples = vqa_examples(kind, num_per_kind)
        targets = text_prior.targets_of(examples)
        correct[kind] = {
            **correct_by_condition(model, examples),
            "prior": is_correct(text_prior.predict(kind, examples), targets),
            "chance": np.array([majority_accuracy(targets)]),
            "ceiling": np.array([ceiling(examples)]),
        }
        yield share(f"llava.vqa.{kind}", correct[kind]["true"], **_company(correct[kind]), note=CONTROL_NOTE)
    of_all = 100 * float(np.mean([correct[kind]["true"].mean() for kind in kinds]))
    scored = {kind: correct[kind] for kind in kinds if kind in SCORED_KINDS}
    yield from _mean_figures(scored, f"{CONTROL_NOTE}; with all {len(kinds)} kinds {of_all:.1f} %")


def _mean_figures(correct: dict[str, dict[str, np.ndarray]], note: str) -> Iterator[Figure]:
    """Over all kinds, which have equally many questions: with the true picture, and each control.

    correct: kind → condition → bool [N], or a single share [1].
    """
    conditions = next(iter(correct.values()))
    overall = {name: np.concatenate([of_kind[name] for of_kind in correct.values()]) for name in conditions}
    yield share("llava.vqa.mean", overall["true"], **_company(overall), bar=BAR, note=note)
    # The controls may beat the text prior, measured on many questions, by three points at most.
    prior = np.concatenate([text_prior.correct_on_many(kind) for kind in correct])
    baseline, limit = round(float(overall["prior"].mean()), 4), round(float(prior.mean()) + 0.03, 4)
    for condition, note in (
        ("blank", "a control: at most the bar"),
        ("shuffled", "a control: the picture of another scene"),
    ):
        yield share(f"llava.vqa_{condition}.mean", overall[condition], baseline=baseline, bar=limit, note=note)
    note = (
        f"on {text_prior.NUM_TEST:,} questions a kind, as the bars of the controls are; baseline: on those asked here"
    )
    chance = round(float(overall["chance"].mean()), 4)
    yield share("llava.text_prior.mean", prior, chance=chance, baseline=baseline, note=note)


def _company(correct: dict[str, np.ndarray]) -> dict[str, float]:
    """The fields of a figure beside its value."""
    conditions = {"chance": "chance", "control": "blank", "baseline": "prior", "ceiling": "ceiling"}
    return {field: round(float(correct[name].mean()), 4) for field, name in conditions.items()}


def harder_figures(model, num_per_kind: int = NUM_QUESTIONS) -> Iterator[Figure]:
    """Attribute binding (colours where several are painted), compositional generalisation (colours on things that never had
    them in training), and words that training signs do say."""
    sets = {
        "colour_apart": colour_apart(num_per_kind),
        "colour_unseen_pairs": unseen_pairs(num_per_kind),
        "read_trained_words": trained_words(num_per_kind),
    }
    for name, examples in sets.items():
        kind, targets = name.partition("_")[0], text_prior.targets_of(examples)
        correct = correct_by_condition(model, examples)
        prior = is_correct(text_prior.predict(kind, examples), targets)
        yield share(
            f"llava.vqa.{name}",
            correct["true"],
            chance=round(majority_accuracy(targets), 4),
            control=round(float(correct["blank"].mean()), 4),
            baseline=round(float(prior.mean()), 4),
            ceiling=1.0,
        )


def contradiction_figures(
    model, num_per_kind: int = NUM_QUESTIONS // 2, kinds: Sequence[str] = SCORED_KINDS
) -> Iterator[Figure]:
    """Contrast sets: answers that flip as the changed fact demands, and (control) those that stay as they were right before."""
    flips, stays = [], []
    for kind in kinds:
        pairs = contradictions(kind, num_per_kind)
        replies = answers(model, draw([pair.changed for pair in pairs]), [pair.question.text for pair in pairs])
        flips.append(is_correct(replies, [pair.answer for pair in pairs]))
        stays.append(is_correct(replies, [pair.question.answer for pair in pairs]))
        control = round(float(stays[-1].mean()), 4)
        yield share(f"llava.contradiction_flip.{kind}", flips[-1], control=control, ceiling=1.0)
    yield share(
        "llava.contradiction_flip",
        np.concatenate(flips),
        control=round(float(np.concatenate(stays).mean()), 4),
        ceiling=1.0,
        bar=0.83,
        note="control: answers that stay as for the picture before the change",
    )
