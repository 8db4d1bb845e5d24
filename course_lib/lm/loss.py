"""Predict the next token: the loss that pretraining and instruction tuning share."""

import torch
from torch import Tensor
from torch.nn import functional as F

IGNORE_INDEX = -100  # the label of a position that is not learned from


def next_token_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean cross-entropy of each position's logits with the *next* position's label.

    logits [B, T, V], labels int64 [B, T], where labels are the input ids, or IGNORE_INDEX where nothing shall be learned.
    Returns a scalar; 0 where no label is left (a batch of nothing but masked text teaches nothing).
    """
    # Labels move to where they are predicted; nothing follows the last. Dropping the last logits would copy all others.
    following = F.pad(labels[:, 1:], (0, 1), value=IGNORE_INDEX)  # [B, T]
    # Text by text: one's logits [T, V] fit the processor's cache, all of them don't, and would be fetched again and again.
    texts = zip(logits, following, strict=True)
    total = sum(F.cross_entropy(*text, ignore_index=IGNORE_INDEX, reduction="sum") for text in texts)
    return total / (following != IGNORE_INDEX).sum().clamp(min=1)


def causal_mask(length: int) -> Tensor:
    """bool [T, T]: True where row i (the reader) may look at column j (what is read): at itself and at what came before."""
    positions = torch.arange(length)
    return positions[:, None] >= positions[None, :]


def unigram_entropy(token_ids: Tensor) -> float:
    """The loss of somebody who knows only how often each token is said: −Σ p log p over the ids int64 [N], in nats."""
    share = token_ids.bincount() / len(token_ids)
    share = share[share > 0]
    return float(-(share * share.log()).sum())
