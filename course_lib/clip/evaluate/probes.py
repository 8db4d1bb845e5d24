"""What zero-shot is compared with: a linear probe on the same features, and a probe that sees nothing but colours."""

import numpy as np
from torch import Tensor

PROBE_C = 0.316  # the regularisation of CLIP's own probes (openai/CLIP, README)


def linear_probe(train: np.ndarray, answers: np.ndarray, test: np.ndarray, c: float = PROBE_C) -> np.ndarray:
    """Logistic regression: fit on train [N, D] with answers int [N] → predictions int [M] for test [M, D]."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=300).fit(train, answers).predict(test)


def few_shots(features: Tensor, answers: np.ndarray, shots: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """`shots` examples of every class, drawn at random: features [C·shots, D] and answers [C·shots]."""
    rng = np.random.default_rng(seed)
    rows = [rng.permutation(np.flatnonzero(answers == c))[:shots] for c in np.unique(answers)]
    chosen = np.concatenate(rows)
    return features.numpy()[chosen], answers[chosen]


def colour_histogram(images: np.ndarray) -> np.ndarray:
    """What one can know without seeing any shape: uint8 [N, H, W, 3] → shares of 4 × 4 × 4 colours, float [N, 64]."""
    levels = images // 64  # [N, H, W, 3] in 0–3
    codes = (levels[..., 0] * 16 + levels[..., 1] * 4 + levels[..., 2]).reshape(len(images), -1)  # [N, H·W]
    return np.stack([np.bincount(row, minlength=64) for row in codes]) / codes.shape[1]
