"""Exercises around the zero-shot classifier: many wordings into one direction, and cosines into probabilities."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.zero_shot import classify, prompt_ensemble


def _random(rng, *size: int) -> Tensor:
    return torch.from_numpy(rng.standard_normal(size).astype("float32"))


def ensemble_inputs(rng) -> tuple[Tensor]:
    """Features of very different lengths, so that it matters what is normalised when."""
    classes, wordings, dimensions = (int(rng.integers(low, low + 3)) for low in (3, 6, 9))
    lengths = torch.from_numpy(rng.uniform(0.2, 5, (classes, wordings, 1)).astype("float32"))
    return (_random(rng, classes, wordings, dimensions) * lengths,)


def ensemble_mean_first(text_features):
    return F.normalize(text_features.mean(dim=1), dim=-1)


def ensemble_not_renormalised(text_features):
    return F.normalize(text_features, dim=-1).mean(dim=1)


def ensemble_over_classes(text_features):
    return F.normalize(F.normalize(text_features, dim=-1).mean(dim=0), dim=-1)


def ensemble_first_wording(text_features):
    return F.normalize(text_features[:, 0], dim=-1)


def ensemble_wrong_axis(text_features):
    return F.normalize(F.normalize(text_features, dim=1).mean(dim=1), dim=-1)


def ensemble_by_sum(text_features):
    total = (text_features / text_features.norm(dim=-1, keepdim=True)).sum(1)
    return total / total.norm(dim=-1, keepdim=True)


def ensemble_one_by_one(text_features):
    rows = [torch.stack([wording / wording.norm() for wording in one]).mean(0) for one in text_features]
    return torch.stack([row / row.norm() for row in rows])


def classify_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Picture features that are not normalised, class weights that are, and a factor."""
    batch, dimensions, classes = (int(rng.integers(low, low + 3)) for low in (2, 6, 10))
    weights = F.normalize(_random(rng, dimensions, classes), dim=0)
    return 3 * _random(rng, batch, dimensions), weights, torch.tensor(float(rng.uniform(3, 9)))


def classify_not_normalised(image_features, weights, logit_scale):
    return (logit_scale * image_features @ weights).softmax(dim=-1)


def classify_over_pictures(image_features, weights, logit_scale):
    return (logit_scale * F.normalize(image_features, dim=-1) @ weights).softmax(dim=0)


def classify_no_scale(image_features, weights, logit_scale):
    return (F.normalize(image_features, dim=-1) @ weights).softmax(dim=-1)


def classify_logits(image_features, weights, logit_scale):
    return logit_scale * F.normalize(image_features, dim=-1) @ weights


def classify_by_hand(image_features, weights, logit_scale):
    unit = image_features / image_features.norm(dim=-1, keepdim=True)
    powers = (logit_scale * (unit @ weights)).exp()
    return powers / powers.sum(dim=1, keepdim=True)


def classify_by_log(image_features, weights, logit_scale):
    cosines = F.cosine_similarity(image_features[:, :, None], weights[None], dim=1)  # [B, C]
    return F.log_softmax(cosines * logit_scale, dim=1).exp()


TASKS = [
    Task(
        id="clip.prompt_ensemble",
        title="Many wordings, one direction",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=prompt_ensemble,
        used_at=("clip.zero_shot:prompt_ensemble",),
        make_inputs=ensemble_inputs,
        mistakes=(
            Mistake(
                "mean before normalising",
                ensemble_mean_first,
                "The mean is taken before each wording is normalised, so the longest vectors outvote the others. Normalise along the last axis first.",
            ),
            Mistake(
                "not renormalised",
                ensemble_not_renormalised,
                "The mean of unit vectors is shorter than 1, and by how much differs from class to class. Normalise once more after the mean.",
            ),
            Mistake(
                "mean over the classes",
                ensemble_over_classes,
                "The mean runs over the classes (`dim=0`), so each wording becomes a mixture of all classes. The wordings are axis 1.",
            ),
            Mistake(
                "first wording only",
                ensemble_first_wording,
                "Only the first wording is used. Take the mean over all of axis 1.",
            ),
            Mistake(
                "normalised along the wrong axis",
                ensemble_wrong_axis,
                "The first normalisation runs over the wordings (`dim=1`). A feature's length is taken over its D numbers: `dim=-1`.",
            ),
        ),
        alternatives=(ensemble_by_sum, ensemble_one_by_one),
        hints=(
            "Three steps, two of which are the same: make every wording count alike, average, make the result a direction again.",
            "$\\hat t_{ck} = t_{ck} / \\lVert t_{ck} \\rVert$; $m_c = \\tfrac1T \\sum_k \\hat t_{ck}$; answer $m_c / \\lVert m_c \\rVert$, shape $[C, D]$.",
            "```python\nnormalised = F.normalize(..., dim=-1)  # [C, T, D]\nmean = ...                             # [C, D]\nreturn F.normalize(..., dim=-1)\n```",
        ),
    ),
    Task(
        id="clip.classify",
        title="From cosines to probabilities",
        difficulty=2,
        importance=4,
        minutes=6,
        reference=classify,
        used_at=("clip.ui:classify",),
        make_inputs=classify_inputs,
        mistakes=(
            Mistake(
                "pictures not normalised",
                classify_not_normalised,
                "The picture features are not normalised, so these are no cosines, and pictures with long features look too sure. `F.normalize(image_features, dim=-1)` first.",
            ),
            Mistake(
                "softmax over the pictures",
                classify_over_pictures,
                "The softmax runs over the pictures (`dim=0`): each *column* adds up to 1. The classes of one picture compete: `dim=-1`.",
            ),
            Mistake(
                "no scale",
                classify_no_scale,
                "The cosines go into the softmax without `logit_scale`: all probabilities come out nearly alike. Multiply first.",
            ),
            Mistake(
                "logits instead of probabilities",
                classify_logits,
                "These are logits. A softmax over the classes turns them into probabilities that add up to 1.",
            ),
        ),
        alternatives=(classify_by_hand, classify_by_log),
        hints=(
            "The class weights are directions already. What about the picture features?",
            "$p = \\mathrm{softmax}_C(s \\cdot \\hat u W)$ with $\\hat u = u / \\lVert u \\rVert$, $W$ of shape $[D, C]$; $p$ is $[B, C]$.",
            "```python\ncosines = F.normalize(..., dim=-1) @ weights  # [B, C]\nreturn (...).softmax(dim=...)\n```",
        ),
    ),
]
