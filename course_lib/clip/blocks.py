"""The transformer both towers are made of: pre-LN blocks, as in CLIP (openai/CLIP, clip/model.py)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


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
