"""Attention: who may look at whom, and what is read there. The pocket model attends with these very functions.

- `causal_mask` hides the future; `attention` is the formula, for all heads at once
- `matmul_attention` brings both into transformers' models, under the name `MATMUL_ATTENTION`
- `quickest_attention` chooses it where bfloat16 is fast; elsewhere torch's fused kernel, which computes the same, is quicker
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask
from transformers.models.llama.modeling_llama import repeat_kv

from course_lib.common.precision import bfloat16_is_faster

MATMUL_ATTENTION = "products"  # the name under which transformers knows `matmul_attention`


def causal_mask(length: int) -> Tensor:
    """bool [T, T]: True where row i (the reader) may look at column j (what is read): at itself and at what came before."""
    positions = torch.arange(length)
    return positions[:, None] >= positions[None, :]


def attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention (Vaswani et al., 2017): softmax(QKᵀ / √D, where the mask is True) V, for every head.

    query, key, value [B, H, T, D]; mask bool [T, T] or [B, 1, T, T], True where the row may look at the column. There may be
    fewer readers than there is to read. Returns what was read [B, H, T, D], and the weights [B, H, T, T].
    """
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-2, -1)  # [B, H, T, T]
    lowest = torch.finfo(scores.dtype).min  # not −∞: a row that sees nothing, of padding, still has a softmax
    scores += scores.new_zeros(mask.shape).masked_fill_(~mask, lowest)
    weights = scores.softmax(dim=-1)
    return weights @ value, weights


def matmul_attention(
    module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **_
) -> tuple[Tensor, Tensor]:
    """`attention` as transformers calls it: [B, H, T, D], [B, G, T, D] twice, bool [B, 1, T, T] → [B, T, H, D], [B, H, T, T].

    Without a mask it is causal. As transformers' own "eager", but nothing is turned to float32 on the way (softmax sums in
    float32 in any case), and a mask of bools is taken for what it is. There is no dropout.
    """
    key, value = (repeat_kv(part, module.num_key_value_groups) for part in (key, value))  # [B, H, T, D]
    mask = causal_mask(query.shape[2]).to(query.device) if attention_mask is None else attention_mask
    read, weights = attention(query, key, value, mask)
    return read.transpose(1, 2).contiguous(), weights


AttentionInterface.register(MATMUL_ATTENTION, matmul_attention)
AttentionMaskInterface.register(MATMUL_ATTENTION, sdpa_mask)  # bools, or None where plain causality is meant


@contextmanager
def quickest_attention(language_model) -> Iterator[None]:
    """Within it, a language model of transformers attends by plain products where bfloat16 pays. In float32 the fused one is quicker."""
    before = language_model.config._attn_implementation
    if bfloat16_is_faster():
        language_model.set_attn_implementation(MATMUL_ATTENTION)
    try:
        yield
    finally:
        language_model.set_attn_implementation(before)
