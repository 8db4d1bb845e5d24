"""Exercises around the zero-shot classifier: many wordings into one direction, and cosines into probabilities."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.exercises.image_head import normal
from course_lib.clip.zero_shot import classify, prompt_ensemble


def ensemble_inputs(rng) -> tuple[Tensor]:
    """Features of very different lengths, so that it matters what is normalised when; one wording, one class, sizes alike."""
    many = tuple(int(rng.integers(low, low + 3)) for low in (3, 6, 9))
    classes, wordings, dimensions = rng.in_turn((many, (3, 1, 8), (1, 5, 6), (4, 4, 4), (5, 5, 9), (3, 7, 7)))
    lengths = torch.from_numpy(rng.uniform(0.2, 5, (classes, wordings, 1)).astype("float32"))
    return (normal(rng, classes, wordings, dimensions) * lengths,)


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


def ensemble_plain_mean(text_features):
    return text_features.mean(dim=1)


def ensemble_sum(text_features):
    return F.normalize(text_features, dim=-1).sum(dim=1)


def ensemble_renormalised_over_classes(text_features):
    return F.normalize(F.normalize(text_features, dim=-1).mean(dim=1), dim=0)


def ensemble_not_averaged(text_features):
    return F.normalize(text_features, dim=-1)


def ensemble_by_einsum(text_features):
    shares = 1 / (text_features.square().sum(dim=-1).sqrt() * text_features.shape[1])  # [C, T]
    mean = torch.einsum("ctd,ct->cd", text_features, shares)
    return mean / torch.linalg.vector_norm(mean, dim=1)[:, None]


def ensemble_by_sum(text_features):
    total = (text_features / text_features.norm(dim=-1, keepdim=True)).sum(1)
    return total / total.norm(dim=-1, keepdim=True)


def ensemble_one_by_one(text_features):
    rows = [torch.stack([wording / wording.norm() for wording in one]).mean(0) for one in text_features]
    return torch.stack([row / row.norm() for row in rows])


def classify_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Picture features of several lengths, class weights of length 1, a factor; one picture, one class, sizes alike."""
    many = tuple(int(rng.integers(low, low + 3)) for low in (2, 6, 10))
    batch, dimensions, classes = rng.in_turn((many, (1, 6, 4), (4, 5, 1), (5, 5, 5), (3, 8, 3)))
    features = normal(rng, batch, dimensions) * torch.linspace(0.3, 4, batch).unsqueeze(1)
    weights = F.normalize(normal(rng, dimensions, classes), dim=0)
    return features, weights, torch.tensor(float(rng.uniform(3, 9)))


def classify_not_normalised(image_features, weights, logit_scale):
    return (logit_scale * image_features @ weights).softmax(dim=-1)


def classify_over_pictures(image_features, weights, logit_scale):
    return (logit_scale * F.normalize(image_features, dim=-1) @ weights).softmax(dim=0)


def classify_no_scale(image_features, weights, logit_scale):
    return (F.normalize(image_features, dim=-1) @ weights).softmax(dim=-1)


def classify_cosines(image_features, weights, logit_scale):
    return F.normalize(image_features, dim=-1) @ weights


def classify_logits(image_features, weights, logit_scale):
    return logit_scale * F.normalize(image_features, dim=-1) @ weights


def classify_exp_twice(image_features, weights, logit_scale):
    return classify(image_features, weights, logit_scale.exp())


def classify_divided(image_features, weights, logit_scale):
    return classify(image_features, weights, 1 / logit_scale)


def classify_scaled_afterwards(image_features, weights, logit_scale):
    return logit_scale * classify_no_scale(image_features, weights, logit_scale)


def classify_over_batch_normalised(image_features, weights, logit_scale):
    return (logit_scale * F.normalize(image_features, dim=0) @ weights).softmax(dim=-1)


def classify_each_class_alone(image_features, weights, logit_scale):
    return classify_logits(image_features, weights, logit_scale).sigmoid()


def classify_log_probabilities(image_features, weights, logit_scale):
    return classify_logits(image_features, weights, logit_scale).log_softmax(dim=-1)


def classify_one_by_one(image_features, weights, logit_scale):
    rows = [torch.softmax(weights.T @ (row / row.norm()) * logit_scale, dim=0) for row in image_features]
    return torch.stack(rows)


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
        draws=6,
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
                "never normalised",
                ensemble_plain_mean,
                "Nothing is normalised: long vectors outvote the others, and the result is no direction. Normalise each wording before the mean, and the mean itself.",
            ),
            Mistake(
                "sum of the wordings",
                ensemble_sum,
                "This is the *sum* of the normalised wordings. Its length depends on how many they are and how well they agree: normalise once more.",
            ),
            Mistake(
                "renormalised over the classes",
                ensemble_renormalised_over_classes,
                "The second normalisation runs over the classes (`dim=0`), so classes lose their own direction. Each class is made of length 1: `dim=-1`.",
            ),
            Mistake(
                "not averaged",
                ensemble_not_averaged,
                "Every wording still has a direction of its own, `[C, T, D]`. Take the mean over the wordings, axis 1, and normalise again.",
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
        alternatives=(ensemble_by_sum, ensemble_one_by_one, ensemble_by_einsum),
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
                "exp taken twice",
                classify_exp_twice,
                "`logit_scale` is the factor already, and you take its `exp` once more: every probability comes out as 0 or 1. Multiply by it as it is.",
            ),
            Mistake(
                "divided by the scale",
                classify_divided,
                "The cosines are divided by `logit_scale`, and the probabilities are nearly alike. A *temperature* divides; this is its inverse, which multiplies.",
            ),
            Mistake(
                "scaled after the softmax",
                classify_scaled_afterwards,
                "The scale comes after the softmax, so the results don't add up to 1. Multiply the cosines by it, then take the softmax.",
            ),
            Mistake(
                "normalised over the batch",
                classify_over_batch_normalised,
                "The normalisation runs over the pictures (`dim=0`). A feature's length is taken over its own D numbers: `dim=-1`.",
            ),
            Mistake(
                "each class by itself",
                classify_each_class_alone,
                "A sigmoid judges each class by itself, and the results don't add up to 1. Classes compete: a softmax over them, `dim=-1`.",
            ),
            Mistake(
                "log-probabilities",
                classify_log_probabilities,
                "These are the *logarithms* of the probabilities. Take `softmax` instead of `log_softmax`.",
            ),
            Mistake(
                "cosines instead of probabilities",
                classify_cosines,
                "These are the cosines. Multiply them by `logit_scale`, and a softmax over the classes makes probabilities of them.",
            ),
            Mistake(
                "logits instead of probabilities",
                classify_logits,
                "These are logits. A softmax over the classes turns them into probabilities that add up to 1.",
            ),
        ),
        alternatives=(classify_by_hand, classify_by_log, classify_one_by_one),
        hints=(
            "The class weights are directions already. What about the picture features?",
            "$p = \\mathrm{softmax}_C(s \\cdot \\hat u W)$ with $\\hat u = u / \\lVert u \\rVert$, $W$ of shape $[D, C]$; $p$ is $[B, C]$.",
            "```python\ncosines = F.normalize(..., dim=-1) @ weights  # [B, C]\nreturn (...).softmax(dim=...)\n```",
        ),
    ),
]
