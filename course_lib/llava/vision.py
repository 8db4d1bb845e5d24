"""The eyes of MiniLlava: patch features of a frozen picture tower."""

from torch import Tensor, nn


class PocketVisionTower(nn.Module):
    """The pocket CLIP's tower up to one of its last layers: pixels [B, 3, S, S] → [B, (S/8)², W].

    LLaVA takes the layer before the last (−2), since the last was made to be pooled. Our tower has no class token, so there
    is none to drop (LLaVA: llava/model/multimodal_encoder/clip_encoder.py, `feature_select`).
    """

    def __init__(self, clip: nn.Module, layer: int = -2) -> None:
        super().__init__()
        self.clip, self.layer = clip, layer

    def forward(self, pixels: Tensor) -> Tensor:
        return self.clip.encode_patches(pixels, self.layer)


class TransformersVisionTower(nn.Module):
    """Any CLIP or SigLIP tower of transformers: pixels [B, 3, S, S] → [B, N, W] after block `layer`.

    `class_token` says whether the tower puts one before its patches: it is no place in the picture, and is dropped
    (`vision_feature_select_strategy="default"` there; "full" keeps it).
    """

    def __init__(self, tower: nn.Module, layer: int = -2, class_token: bool = True) -> None:
        super().__init__()
        self.tower, self.layer, self.first = tower, layer, int(class_token)

    def forward(self, pixels: Tensor) -> Tensor:
        hidden = self.tower(pixel_values=pixels, output_hidden_states=True).hidden_states
        return hidden[self.layer][:, self.first :]
