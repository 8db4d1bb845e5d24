"""What the new towers are trained with: InfoNCE against frozen pictures, at a temperature that stays as it is."""

import torch
from torch import Tensor
from torch.nn import functional as F

TEMPERATURE = 0.07


def info_nce(embeddings: Tensor, image_features: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """The symmetric InfoNCE of a modality M with pictures: embeddings [B, D] and image_features [B, D], row by row a pair,
    both L2-normalised → scalar (ImageBind, equation 1 and below).

    The pair of a row is right and every other row of the batch is wrong, *be it of the same noun*: nobody knows the nouns here.
    The temperature divides and is fixed: the paper's best fixed ones beat a learned one (table 5a).
    """
    logits = embeddings @ image_features.T / temperature  # [B, B]: row = sound or disparity, column = picture
    targets = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2
