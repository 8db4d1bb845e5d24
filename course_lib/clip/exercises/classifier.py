"""The exercise that makes a classifier of class names, with a model small enough to check it in milliseconds."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.zero_shot import prompt_ensemble, zero_shot_classifier


class FakeClip(nn.Module):
    """A text tower that any text goes through: a random table over letters, and what a tokenizer gives it."""

    def __init__(self, rng, dimensions: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.from_numpy(rng.standard_normal((128, dimensions)).astype("float32")))

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


NAMES = ("snail", "fire truck", "moon", "cat", "guitar")  # in no order
TEMPLATES = ("a photo of a {}", "{}!", "this is a {}, too")


def classifier_inputs(rng) -> tuple:
    """A fake model with its tokenizer, class names and templates: one of each, as many of one as of the other, and many."""
    names, templates = (list(rng.permutation(texts)) for texts in (NAMES, TEMPLATES))
    count, wordings = rng.in_turn(((4, 2), (5, 3), (1, 3), (4, 1), (3, 3), (52, 10)))
    if wordings > len(templates):  # more texts than the reference encodes at once
        names, templates = [f"thing {i}" for i in range(count)], [f"{i} times {{}}" for i in range(wordings)]
    names, templates = [str(name) for name in names[:count]], [str(template) for template in templates[:wordings]]
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
def classifier_template_as_it_is(model, tokenizer, class_names, templates):
    texts = [template for _ in class_names for template in templates]
    return prompt_ensemble(model.encode_text(tokenizer(texts)).view(len(class_names), len(templates), -1)).T


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
def classifier_last_template(model, tokenizer, class_names, templates):
    return prompt_ensemble(_features(model, tokenizer, class_names, templates[-1:])).T


@torch.no_grad()
def classifier_mean_first(model, tokenizer, class_names, templates):
    return F.normalize(_features(model, tokenizer, class_names, templates).mean(1), dim=-1).T


@torch.no_grad()
def classifier_not_renormalised(model, tokenizer, class_names, templates):
    return F.normalize(_features(model, tokenizer, class_names, templates), dim=-1).mean(1).T


@torch.no_grad()
def classifier_not_averaged(model, tokenizer, class_names, templates):
    return F.normalize(_features(model, tokenizer, class_names, templates), dim=-1).flatten(0, 1).T


@torch.no_grad()
def classifier_reshaped(model, tokenizer, class_names, templates):
    features = _features(model, tokenizer, class_names, templates)
    return prompt_ensemble(features.reshape(len(templates), len(class_names), -1).transpose(0, 1)).T


def classifier_text_by_text(model, tokenizer, class_names, templates):
    weights = torch.zeros(next(model.parameters()).shape[1], len(class_names))
    for column, name in enumerate(class_names):
        for template in templates:
            feature = model.encode_text(tokenizer(template.replace("{}", name)))[0].detach()
            weights[:, column] += feature / feature.norm() / len(templates)
    return weights / weights.norm(dim=0)


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


TASKS = [
    Task(
        id="clip.zero_shot_classifier",
        title="A classifier made of words",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=zero_shot_classifier,
        used_at=("clip.evaluate.zero_shot:zero_shot_classifier", "clip.ui:zero_shot_classifier"),
        make_inputs=classifier_inputs,
        draws=6,
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
                "templates as they are",
                classifier_template_as_it_is,
                "The templates are encoded with their braces, so all classes get the same weights. Put the name in: `template.format(name)`.",
            ),
            Mistake(
                "first template only",
                classifier_first_template,
                "Only the first template is used. Encode every name in every template, then let `prompt_ensemble` average them.",
            ),
            Mistake(
                "last template only",
                classifier_last_template,
                "Only the last template is used: the one before is overwritten each time. Encode every name in every template, and average them.",
            ),
            Mistake(
                "reshaped the other way",
                classifier_reshaped,
                "The texts are listed class by class, but reshaped to T × C. The first axis is the outer loop: `.view(len(class_names), len(templates), -1)`.",
            ),
            Mistake(
                "mean before normalising",
                classifier_mean_first,
                "The mean over the templates is taken before each wording is normalised, so the longest features outvote the others. `prompt_ensemble` does both.",
            ),
            Mistake(
                "not renormalised",
                classifier_not_renormalised,
                "The mean of unit vectors is shorter than 1, for some classes more than for others. Normalise once more: `prompt_ensemble` does.",
            ),
            Mistake(
                "not averaged",
                classifier_not_averaged,
                "Each text has a column of its own, `[D, C·T]`. A class has one: average its wordings with `prompt_ensemble`.",
            ),
            Mistake(
                "names and templates mixed up",
                classifier_mixed_up,
                "The texts are listed template by template, but reshaped as if they were listed class by class, so classes get mixed. Let the class be the outer loop.",
            ),
            Mistake(
                "not normalised",
                classifier_not_normalised,
                "Nothing is normalised: the weights have different lengths, so some classes start with an advantage. Use `prompt_ensemble`, which normalises before and after the mean.",
            ),
        ),
        alternatives=(classifier_class_by_class, classifier_template_by_template, classifier_text_by_text),
        hints=(
            "Write all the texts, class by class; encode them; reshape to [C, T, D]; the rest is the last exercise.",
            "texts: $C \\cdot T$ strings → `model.encode_text(tokenizer(texts))` $[C T, D]$ → `.view(C, T, -1)` → `prompt_ensemble` $[C, D]$ → transpose $[D, C]$. Under `torch.no_grad()`.",
            "```python\ntexts = [template.format(name) for name in ... for template in ...]\nwith torch.no_grad():\n    features = model.encode_text(tokenizer(texts))\nreturn prompt_ensemble(features.view(...)).T\n```",
        ),
    ),
]
