"""Occlusion maps (Zeiler and Fergus, 2014, arXiv 1311.2901): the parts of the picture that an answer depends on.

A window of the picture is covered with grey, the answer is scored again, and what its log-probability loses is how much that
part mattered. Attention weights are cheaper, but a token may attend where nothing depends on it (Jain and Wallace, 2019, arXiv
1902.10186).
"""

import numpy as np
import torch
from torch import Tensor

GRID = 8  # windows a side, one around each patch
WINDOW = 16  # pixels a side of a window, in a picture of 64


def occluded(pixels: Tensor, window: int = WINDOW) -> Tensor:
    """pixels [1, 3, S, S], normalised → [64, 3, S, S], each with a grey square around another patch (0 is the mean grey)."""
    side = pixels.shape[-1]
    cell = side // GRID
    middles = torch.arange(GRID) * cell + cell // 2
    near = (torch.arange(side)[None] - middles[:, None]).add(0.5).abs() < window / 2 * side / 64  # bool [8, S]
    inside = near[:, None, :, None] & near[None, :, None, :]  # [8, 8, S, S]: rows and columns
    return pixels.masked_fill(inside.flatten(0, 1).unsqueeze(1), 0.0)  # [8, 8, S, S] → [64, 1, S, S]


@torch.no_grad()
def answer_log_probs(model, features: Tensor, question: str, answer: str) -> Tensor:
    """Log-probability of one answer given each of B pictures: features [B, N, W] → [B], in nats, the sum over its tokens."""
    ids, labels = model.encode(question, answer)
    ids, labels = (torch.tensor([row] * len(features)) for row in (ids, labels))  # [B, T]
    _, logits = model(ids, torch.ones_like(ids), labels, features=features)
    tokens = labels[0][labels[0] >= 0]  # [A]: the answer's, at the end of the text
    log_probs = logits[:, -len(tokens) - 1 : -1].float().log_softmax(-1)  # [B, A, V], each predicts the next one
    return log_probs[:, torch.arange(len(tokens)), tokens].sum(-1)


@torch.no_grad()
def occlusion_map(model, pixels: Tensor, question: str, answer: str) -> np.ndarray:
    """pixels [1, 3, S, S] → float [8, 8]: what the answer's log-probability loses when this part is covered, at least 0."""
    features = model.image_features(torch.cat([pixels, occluded(pixels)]))  # [1 + 64, N, W]
    log_probs = answer_log_probs(model, features, question, answer)
    return (log_probs[0] - log_probs[1:]).clamp(min=0).view(GRID, GRID).numpy()  # [64] → [8, 8]
