"""Exercises on zero-shot classification: many wordings into one direction, names into a classifier, cosines into probabilities."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.clip.zero_shot import classify, prompt_ensemble, zero_shot_classifier
from course_lib.exercises.task import Mistake, Task


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


class FakeClip(nn.Module):
    """A text tower that any text goes through: a random table over letters, and what a tokenizer gives it."""

    def __init__(self, rng, dimensions: int) -> None:
        super().__init__()
        self.table = nn.Parameter(_random(rng, 128, dimensions))

    def encode_text(self, tokens: Tensor, normalize: bool = False) -> Tensor:
        """tokens [B, L] → [B, D]: letters count by their place, so that word order matters."""
        places = torch.arange(1, tokens.shape[1] + 1).sqrt().unsqueeze(-1)  # [L, 1]
        features = (self.table[tokens] * places * (tokens > 0).unsqueeze(-1)).sum(1)
        return F.normalize(features, dim=-1) if normalize else features


def fake_tokenizer(texts) -> Tensor:
    """One token a letter, [B, 40]."""
    texts = [texts] if isinstance(texts, str) else texts
    tokens = torch.zeros(len(texts), 40, dtype=torch.long)
    for row, text in enumerate(texts):
        letters = [min(ord(letter), 127) for letter in text[:40]]
        tokens[row, : len(letters)] = torch.tensor(letters)
    return tokens


def classifier_inputs(rng) -> tuple:
    """A fake model with its tokenizer, class names and templates."""
    names = ["cat", "fire truck", "guitar", "snail", "moon"][: int(rng.integers(3, 6))]
    templates = ["a photo of a {}", "{}!", "this is a {}"][: int(rng.integers(2, 4))]
    return FakeClip(rng, int(rng.integers(7, 11))), fake_tokenizer, names, templates


def _features(model, tokenizer, class_names, templates) -> Tensor:
    texts = [template.format(name) for name in class_names for template in templates]
    return model.encode_text(tokenizer(texts)).view(len(class_names), len(templates), -1)  # [C, T, D]


@torch.no_grad()
def classifier_transposed(model, tokenizer, class_names, templates):
    return prompt_ensemble(_features(model, tokenizer, class_names, templates))


@torch.no_grad()
def classifier_bare_names(model, tokenizer, class_names, templates):
    return F.normalize(model.encode_text(tokenizer(list(class_names))), dim=-1).T


@torch.no_grad()
def classifier_first_template(model, tokenizer, class_names, templates):
    return prompt_ensemble(_features(model, tokenizer, class_names, templates[:1])).T


@torch.no_grad()
def classifier_mixed_up(model, tokenizer, class_names, templates):
    texts = [template.format(name) for template in templates for name in class_names]
    return prompt_ensemble(model.encode_text(tokenizer(texts)).view(len(class_names), len(templates), -1)).T


@torch.no_grad()
def classifier_not_normalised(model, tokenizer, class_names, templates):
    return _features(model, tokenizer, class_names, templates).mean(1).T


@torch.no_grad()
def classifier_class_by_class(model, tokenizer, class_names, templates):
    columns = []
    for name in class_names:
        features = model.encode_text(tokenizer([template.format(name) for template in templates]), normalize=True)
        columns.append(F.normalize(features.mean(0), dim=-1))
    return torch.stack(columns, dim=1)


@torch.no_grad()
def classifier_template_by_template(model, tokenizer, class_names, templates):
    each = [
        F.normalize(model.encode_text(tokenizer([template.format(name) for name in class_names])), dim=-1)
        for template in templates
    ]
    return F.normalize(sum(each), dim=-1).T


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
            "```python\neach = F.normalize(..., dim=-1)  # [C, T, D]\nmean = ...                       # [C, D]\nreturn F.normalize(..., dim=-1)\n```",
        ),
    ),
    Task(
        id="clip.zero_shot_classifier",
        title="A classifier made of words",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=zero_shot_classifier,
        make_inputs=classifier_inputs,
        mistakes=(
            Mistake(
                "transposed",
                classifier_transposed,
                "The weights are [C, D]. A linear classifier multiplies features [B, D] by weights [D, C]: return the transpose.",
            ),
            Mistake(
                "bare names",
                classifier_bare_names,
                "The class names are encoded without their templates. Put each name into each template with `template.format(name)`.",
            ),
            Mistake(
                "first template only",
                classifier_first_template,
                "Only the first template is used. Encode every name in every template, then let `prompt_ensemble` average them.",
            ),
            Mistake(
                "names and templates mixed up",
                classifier_mixed_up,
                "The texts are listed template by template, but reshaped as if they were listed class by class, so classes get mixed. Let the class be the outer loop.",
            ),
            Mistake(
                "not normalised",
                classifier_not_normalised,
                "The weights have different lengths, so some classes start with an advantage. Use `prompt_ensemble`, which normalises before and after the mean.",
            ),
        ),
        alternatives=(classifier_class_by_class, classifier_template_by_template),
        hints=(
            "Write all the texts, class by class; encode them; reshape to [C, T, D]; the rest is the last exercise.",
            "texts: $C \\cdot T$ strings → `model.encode_text(tokenizer(texts))` $[C T, D]$ → `.view(C, T, -1)` → `prompt_ensemble` $[C, D]$ → transpose $[D, C]$. Under `torch.no_grad()`.",
            "```python\ntexts = [template.format(name) for name in ... for template in ...]\nwith torch.no_grad():\n    features = model.encode_text(tokenizer(texts))\nreturn prompt_ensemble(features.view(...)).T\n```",
        ),
    ),
    Task(
        id="clip.classify",
        title="From cosines to probabilities",
        difficulty=2,
        importance=4,
        minutes=6,
        reference=classify,
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
