"""Attention in which every reader looks only where it may (Mask2Former, section 3.2.1)."""

import torch
from torch import Tensor, nn


def masked_attention(queries: Tensor, keys: Tensor, values: Tensor, allowed: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √D) V over the keys that are allowed; a reader that may look nowhere looks everywhere.

    queries [B, R, D], keys and values [B, N, D], allowed bool [B, R, N] → [B, R, D].
    """
    allowed = allowed | ~allowed.any(dim=-1, keepdim=True)  # an empty row would be 0/0
    scores = queries * queries.shape[-1] ** -0.5 @ keys.transpose(1, 2)  # [B, R, N]
    return scores.where(allowed, float("-inf")).softmax(dim=-1) @ values


class Attention(nn.Module):
    """Several heads of masked attention, between readers and what is read."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.to_query, self.to_key = nn.Linear(width, width), nn.Linear(width, width)
        self.to_value, self.out = nn.Linear(width, width), nn.Linear(width, width)

    def offered(self, read: Tensor, position: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Keys and values of what is read [B, N, W], position added to the keys [N, W] → [B·heads, N, W/heads] each."""
        return self.split(self.to_key(read if position is None else read + position)), self.split(self.to_value(read))

    def forward(self, readers: Tensor, offered: tuple[Tensor, Tensor], allowed: Tensor) -> Tensor:
        """readers [B, R, W], what is `offered` to them, allowed bool [B·heads, R, N] → [B, R, W]."""
        queries = self.split(self.to_query(readers))  # [B·heads, R, W/heads]
        seen = masked_attention(queries, *offered, allowed)
        batch, count, width = readers.shape
        return self.out(seen.view(batch, self.heads, count, -1).transpose(1, 2).reshape(batch, count, width))

    def split(self, x: Tensor) -> Tensor:
        """[B, N, W] → [B·heads, N, W/heads]."""
        batch, count, _ = x.shape
        return x.view(batch, count, self.heads, -1).transpose(1, 2).reshape(batch * self.heads, count, -1)


READS = {  # reader → what it reads. SEEM: configs/seem/focall_unicl_lang_v1.yaml
    "object": ("object",),  # segments everything, and never learns what was asked
    "query": ("query", "text", "visual", "memory"),  # looks for what was asked
    "text": ("text",),
    "visual": ("visual",),
    "memory": ("memory",),
}
LOOKS = {"object": "inside its own mask", "query": "inside its own mask", "memory": "inside the last round's mask"}


def may_read(kinds: list[str], valid: Tensor) -> Tensor:
    """kinds of N tokens, valid bool [B, N] (False is padding) → bool [B, N, N]: rows read columns."""
    table = torch.tensor([[other in READS[kind] for other in kinds] for kind in kinds])
    return table & valid[:, None, :]
