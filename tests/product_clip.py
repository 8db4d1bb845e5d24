"""Exercise of Lesson 02 → a tiny run of the course's own CLIP that uses it."""

import numpy as np
import torch

from course_lib.clip import evaluate, train
from course_lib.clip.data import testsets
from course_lib.clip.pretrained import build_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.ui import probabilities

PICTURE = np.zeros((64, 64, 3), np.uint8)


def train_one_step():
    """One step on two pairs."""
    return train.train(build_clip(), train.ClipRecipe(steps=1, batch_size=2))


def measure():
    """Zero-shot accuracy on two pictures."""
    return evaluate.topk_correct(build_clip(), testsets.single_things(("cat", "dog"), per_class=1))


PRODUCT = {
    "clip.image_head": lambda: build_clip().encode_image(torch.zeros(1, 3, 64, 64)),
    "clip.pool_at_end": lambda: build_clip().encode_text(get_tokenizer()("a cat")),
    "clip.contrastive_loss": train_one_step,
    "clip.clamp_logit_scale": train_one_step,
    "clip.prompt_ensemble": measure,
    "clip.zero_shot_classifier": measure,
    "clip.classify": lambda: probabilities(build_clip(), get_tokenizer(), PICTURE, "a cat, a dog"),
}

ON_A_CPU = "the check's tensors lie on the CPU, where new ones lie as well"
LAST_IS_1 = "of a matrix, axis 1 is the last one"

EQUIVALENT = {
    "clip.pool_at_end": {
        "left out: `torch.arange(len(hidden), device=hidden.device)` → `torch.arange(len(hidden))`": ON_A_CPU,
        "sign: `-1` → `1`": LAST_IS_1,
    },
    "clip.contrastive_loss": {
        "left out: `torch.arange(len(logits), device=logits.device)` → `torch.arange(len(logits))`": ON_A_CPU,
    },
    "clip.prompt_ensemble": {
        "left out: `F.normalize(normalised.mean(dim=1), dim=-1)` → `F.normalize(normalised.mean(dim=1))`": LAST_IS_1,
        "function: `normalised.mean(dim=1)` → `normalised.sum(dim=1)`": "it is normalised afterwards",
        "sign: `-1` → `1`": LAST_IS_1,
    },
    "clip.zero_shot_classifier": {
        "left out: `tokenizer(chunk).to(device)` → `tokenizer(chunk)`": ON_A_CPU,
        "left out: `@torch.no_grad() def zero_shot_classifier(model, tokenizer, class_names, templates): texts = [template.format(name) "
        "for name in class_names for template in temp` → `def zero_shot_classifier(model, tokenizer, class_names, templates): texts = "
        "[template.format(name) for name in class_names for template in templates] device = n`": "no gradients are needed, "
        "and none are forbidden",
    },
    "clip.classify": {
        "left out: `F.normalize(image_features, dim=-1)` → `F.normalize(image_features)`": LAST_IS_1,
        "sign: `-1` → `1`": LAST_IS_1,
    },
}
