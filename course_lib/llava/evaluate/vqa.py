"""The proof that the model looks: right answers with the true picture, and no better than guessing without it."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.figures import Figure, share
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

CHUNK = 100  # pictures seen at once
BAR = 0.85
CONTROL_NOTE = "control: blank picture; baseline: the best guess from the words; chance: the commonest answer"


@torch.no_grad()
def answers(model, images: np.ndarray, texts: Sequence[str]) -> list[str]:
    """What the model says: pictures uint8 [N, 64, 64, 3] and a question about each → N texts."""
    said = []
    for start in range(0, len(texts), CHUNK):
        pixels = normalise(to_tensor(images[start : start + CHUNK]))  # [B, 3, 64, 64]
        said += model.answer(model.image_features(pixels), list(texts[start : start + CHUNK]))
    return said


def right(said: Sequence[str], truth: Sequence[str]) -> np.ndarray:
    """bool [N]: the same words, but for capitals and a full stop."""
    return np.array([clean(a) == clean(b) for a, b in zip(said, truth, strict=True)])


def accuracy(model, about: Sequence[VqaExample]) -> float:
    """The share of right answers with the true pictures, 0–1."""
    said = answers(model, draw([one.scene for one in about]), text_prior.texts(about))
    return float(right(said, text_prior.answers(about)).mean())


def conditions(model, about: Sequence[VqaExample]) -> dict[str, np.ndarray]:
    """Right answers, bool [N], with the true picture, a blank one, another scene's, and from the words alone."""
    images = draw([one.scene for one in about])
    texts, truth = text_prior.texts(about), text_prior.answers(about)
    shown = {"true": images, "blank": blank(len(images)), "shuffled": shuffled(images)}
    return {name: right(answers(model, pictures, texts), truth) for name, pictures in shown.items()}


def ceiling(about: Sequence[VqaExample]) -> float:
    """The right answers, written as a careful person might, through the same comparison."""
    said = [f" {one.question.answer.capitalize()}." for one in about]
    return float(right(said, text_prior.answers(about)).mean())


def vqa(model, each: int = NUM_QUESTIONS, kinds: Sequence[str] = KINDS) -> Iterator[Figure]:
    """Per kind of question, and the mean over the scored kinds, each beside its controls."""
    found: dict[str, dict[str, np.ndarray]] = {}
    for kind in kinds:
        about = vqa_examples(kind, each)
        found[kind] = conditions(model, about)
        found[kind]["prior"] = right(text_prior.guess(kind, about), text_prior.answers(about))
        found[kind]["chance"] = np.array([majority_accuracy(text_prior.answers(about))])
        found[kind]["ceiling"] = np.array([ceiling(about)])
        yield share(f"llava.vqa.{kind}", found[kind]["true"], **_company(found[kind]), note=CONTROL_NOTE)
    yield from means({kind: found[kind] for kind in kinds if kind in SCORED_KINDS})


def means(found: dict[str, dict[str, np.ndarray]]) -> Iterator[Figure]:
    """Over all kinds, which have equally many questions: with the true picture, and each control."""
    together = {name: np.concatenate([kind[name] for kind in found.values()]) for name in next(iter(found.values()))}
    blind = np.concatenate([text_prior.strength(kind) for kind in found])
    guessed, limit = round(float(together["prior"].mean()), 4), round(float(blind.mean()) + 0.03, 4)
    yield share("llava.vqa.mean", together["true"], **_company(together), bar=BAR, note=CONTROL_NOTE)
    yield share(
        "llava.vqa_blank.mean", together["blank"], baseline=guessed, bar=limit, note="a control: at most the bar"
    )
    yield share(
        "llava.vqa_shuffled.mean",
        together["shuffled"],
        baseline=guessed,
        bar=limit,
        note="a control: the picture of another scene",
    )
    note = f"on {text_prior.MANY:,} questions a kind, as the bars of the controls are; baseline: on those asked here"
    chance = round(float(together["chance"].mean()), 4)
    yield share("llava.text_prior.mean", blind, chance=chance, baseline=guessed, note=note)


def _company(of: dict[str, np.ndarray]) -> dict[str, float]:
    names = {"chance": "chance", "control": "blank", "baseline": "prior", "ceiling": "ceiling"}
    return {field: round(float(of[name].mean()), 4) for field, name in names.items()}


def harder(model, each: int = NUM_QUESTIONS) -> Iterator[Figure]:
    """Colours where several are painted, colours on things that never had them, and words that training signs do say."""
    sets = {
        "colour_apart": colour_apart(each),
        "colour_unseen_pairs": unseen_pairs(each),
        "read_trained_words": trained_words(each),
    }
    for name, about in sets.items():
        kind = name.partition("_")[0]
        found = conditions(model, about)
        guessed = right(text_prior.guess(kind, about), text_prior.answers(about))
        yield share(
            f"llava.vqa.{name}",
            found["true"],
            chance=round(majority_accuracy(text_prior.answers(about)), 4),
            control=round(float(found["blank"].mean()), 4),
            baseline=round(float(guessed.mean()), 4),
            ceiling=1.0,
        )


def contradicted(model, each: int = NUM_QUESTIONS // 2, kinds: Sequence[str] = SCORED_KINDS) -> Iterator[Figure]:
    """The same question with one fact of the picture changed: answers that follow, and (control) those that stay."""
    follows, stays = [], []
    for kind in kinds:
        made = contradictions(kind, each)
        said = answers(model, draw([one.changed for one in made]), [one.question.text for one in made])
        new, old = right(said, [one.answer for one in made]), right(said, [one.question.answer for one in made])
        yield share(f"llava.contradiction_flip.{kind}", new, control=round(float(old.mean()), 4), ceiling=1.0)
        follows.append(new)
        stays.append(old)
    yield share(
        "llava.contradiction_flip",
        np.concatenate(follows),
        control=round(float(np.concatenate(stays).mean()), 4),
        ceiling=1.0,
        bar=0.80,
        note="control: answers that stay as for the picture before the change",
    )
