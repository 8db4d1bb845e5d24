"""The vision tower of MiniLlava: patch features of one layer of a frozen picture tower."""

from collections.abc import Sequence

from torch import Tensor, nn


def select_features(hidden_states: Sequence[Tensor], layer: int, class_token: bool) -> Tensor:
    """The patch features that the connector gets: L + 1 hidden states [B, 1 + N, W], the embeddings first → [B, N, W].

    `layer` counts as Python does: −1 is what the last block gave, −2 the one before (LLaVA's `mm_vision_select_layer`). The
    class token, at place 0, is no place in the picture and is dropped; a tower without one has states [B, N, W] (LLaVA:
    llava/model/multimodal_encoder/clip_encoder.py, `feature_select`).
    """
    return hidden_states[layer][:, int(class_token) :]


class PocketVisionTower(nn.Module):
    """The pocket CLIP's tower up to one of its last layers: pixel_values [B, 3, S, S] → [B, (S/8)², W].

    LLaVA takes the layer before the last (−2), since the last was made to be pooled. Our tower has no class token.
    """

    def __init__(self, clip: nn.Module, layer: int = -2) -> None:
        super().__init__()
        self.clip, self.layer = clip, layer

    def forward(self, pixel_values: Tensor) -> Tensor:
        return select_features(self.clip.visual.hidden_states(pixel_values), self.layer, False)


class PixelShuffleVisionTower(PocketVisionTower):
    """Every 2 × 2 patches side by side in one, a quarter of the tokens: pixel_values [B, 3, 64, 64] → [B, 16, 4·W].

    nanoVLM does the same in modality_projector.py (`pixel_shuffle`).
    """

    def forward(self, pixel_values: Tensor) -> Tensor:
        patches = super().forward(pixel_values)  # [B, 64, W]
        grid = patches.unflatten(1, (4, 2, 4, 2)).transpose(2, 3)  # [B, 64, W] → [B, 4, 4, 2, 2, W]
        return grid.flatten(3).flatten(1, 2)  # → [B, 4, 4, 4·W] → [B, 16, 4·W]


class TransformersVisionTower(nn.Module):
    """Any CLIP or SigLIP tower of transformers: pixel_values [B, 3, S, S] → [B, N, W] after block `layer`.

    `class_token` says whether the tower puts one before its patches: it is dropped then
    (`vision_feature_select_strategy="default"` there; "full" keeps it).
    """

    def __init__(self, tower: nn.Module, layer: int = -2, class_token: bool = True) -> None:
        super().__init__()
        self.tower, self.layer, self.class_token = tower, layer, class_token

    def forward(self, pixel_values: Tensor) -> Tensor:
        hidden_states = self.tower(pixel_values=pixel_values, output_hidden_states=True).hidden_states
        return select_features(hidden_states, self.layer, self.class_token)
