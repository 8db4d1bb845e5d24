"""Masked attention (Mask2Former, section 3.2.1), and SEEM's self-attention mask, written down as a table."""

import torch
from torch import Tensor, nn

ATTENDS_TO = {  # query token → key tokens, by kind. SEEM: configs/seem/focall_unicl_lang_v1.yaml
    "object": ("object",),  # segments everything, and never learns what was asked
    "query": ("query", "text", "visual", "memory"),  # looks for what was asked
    "text": ("text",),
    "visual": ("visual",),
    "memory": ("memory",),
}


def attention_mask(kinds: list[str], valid: Tensor) -> Tensor:
    """The self-attention mask bool [B, N, N] of N tokens: row i may attend to column j where it is True.

    kinds: the kind of each token, a key of ATTENDS_TO. valid bool [B, N]: False is padding, to which nothing attends.
    """
    table = torch.tensor([[key in ATTENDS_TO[query] for key in kinds] for query in kinds])
    return table & valid[:, None, :]


def masked_attention(queries: Tensor, keys: Tensor, values: Tensor, attn_mask: Tensor) -> Tensor:
    """softmax(Q Kᵀ / √D) V over the keys that the mask allows; a query that is allowed none attends to all of them.

    queries [B, R, D], keys and values [B, N, D], attn_mask bool [B, R, N] (True: may attend) → [B, R, D].
    """
    attn_mask = attn_mask | ~attn_mask.any(dim=-1, keepdim=True)  # an empty row would be 0/0
    scores = queries * queries.shape[-1] ** -0.5 @ keys.transpose(1, 2)  # [B, R, N]
    return scores.where(attn_mask, float("-inf")).softmax(dim=-1) @ values


class Attention(nn.Module):
    """Multi-head masked attention. Keys and values are projected apart, as many prompts share those of a picture."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def project_kv(self, x: Tensor, position: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Keys and values of x [B, N, W], position [N, W] added to the keys → [B·heads, N, W/heads] each."""
        keys = self.k_proj(x if position is None else x + position)
        return self.split_heads(keys), self.split_heads(self.v_proj(x))

    def forward(self, x: Tensor, keys_values: tuple[Tensor, Tensor], attn_mask: Tensor) -> Tensor:
        """x [B, R, W] attends to what `project_kv` made, where bool [B·heads, R, N] is True → [B, R, W]."""
        queries = self.split_heads(self.q_proj(x))  # [B·heads, R, W/heads]
        attended = masked_attention(queries, *keys_values, attn_mask)
        batch, count, width = x.shape
        # [B·heads, R, W/heads] → [B, heads, R, W/heads] → [B, R, W]
        return self.out_proj(attended.view(batch, self.heads, count, -1).transpose(1, 2).reshape(batch, count, width))

    def split_heads(self, x: Tensor) -> Tensor:
        """[B, N, W] → [B·heads, N, W/heads]."""
        batch, count, _ = x.shape
        return x.view(batch, count, self.heads, -1).transpose(1, 2).reshape(batch * self.heads, count, -1)
