"""GLIGEN's layer: the picture looks at itself and at the grounding tokens, and a gate lets in what it saw."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.gligen.grounding import POSITION_CHANNELS, position_code


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

    The weights have diffusers' names. What diffusers lacks is `beta`, how far the grounding may speak (1 while training,
    set by scheduled sampling), and `place`, which tells the picture's cells where they are. A token that says "a frog, from
    x = 0.1 to 0.4" can be heeded only by cells that know their own x, and those of a base this small hardly do: captions
    without left and right gave it no reason to.
    """

    beta = 1.0

    def __init__(self, width: int, token_width: int, heads: int, side: int | None = None) -> None:
        """`side`: how many cells there are in a row of the picture. Without it no cell is told its place, as in diffusers."""
        from diffusers.models.attention import Attention, FeedForward

        super().__init__()
        self.linear = nn.Linear(token_width, width)
        self.attn = Attention(query_dim=width, heads=heads, dim_head=width // heads)
        self.ff = FeedForward(width, activation_fn="geglu")
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.alpha_attn = nn.Parameter(torch.tensor(0.0))
        self.alpha_dense = nn.Parameter(torch.tensor(0.0))
        if side:
            code = position_code(side).flatten(2)[0].T  # [1, 12, S, S] → [V, 12]
            self.register_buffer("where", code, persistent=False)
            self.place = nn.Linear(POSITION_CHANNELS, width, bias=False)

    def forward(self, x: Tensor, objs: Tensor) -> Tensor:
        """x [B, V, width], objs [B, N, token_width] → [B, V, width]."""
        x = gated_self_attention(x, self.linear(objs), self.attn, self.normed, self.alpha_attn, self.beta)
        return x + self.beta * self.alpha_dense.tanh() * self.ff(self.norm2(x))

    def normed(self, both: Tensor) -> Tensor:
        """The norm of cells and tokens [B, V + N, width], and to each cell its place added → the same shape."""
        normed = self.norm1(both)
        if not hasattr(self, "place"):
            return normed
        place = self.place(self.where)  # [V, width]
        return normed + F.pad(place, (0, 0, 0, both.shape[1] - len(place)))
