"""PocketCLIP: two towers and a temperature, with open_clip's interface, small enough to train on a laptop."""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.clip.loss import clamp_logit_scale
from course_lib.clip.text import TextTower
from course_lib.clip.vision import VisionTower, pooling_weights


@dataclass(frozen=True)
class PocketConfig:
    """The sizes of a PocketCLIP. Chosen by measurement: see benchmarks/clip_throughput.py."""

    image_size: int = 64  # pixels; other multiples of 8 work too
    stem_low: int = 48  # channels after the first convolution
    stem_middle: int = 64
    vision_width: int = 160
    vision_layers: int = 2
    text_width: int = 128
    text_layers: int = 2
    heads: int = 4
    vocab_size: int = 1024
    context_length: int = 48
    embed_dim: int = 128

    def to_dict(self) -> dict:
        """For a checkpoint's card; `PocketConfig(**d)` makes it again."""
        return asdict(self)


class PocketCLIP(nn.Module):
    """Picture and text in one space of `embed_dim` dimensions, where a cosine says how well they fit."""

    def __init__(self, config: PocketConfig = PocketConfig()) -> None:
        super().__init__()
        self.config = config
        self.visual = VisionTower(config)
        self.text = TextTower(config)
        self.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))  # a logarithm, as in CLIP

    def encode_image(self, image: Tensor, normalize: bool = False) -> Tensor:
        """image [B, 3, S, S] (see `course_lib.clip.data.images`) → [B, D] float32, of length 1 if `normalize`."""
        features = self.visual(image).float()
        return F.normalize(features, dim=-1) if normalize else features

    def encode_text(self, text: Tensor, normalize: bool = False) -> Tensor:
        """token ids [B, L] → [B, D] float32, of length 1 if `normalize`."""
        features = self.text(text).float()
        return F.normalize(features, dim=-1) if normalize else features

    def forward(self, image: Tensor, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """image [B, 3, S, S], text [B, L] → normalised features [B, D] and [B, D], and the logit scale (exp taken)."""
        return self.encode_image(image, True), self.encode_text(text, True), self.logit_scale.exp()

    def encode_patches(self, image: Tensor, layer: int = -1) -> Tensor:
        """image [B, 3, S, S] → [B, N, W]: the patches after block `layer`. LLaVA reads the last but one, -2."""
        return self.visual.patches(image, layer)

    def patch_embeddings(self, image: Tensor, normalize: bool = False) -> Tensor:
        """What each patch says, in text space: image [B, 3, S, S] → [B, N, D]. `encode_image` is a weighted mean of these."""
        features = (self.visual.norm(self.visual.patches(image)) @ self.visual.projection).float()
        return F.normalize(features, dim=-1) if normalize else features

    def patch_contributions(self, image: Tensor, direction: Tensor) -> Tensor:
        """Where a similarity comes from: image [B, 3, S, S], direction [B, D] → [B, N], adding up to encode_image · direction.

        The feature is a weighted mean of projected patches, so this is no approximation: weight × (patch · direction).
        """
        patches = self.visual.norm(self.visual.patches(image))  # [B, N, W]
        weights = pooling_weights(patches, self.visual.query)
        projected = ((patches @ self.visual.projection) * direction.unsqueeze(1)).sum(dim=-1)  # [B, N]
        return (weights * projected).float()

    @torch.no_grad()
    def clamp_temperature(self) -> None:
        """To be called after every optimiser step."""
        self.logit_scale.copy_(clamp_logit_scale(self.logit_scale))
