"""Gated self-attention: visual tokens attend to themselves and to grounding tokens, and a gate lets the result in."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.gligen.grounding import POSITION_CHANNELS, position_encoding


def gated_self_attention(
    visual: Tensor, tokens: Tensor, attention: nn.Module, norm: nn.Module, alpha: Tensor, beta: float = 1.0
) -> Tensor:
    """Gated self-attention: visual + β · tanh(α) · SelfAttention(norm([visual; tokens])), at the visual tokens only.

    visual [B, V, W], tokens [B, N, W], attention and norm [B, V + N, W] → the same, alpha a scalar → [B, V, W].
    At α = 0 the gate is shut, and the result is `visual`, bit for bit.
    """
    attended = attention(norm(torch.cat([visual, tokens], dim=1)))[:, : visual.shape[1]]  # [B, V + N, W] → [B, V, W]
    return visual + beta * alpha.tanh() * attended


class GatedSelfAttention(nn.Module):
    """Gated self-attention, then a gated feed-forward (diffusers' `GatedSelfAttentionDense`). Both gates begin shut.

    The weights have diffusers' names. What diffusers lacks is `beta`, how far the grounding may speak (1 while training,
    set by scheduled sampling), and `place`, a projection of the position encoding (its name is in the
    shipped weights). A token that says "a frog, from x = 0.1 to 0.4" can be heeded only by cells that know their own x, and
    those of a base this small hardly do: few captions say how two things lie, and none says where.
    """

    beta = 1.0

    def __init__(self, dim: int, token_dim: int, heads: int, grid_size: int | None = None) -> None:
        """`grid_size`: cells in a row of the picture. Without it no cell is told its position, as in diffusers."""
        from diffusers.models.attention import Attention, FeedForward

        super().__init__()
        self.linear = nn.Linear(token_dim, dim)
        self.attn = Attention(query_dim=dim, heads=heads, dim_head=dim // heads)
        self.ff = FeedForward(dim, activation_fn="geglu")
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.alpha_attn = nn.Parameter(torch.tensor(0.0))
        self.alpha_dense = nn.Parameter(torch.tensor(0.0))
        if grid_size:
            encoding = position_encoding(grid_size).flatten(2)[0].T  # [1, 12, S, S] → [V, 12]
            self.register_buffer("position_encoding", encoding, persistent=False)
            self.place = nn.Linear(POSITION_CHANNELS, dim, bias=False)

    def forward(self, x: Tensor, objs: Tensor) -> Tensor:
        """x [B, V, dim], objs [B, N, token_dim] → [B, V, dim]."""
        x = gated_self_attention(x, self.linear(objs), self.attn, self.normed, self.alpha_attn, self.beta)
        return x + self.beta * self.alpha_dense.tanh() * self.ff(self.norm2(x))

    def normed(self, x: Tensor) -> Tensor:
        """Layer norm of visual and grounding tokens [B, V + N, dim], with the visual ones' positions added → the same shape."""
        normed = self.norm1(x)
        if not hasattr(self, "place"):
            return normed
        positions = self.place(self.position_encoding)  # [V, dim]
        return normed + F.pad(positions, (0, 0, 0, x.shape[1] - len(positions)))
