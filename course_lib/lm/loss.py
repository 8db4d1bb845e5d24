"""The losses: next token, which pretraining and instruction tuning share, and preference (DPO)."""

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


def answer_logps(logits: Tensor, labels: Tensor) -> Tensor:
    """log p(answer | prompt) of B conversations: the sum over its tokens. logits [B, T, V], labels [B, T] as above → [B]."""
    following = F.pad(labels[:, 1:], (0, 1), value=IGNORE_INDEX)  # [B, T]
    losses = F.cross_entropy(logits.transpose(1, 2), following, ignore_index=IGNORE_INDEX, reduction="none")  # [B, T]
    return -losses.sum(dim=1)


def dpo_loss(
    chosen_logps: Tensor, rejected_logps: Tensor, ref_chosen_logps: Tensor, ref_rejected_logps: Tensor, beta: float
) -> Tensor:
    """Direct preference optimisation (Rafailov et al., 2023, arXiv 2305.18290, equation 7), trl's "sigmoid" loss.

    Four [B]: the log probabilities of chosen and rejected answers, of the model in training and of the frozen reference that
    it began as. beta: how dearly it pays for moving away from the reference. Returns a scalar, the mean over the pairs.
    """
    chosen, rejected = chosen_logps - ref_chosen_logps, rejected_logps - ref_rejected_logps  # log ratios, [B]
    return -F.logsigmoid(beta * (chosen - rejected)).mean()


def unigram_entropy(token_ids: Tensor) -> float:
    """The loss of somebody who knows only how often each token is said: −Σ p log p over the ids int64 [N], in nats."""
    share = token_ids.bincount() / len(token_ids)
    share = share[share > 0]
    return float(-(share * share.log()).sum())
