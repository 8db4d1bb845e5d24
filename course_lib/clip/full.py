"""The real CLIP and real photographs: the same calls, on another scale."""

from dataclasses import dataclass
from typing import Any

import numpy as np

MODEL, WEIGHTS = "ViT-B-32", "laion2b_s34b_b79k"  # open_clip: 151 M parameters, trained on two billion pairs
PHOTOGRAPHS = ("astronaut", "cat", "coffee", "rocket")  # shipped with scikit-image


@dataclass(frozen=True)
class RealClip:
    """open_clip's model with what belongs to it."""

    model: Any
    transform: Any  # PIL picture → [3, 224, 224]
    tokenizer: Any  # texts → int64 [B, 77], where the model is


def load_real_clip(device: str = "cpu") -> RealClip | None:
    """Download (600 MB, once) and load the pretrained CLIP. None, with one sentence, where that can't be done."""
    import open_clip

    try:
        model, _, transform = open_clip.create_model_and_transforms(MODEL, pretrained=WEIGHTS, device=device)
    except Exception as error:  # the hub's client raises a dozen kinds
        reason = str(error).splitlines()[0][:120]
        print(f"The pretrained CLIP could not be loaded ({reason}). The lesson goes on without it.")
        return None
    tokenizer = open_clip.get_tokenizer(MODEL)
    return RealClip(model.eval(), transform, lambda texts: tokenizer(texts).to(device))


def photographs() -> dict[str, np.ndarray]:
    """Public photographs, name → uint8 [H, W, 3]. Those that this scikit-image would have to download are left out."""
    from skimage import data

    pictures = {}
    for name in PHOTOGRAPHS:
        try:
            pictures[name] = getattr(data, name)()
        except Exception:  # no network, or no pooch: the others are enough
            continue
    return pictures
