"""Zero-shot classification: the class names are the classifier (CLIP, section 3.1; open_clip's zero_shot_classifier.py)."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

CHUNK = 512  # texts encoded at once: bounds the memory of a list of 10,000 labels


def prompt_ensemble(text_features: Tensor) -> Tensor:
    """One direction a class from several wordings: text_features [C, T, D], not normalised → [C, D] of length 1.

    Each wording is normalised first, so that all count alike; the mean is shorter than 1, so it is normalised again.
    """
    normalised = F.normalize(text_features, dim=-1)  # [C, T, D]
    return F.normalize(normalised.mean(dim=1), dim=-1)


@torch.no_grad()
def zero_shot_classifier(model, tokenizer, class_names: Sequence[str], templates: Sequence[str]) -> Tensor:
    """The weights [D, C] of a linear classifier made of words: any model and tokenizer with open_clip's interface.

    templates hold a "{}" for the class name, such as "a photo of a {}".
    """
    texts = [template.format(name) for name in class_names for template in templates]
    device = next(model.parameters()).device
    chunks = [texts[i : i + CHUNK] for i in range(0, len(texts), CHUNK)]
    features = torch.cat([model.encode_text(tokenizer(chunk).to(device)) for chunk in chunks])  # [C·T, D]
    per_class = features.view(len(class_names), len(templates), -1)  # [C, T, D]
    return prompt_ensemble(per_class).T


def classify(image_features: Tensor, weights: Tensor, logit_scale: Tensor | float) -> Tensor:
    """Probabilities [B, C] of the classes: image_features [B, D] not normalised, weights [D, C], logit_scale a factor."""
    cosines = F.normalize(image_features, dim=-1) @ weights  # [B, C]
    return (logit_scale * cosines).softmax(dim=-1)
