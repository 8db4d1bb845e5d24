"""Intervals of differences and of ratios by resampling questions (Efron, 1979), and the calibration of yes and no."""

from collections.abc import Sequence

import numpy as np

NUM_RESAMPLES = 2000
NUM_BINS = 10  # of probability


def resample(num: int, times: int = NUM_RESAMPLES, seed: int = 0) -> np.ndarray:
    """Numbers of questions drawn with replacement, `times` over: int [R, n]."""
    return np.random.default_rng(seed).integers(num, size=(times, num))


def paired_difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float, float]:
    """How much more of the same questions the first got right: (difference, low, high), a 95 % interval; bool [n] each."""
    differences = first.astype(float) - second
    low, high = np.percentile(differences[resample(len(differences))].mean(axis=1), (2.5, 97.5))
    return float(differences.mean()), float(low), float(high)


def filter_recovery(
    clean: np.ndarray, noisy: np.ndarray, filtered: np.ndarray, resamples: np.ndarray
) -> tuple[float, float, float]:
    """How much of what faults cost a filter brings back: ((filtered − noisy) / (clean − noisy), low, high).

    clean, noisy, filtered: was each question answered right, [n], the same questions in all three (or by what share of several
    models); resamples int [R, n]: numbers of questions. The ends are the 2.5th and the 97.5th percentile over those resamples in
    which faults cost anything at all.
    ValueError where clean data are no better than noisy ones: nothing was lost that could come back.
    """
    gap, gain = (np.asarray(one, float) - np.asarray(noisy, float) for one in (clean, filtered))  # [n]
    if gap.mean() <= 0:
        raise ValueError("Clean data are no better than noisy ones here.")
    gaps, gains = (one[resamples].mean(axis=1) for one in (gap, gain))  # [R]
    low, high = np.percentile(gains[gaps > 0] / gaps[gaps > 0], (2.5, 97.5))
    return float(gain.mean() / gap.mean()), float(low), float(high)


def calibration_error(probabilities: Sequence[float], truths: Sequence[bool]) -> float:
    """Expected calibration error of yes/no answers (Guo et al., 2017, arXiv 1706.04599, section 2).

    probabilities: of "yes", of each question; truths: is it the right answer? The answer given is the likelier one, and its
    probability is the confidence. Σ over bins of confidence: share of the questions × |accuracy − mean confidence|.
    """
    p, yes = np.asarray(probabilities, float), np.asarray(truths, bool)
    confidence, right = np.maximum(p, 1 - p), (p >= 0.5) == yes
    bins = np.minimum((confidence * NUM_BINS).astype(int), NUM_BINS - 1)
    parts = [bins == number for number in np.unique(bins)]
    return float(sum(part.mean() * abs(right[part].mean() - confidence[part].mean()) for part in parts))
