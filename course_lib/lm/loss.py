"""Predict the next token: the loss that pretraining and instruction tuning share."""

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE = -100  # the label of a position that is not learned from


def next_token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each position's logits with the *next* position's label.

    logits [B, T, V], labels int64 [B, T], where labels are the input ids, or IGNORE where nothing shall be learned.
    Returns a scalar; 0 where no label is left (a batch of nothing but masked text teaches nothing).
    """
    predicted = logits[:, :-1].reshape(-1, logits.shape[-1])  # [B, T-1, V] → [B·(T-1), V]
    following = labels[:, 1:].reshape(-1)  # [B, T-1] → [B·(T-1)]
    learned = following != IGNORE
    total = F.cross_entropy(predicted, following, ignore_index=IGNORE, reduction="sum")
    return total / learned.sum().clamp(min=1)


def causal_mask(length: int) -> Tensor:
    """bool [T, T]: True where row i (the reader) may look at column j (what is read): at itself and at what came before."""
    positions = torch.arange(length)
    return positions[:, None] >= positions[None, :]
