"""A decoder layer, the mask and open-vocabulary class heads, and the memory's attention mask for the next round."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.seem.attention import Attention
from course_lib.seem.encoder import Features

MIN_COVERAGE = 0.3  # of a coarse cell's pixels that must be in the mask for memory tokens to attend to the cell


@dataclass
class SeemOutput:
    """Masks, classes and objectness of Q queries."""

    mask_logits: Tensor  # [B, Q, S, S]; above 0: in the mask
    class_logits: Tensor  # [B, Q, C + 1]: the model's classes, and last "no object"
    objectness: Tensor  # [B, Q] logits: is there such a thing at all?
    aux_masks: list[Tensor]  # mask logits of the layers before the last [B, Q, S/2, S/2]

    def float(self) -> "SeemOutput":
        """In float32, for the loss."""
        aux_masks = [mask.float() for mask in self.aux_masks]
        return SeemOutput(self.mask_logits.float(), self.class_logits.float(), self.objectness.float(), aux_masks)


class DecoderLayer(nn.Module):
    """Masked cross-attention to the picture, self-attention under SEEM's mask, and an MLP; norms first."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.cross_attn, self.self_attn = Attention(width, heads), Attention(width, heads)
        self.mlp = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(
        self,
        x: Tensor,
        features: Features,
        keys_values: tuple[Tensor, Tensor],
        cross_attn_mask: Tensor,
        self_attn_mask: Tensor,
    ) -> Tensor:
        """Tokens [B, N, D] → [B, N, D].

        The first R of them attend to a level's keys and values, where cross_attn_mask bool [B, R, h·w] is True; all
        attend to each other, where self_attn_mask bool [B·heads, N, N] is.
        """
        # cross-attention, with one row a picture: [B, R, …] → [I, prompts_per_image·R, …]
        queries, rest = x[:, : cross_attn_mask.shape[1]], x[:, cross_attn_mask.shape[1] :]
        normed = features.per_image(self.norms[0](queries))
        mask = features.per_image(cross_attn_mask).repeat_interleave(self.cross_attn.heads, dim=0)  # [I·heads, …, h·w]
        attended = self.cross_attn(normed, keys_values, mask).view_as(queries)  # → [B, R, D]
        x = torch.cat([queries + attended, rest], dim=1)
        # self-attention, and the MLP
        normed = self.norms[1](x)
        x = x + self.self_attn(normed, self.self_attn.project_kv(normed), self_attn_mask)
        return x + self.mlp(self.norms[2](x))


def mask_head(
    queries: Tensor, text_embeddings: Tensor, mask_embeddings: Tensor, mask_features: Tensor, scale: Tensor
) -> tuple[Tensor, Tensor]:
    """Classes by cosine with text embeddings, masks by dot product with the pixels.

    queries [B, Q, D], text_embeddings [C, D] (of any length), mask_embeddings [B, Q, E], mask_features [B, E, H, W],
    scale a factor → class logits [B, Q, C], mask logits [B, Q, H, W].
    """
    class_logits = scale * F.normalize(queries, dim=-1) @ F.normalize(text_embeddings, dim=-1).T
    return class_logits, (mask_embeddings @ mask_features.flatten(2)).unflatten(-1, mask_features.shape[2:])


def memory_update(prev_mask: Tensor, height: int, width: int) -> Tensor:
    """The memory's attention mask for the next round: prev_mask bool [B, S, S] → bool [B, height·width], row by row.

    A cell of the coarser grid counts when more than MIN_COVERAGE of its pixels are in the mask. SEEM hard-codes the
    last mask as the memory's attention mask: modeling/interface/prototype/attention_data_struct_seemv1.py.
    """
    coverage = F.adaptive_avg_pool2d(prev_mask[:, None].float(), (height, width))  # [B, 1, h, w]
    return (coverage > MIN_COVERAGE).flatten(1)
