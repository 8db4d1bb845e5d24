"""Exercise of Lesson 03 → a tiny run of the course's own room that uses it."""

import numpy as np
import torch

from course_lib.clip.pretrained import load_clip
from course_lib.imagebind import train
from course_lib.imagebind.data.mel import log_mel
from course_lib.imagebind.evaluate import alignment
from course_lib.imagebind.model import PocketBind


def model() -> PocketBind:
    """Untrained towers beside the shipped CLIP."""
    torch.manual_seed(0)
    return PocketBind(load_clip()).eval()


def train_one_step():
    """One step on two pairs."""
    maps, targets = torch.randn(4, 64, 49), torch.nn.functional.normalize(torch.randn(4, 128), dim=-1)
    tower = train.build_tower("audio", maps)
    recipe = train.BindRecipe(steps=1, batch_size=2)
    return train.train_tower(tower, train.sound_batches(maps, targets, recipe), recipe)


PRODUCT = {
    "imagebind.mel_filter_bank": lambda: log_mel(np.ones(16_000, np.float32)),
    "imagebind.info_nce": train_one_step,
    "imagebind.classify_sounds": lambda: alignment.names_correct(torch.eye(4), torch.eye(4), per_noun=1),
    "imagebind.add_embeddings": lambda: list(alignment.arithmetic(model(), count=2)),
    "imagebind.modality_gap": lambda: list(alignment.gaps(model(), count=8)),
}

LAST_IS_1 = "of a matrix, axis 1 is the last one"
ON_A_CPU = "the check's tensors lie on the CPU, where new ones lie as well"

DEFAULT = "the check always says a temperature"

EQUIVALENT = {
    "imagebind.info_nce": {
        "left out: `torch.arange(len(logits), device=logits.device)` → `torch.arange(len(logits))`": ON_A_CPU,
    },
    "imagebind.classify_sounds": {
        "constant: `0.07` → `0.14`": DEFAULT,
        "constant: `0.07` → `0.035`": DEFAULT,
        "left out: `F.normalize(sounds, dim=-1)` → `F.normalize(sounds)`": LAST_IS_1,
        "left out: `F.normalize(names, dim=-1)` → `F.normalize(names)`": LAST_IS_1,
        "sign: `-1` → `1`": LAST_IS_1,
    },
    "imagebind.add_embeddings": {
        "left out: `F.normalize(F.normalize(first, dim=-1) + F.normalize(second, dim=-1), dim=-1)` → `F.normalize(F.normalize(first, "
        "dim=-1) + F.normalize(second, dim=-1))`": LAST_IS_1,
        "left out: `F.normalize(first, dim=-1)` → `F.normalize(first)`": LAST_IS_1,
        "left out: `F.normalize(second, dim=-1)` → `F.normalize(second)`": LAST_IS_1,
        "sign: `-1` → `1`": LAST_IS_1,
    },
    "imagebind.modality_gap": {
        "order: `F.normalize(first, dim=-1).mean(dim=0) - F.normalize(second, dim=-1).mean(dim=0)` → `F.normalize(second, "
        "dim=-1).mean(dim=0) - F.normalize(first, dim=-1).mean(dim=0)`": "a distance is the same in both directions",
        "left out: `F.normalize(first, dim=-1)` → `F.normalize(first)`": LAST_IS_1,
        "left out: `F.normalize(second, dim=-1)` → `F.normalize(second)`": LAST_IS_1,
        "sign: `-1` → `1`": LAST_IS_1,
    },
}
