"""ImageBind itself (Girdhar et al., 2023), 1.2 billion parameters, with the calls of PocketBind. Full tier; for non-commercial use only.

Of its repository (CC-BY-NC 4.0) only the model's module is imported, since its code for data wants pytorchvideo, which broke with newer
torchvisions. What that code does, open_clip does to pictures and words, and transformers' AST, from which ImageBind's authors took it, to sounds.
"""

import importlib.util
import subprocess
import sys
from types import ModuleType

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.common.errors import Problem
from course_lib.imagebind.data.voices import RATE
from course_lib.session import best_device

CODE = "git+https://github.com/facebookresearch/ImageBind@53680b02d7e37b19b124fa37bae4b6c98c38f5be"
HUB = ("nielsr/imagebind-huge", "51fc1ff707903501e60bdb2f73dd4e8818eef099")  # its weights as safetensors, 4.8 GB
TEMPERATURE = 0.05  # one over 20: its sounds come out 20 long


class PublishedBind:
    """The published model, with PocketBind's methods and larger shapes."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model.eval()

    @classmethod
    def load(cls, weights: tuple[str, str], *, device: str, dtype: torch.dtype) -> "PublishedBind":
        """From (repository, revision). Raises ImportError without the code, and Problem for weights of another model."""
        from huggingface_hub import hf_hub_download
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        with torch.device(device):  # built where it stays: Colab's memory does not hold it twice
            model = model_module().imagebind_huge(pretrained=False)
        try:
            model.load_state_dict(load_file(hf_hub_download(weights[0], "model.safetensors", revision=weights[1])))
        except (SafetensorError, RuntimeError):
            raise Problem(f"{weights[0]} holds a damaged file, or another model's weights") from None
        return cls(model.to(device, dtype))

    def encode_image(self, images: Tensor) -> Tensor:
        """Normalised pictures [B, 3, 224, 224] → [B, 1024] of length 1."""
        return self._encode("vision", images)

    def encode_text(self, token_ids: Tensor) -> Tensor:
        """Token ids [B, 77] → [B, 1024] of length 1."""
        return self._encode("text", token_ids)

    def encode_audio(self, mels: Tensor) -> Tensor:
        """Log-mel spectrograms of S clips a sound [B, S, 1, 128, 204] → [B, 1024] of length 1, from the clips' mean."""
        return self._encode("audio", mels)

    @torch.no_grad()
    def _encode(self, modality: str, values: Tensor) -> Tensor:
        """The model multiplies sounds by 20 and words by what it learned; here each is a direction, [B, 1024] of length 1."""
        weight = next(self.model.parameters())
        values = values.to(weight.device, weight.dtype if values.is_floating_point() else None)
        return F.normalize(self.model({modality: values})[modality].float().cpu(), dim=-1)


def prepare_images(pictures: list[np.ndarray]) -> Tensor:
    """Pictures uint8 [H, W, 3] of any sizes → [B, 3, 224, 224], as CLIP wants them."""
    from open_clip import image_transform
    from PIL import Image

    return torch.stack([image_transform(224, is_train=False)(Image.fromarray(picture)) for picture in pictures])


def prepare_texts(texts: list[str]) -> Tensor:
    """Texts → CLIP's token ids, int64 [B, 77]."""
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer()(texts)


def prepare_sounds(sounds: list[np.ndarray]) -> Tensor:
    """Sounds [N] at 16 kHz → [B, 3, 1, 128, 204]: three clips of two seconds, evenly spread; a shorter sound is repeated."""
    from transformers import ASTFeatureExtractor

    extractor = ASTFeatureExtractor(max_length=204, mean=-4.268, std=9.138 / 2)  # AudioSet's; AST divides by two std
    rows, clip = [], 2 * RATE
    for sound in sounds:
        sound = np.resize(sound, max(clip, len(sound)))
        clips = [sound[start:][:clip] for start in np.linspace(0, len(sound) - clip, 3).astype(int)]
        mels = extractor(clips, sampling_rate=RATE, return_tensors="pt")["input_values"]  # [S, 204, 128]
        rows.append(mels.mT[:, None])  # → [S, 1, 128, 204]
    return torch.stack(rows)


def model_module() -> ModuleType:
    """`imagebind.models.imagebind_model`, with the package's own `__init__` left out. Raises ImportError where it is not."""
    spec = importlib.util.find_spec("imagebind")
    if spec is None:
        raise ImportError("its code is not here; full.install() brings it")
    sys.modules.setdefault("imagebind", importlib.util.module_from_spec(spec))  # it knows its folder, and ran nothing
    return importlib.import_module("imagebind.models.imagebind_model")


def install() -> None:
    """The code at its commit, without the old packages that it lists, and the two that its model needs."""
    for wanted in (["--no-deps", CODE], ["iopath", "einops"]):
        subprocess.run([sys.executable, "-m", "pip", "install", "-q", *wanted], check=False)


def load(weights: tuple[str, str] = HUB) -> PublishedBind | None:
    """Download (once) and load it. None, with one sentence, where there is no GPU, no code or no weights."""
    device, dtype, why = best_device()
    try:
        if device == "cpu":
            raise Problem(f"it wants a GPU, and there is {why}")
        return PublishedBind.load(weights, device=device, dtype=getattr(torch, dtype))
    except (OSError, ImportError, Problem) as error:
        print(f"ImageBind could not be loaded: {str(error).splitlines()[0][:160]}. The lesson goes on without it.")
        return None
