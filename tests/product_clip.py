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
