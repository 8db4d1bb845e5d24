"""The text tower: a causal transformer, read where the text ends."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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


class SelfAttention(nn.Module):
    """Multi-head self-attention, written out.

    On a CPU, two plain matrix products in bfloat16 are about three times as fast as torch's fused
    `scaled_dot_product_attention` for sequences as short as ours (64 patches, 40 tokens).
    """

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, W] → [B, N, W]."""
        batch, length, width = x.shape
        # [B, N, 3W] → [B, N, 3, H, W/H] → three times [B, H, N, W/H]
        qkv = self.qkv(x).reshape(batch, length, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        scores = (q * (width // self.heads) ** -0.5) @ k.transpose(-1, -2)  # [B, H, N, N]
        if self.causal:  # a token sees itself and the tokens before it
            future = torch.ones(length, length, dtype=torch.bool, device=x.device).triu(1)
            scores = scores.masked_fill(future, float("-inf"))
        mixed = scores.softmax(dim=-1) @ v  # [B, H, N, W/H]
        return self.out(mixed.transpose(1, 2).reshape(batch, length, width))  # heads side by side → [B, N, W]


class Block(nn.Module):
    """x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.norm_1 = nn.LayerNorm(width)
        self.attention = SelfAttention(width, heads, causal)
        self.norm_2 = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width)
        self.narrow = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, N, W] → [B, N, W]."""
        x = x + self.attention(self.norm_1(x))
        return x + self.narrow(F.gelu(self.widen(self.norm_2(x))))


def transformer(width: int, layers: int, heads: int, causal: bool) -> nn.ModuleList:
    """A stack of blocks with CLIP's initialisation: what is added to the residual stream shrinks with depth."""
    blocks = nn.ModuleList(Block(width, heads, causal) for _ in range(layers))
    residual_std = width**-0.5 * (2 * layers) ** -0.5
    for block in blocks:
        nn.init.normal_(block.attention.qkv.weight, std=width**-0.5)
        nn.init.normal_(block.attention.out.weight, std=residual_std)
        nn.init.normal_(block.widen.weight, std=(2 * width) ** -0.5)
        nn.init.normal_(block.narrow.weight, std=residual_std)
        for layer in (block.attention.qkv, block.attention.out, block.widen, block.narrow):
            nn.init.zeros_(layer.bias)
    return blocks
