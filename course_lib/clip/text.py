"""The text tower: a causal transformer, read where the text ends."""

import torch
from torch import Tensor, nn

from course_lib.clip.blocks import transformer


def pool_at_end(hidden: Tensor, tokens: Tensor) -> Tensor:
    """The hidden state at the end-of-text token: the only place that has seen the whole text.

    hidden [B, L, W], tokens [B, L] int → [B, W]. End-of-text has the highest id of all tokens, so argmax finds it
    (its first occurrence); behind it there is only padding.
    """
    return hidden[torch.arange(len(hidden), device=hidden.device), tokens.argmax(dim=-1)]


class TextTower(nn.Module):
    """Token ids [B, L] → [B, embed_dim]."""

    def __init__(self, config) -> None:
        super().__init__()
        width = config.text_width
        self.token_embedding = nn.Embedding(config.vocab_size, width)
        self.position = nn.Parameter(0.01 * torch.randn(config.context_length, width))
        self.blocks = transformer(width, config.text_layers, config.heads, causal=True)
        self.norm = nn.LayerNorm(width)
        self.projection = nn.Parameter(width**-0.5 * torch.randn(width, config.embed_dim))
        nn.init.normal_(self.token_embedding.weight, std=0.02)

    def states(self, tokens: Tensor) -> Tensor:
        """tokens [B, L] → one layer-normalised state a token [B, L, W]; state i has read tokens 0..i."""
        x = self.token_embedding(tokens) + self.position[: tokens.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.norm(x)

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens [B, L] → [B, embed_dim], not normalised."""
        # What lies behind the last end-of-text is never read, and a causal tower can't look ahead: cut it off.
        tokens = tokens[:, : int(tokens.argmax(dim=-1).max()) + 1]
        return pool_at_end(self.states(tokens), tokens) @ self.projection
