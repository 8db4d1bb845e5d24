"""GLIGEN's layer: the picture looks at itself and at the grounding tokens, and a gate lets in what it saw."""

import torch
from torch import Tensor, nn


def gated_self_attention(
    visual: Tensor, tokens: Tensor, attention: nn.Module, norm: nn.Module, alpha: Tensor, beta: float = 1.0
) -> Tensor:
    """visual + β · tanh(α) · SelfAttention(norm([visual; tokens])), read at the picture's own places only.

    visual [B, V, W], tokens [B, N, W], attention and norm [B, V + N, W] → the same, alpha a scalar → [B, V, W].
    At α = 0 the gate is shut, and the result is `visual`, bit for bit.
    """
    seen = attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]  # [B, V + N, W] → [B, V, W]
    return visual + beta * alpha.tanh() * seen


class GatedSelfAttention(nn.Module):
    """The whole layer, as in diffusers' `GatedSelfAttentionDense`: also a gated feed-forward. Both gates begin shut.

    The weights have diffusers' names. What diffusers lacks is `beta`, how far the grounding may speak: 1 while training,
    set by scheduled sampling.
    """

    beta = 1.0

    def __init__(self, width: int, token_width: int, heads: int) -> None:
        from diffusers.models.attention import Attention, FeedForward

        super().__init__()
        self.linear = nn.Linear(token_width, width)
        self.attn = Attention(query_dim=width, heads=heads, dim_head=width // heads)
        self.ff = FeedForward(width, activation_fn="geglu")
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.alpha_attn = nn.Parameter(torch.tensor(0.0))
        self.alpha_dense = nn.Parameter(torch.tensor(0.0))

    def forward(self, x: Tensor, objs: Tensor) -> Tensor:
        """x [B, V, width], objs [B, N, token_width] → [B, V, width]."""
        x = gated_self_attention(x, self.linear(objs), self.attn, self.norm1, self.alpha_attn, self.beta)
        return x + self.beta * self.alpha_dense.tanh() * self.ff(self.norm2(x))
