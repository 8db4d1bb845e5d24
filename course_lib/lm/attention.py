"""Attention for training in bfloat16: plain products, which there are twice as quick as torch's fused attention.

The fused one (`scaled_dot_product_attention`) never writes its scores down, which pays for long texts. Here rows have
some 250 tokens and heads of 32 numbers: their scores fit the cache, and its backward pass takes three times as long as theirs.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.masking_utils import sdpa_mask
from transformers.models.llama.modeling_llama import repeat_kv

from course_lib.lm.loss import causal_mask
from course_lib.precision import bfloat16_is_faster

NAME = "products"


def attend(
    module, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, scaling: float, **_
) -> tuple[Tensor, None]:
    """softmax(QKᵀ · scaling, where the mask is True) V: [B, H, T, D], [B, G, T, D] twice, bool [B, 1, T, T] → [B, T, H, D].

    Without a mask each looks at itself and what stands before. As transformers' own "eager", but nothing is turned to float32 on
    the way (softmax sums in float32 in any case), and a mask of bools is taken for what it is. There is no dropout.
    """
    key, value = (repeat_kv(part, module.num_key_value_groups) for part in (key, value))  # [B, H, T, D]
    scores = (query * scaling) @ key.transpose(2, 3)  # [B, H, T, T]
    seen = causal_mask(query.shape[2]).to(query.device) if attention_mask is None else attention_mask
    lowest = torch.finfo(scores.dtype).min  # not −∞: a row that sees nothing, of padding, still has a softmax
    scores += scores.new_zeros(seen.shape).masked_fill_(~seen, lowest)
    return (scores.softmax(-1) @ value).transpose(1, 2).contiguous(), None


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, sdpa_mask)  # bools, or None where plain causality is meant


@contextmanager
def quickest_attention(language_model) -> Iterator[None]:
    """Within it, a language model of transformers attends by plain products where bfloat16 pays. In float32 the fused one is quicker."""
    before = language_model.config._attn_implementation
    if bfloat16_is_faster():
        language_model.set_attn_implementation(NAME)
    try:
        yield
    finally:
        language_model.set_attn_implementation(before)
