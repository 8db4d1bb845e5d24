"""Answers to Lesson 03's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import numpy as np
import torch
from answers import right, wrong
from torch.nn import functional as F

from course_lib.imagebind.data.mel import hertz_to_mel, mel_to_hertz


@right("imagebind.mel_filter_bank")
def bank_with_loops(bands, fft, rate):
    mels = [i * hertz_to_mel(rate / 2) / (bands + 1) for i in range(bands + 2)]
    f = np.arange(fft // 2 + 1) * rate / (2 * (fft // 2))
    out = np.zeros((fft // 2 + 1, bands))
    for b in range(bands):
        low, mid, high = (float(mel_to_hertz(mel)) for mel in mels[b : b + 3])
        for i, hertz in enumerate(f):
            if low < hertz <= mid:
                out[i, b] = (hertz - low) / (mid - low)
            elif mid < hertz < high:
                out[i, b] = (high - hertz) / (high - mid)
    return out


@wrong("imagebind.mel_filter_bank")
def bank_one_corner_short(bands, fft, rate):
    corners = mel_to_hertz(np.linspace(0, hertz_to_mel(rate / 2), bands + 1))
    corners = np.append(corners, 2 * corners[-1] - corners[-2])
    f = np.linspace(0, rate / 2, fft // 2 + 1)[:, None]
    return np.maximum(
        0, np.minimum((f - corners[:-2]) / np.diff(corners)[:-1], (corners[2:] - f) / np.diff(corners)[1:])
    )


@wrong("imagebind.mel_filter_bank")
def bank_sum_to_one(bands, fft, rate):
    bank = bank_with_loops(bands, fft, rate)
    return bank / np.maximum(bank.sum(axis=0, keepdims=True), 1e-9)


@right("imagebind.info_nce")
def nce_by_rows(embeddings, image_features, temperature=0.07):
    scores = (embeddings @ image_features.t()) / temperature
    labels = torch.arange(scores.size(0))
    return torch.stack([F.cross_entropy(one, labels) for one in (scores, scores.t())]).mean()


@wrong("imagebind.info_nce")
def nce_sum_of_both(embeddings, image_features, temperature=0.07):
    scores = embeddings @ image_features.T / temperature
    labels = torch.arange(len(scores))
    return F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)


@wrong("imagebind.info_nce")
def nce_all_zero(embeddings, image_features, temperature=0.07):
    scores = embeddings @ image_features.T / temperature
    labels = torch.zeros(len(scores), dtype=torch.long)
    return (F.cross_entropy(scores, labels) + F.cross_entropy(scores.T, labels)) / 2


@right("imagebind.classify_sounds")
def classify_with_numpy(sounds, names, temperature=0.07):
    s, t = (np.asarray(one, dtype=np.float64) for one in (sounds, names))
    s, t = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in (s, t))
    scores = np.exp(s @ t.T / temperature)
    return torch.from_numpy((scores / scores.sum(1, keepdims=True)).astype(np.float32))


@wrong("imagebind.classify_sounds")
def classify_logits(sounds, names, temperature=0.07):
    return F.normalize(sounds, dim=-1) @ F.normalize(names, dim=-1).T / temperature


@wrong("imagebind.classify_sounds")
def classify_log(sounds, names, temperature=0.07):
    return (F.normalize(sounds, dim=-1) @ F.normalize(names, dim=-1).T / temperature).log_softmax(dim=-1)


@right("imagebind.add_embeddings")
def add_by_mean(first, second):
    return F.normalize((F.normalize(first) + F.normalize(second)) / 2)


@wrong("imagebind.add_embeddings")
def add_plain(first, second):
    return first + second


@wrong("imagebind.add_embeddings")
def add_mean(first, second):
    return (F.normalize(first, dim=-1) + F.normalize(second, dim=-1)) / 2


@right("imagebind.modality_gap")
def gap_by_linalg(first, second):
    centres = [(one / torch.linalg.norm(one, dim=1, keepdim=True)).mean(0) for one in (first, second)]
    return torch.linalg.norm(centres[1] - centres[0])


@wrong("imagebind.modality_gap")
def gap_squared(first, second):
    return (F.normalize(first, dim=-1).mean(0) - F.normalize(second, dim=-1).mean(0)).square().sum()


@wrong("imagebind.modality_gap")
def gap_vector(first, second):
    return F.normalize(first, dim=-1).mean(dim=0) - F.normalize(second, dim=-1).mean(dim=0)
