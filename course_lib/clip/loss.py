"""What CLIP is trained with: the symmetric contrastive loss, and the limit of its learned temperature."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

MAX_LOGIT_SCALE = math.log(100)  # of the logarithm: cosines are multiplied by 100 at most


def contrastive_loss(image_features: Tensor, text_features: Tensor, logit_scale: Tensor) -> Tensor:
    """The symmetric cross-entropy (InfoNCE) of a batch: pick the text of every picture, and the picture of every text.

    image_features [B, D] and text_features [B, D], both L2-normalised, row i of one belonging to row i of the other;
    logit_scale is the factor itself, exp already taken → scalar loss. Guessing costs ln(B).
    Equals `open_clip.ClipLoss` on one machine (CLIP, section 2.3 and figure 3).
    """
    logits = logit_scale * image_features @ text_features.T  # [B, B]: row = picture, column = text
    labels = torch.arange(len(logits), device=logits.device)  # the right answers lie on the diagonal
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def clamp_logit_scale(logit_scale: Tensor) -> Tensor:
    """Keep the (logarithmic) temperature between 0 and ln 100, as CLIP does after every step. scalar → scalar.

    Without a limit the easiest way to a smaller loss is ever larger logits, until training becomes unstable.
    """
    return logit_scale.clamp(0, MAX_LOGIT_SCALE)
