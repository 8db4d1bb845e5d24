"""The proofs of the CLIP room. Every figure comes with chance, a control that must fail, and the bar it was set.

`figures()` measures the shipped checkpoint on scenes of the stream "test", in wordings that training never used.
What is about naming things lies in `zero_shot`, where the model looks in `pointing`, what batches teach in `shortcut`, the lab on real
towers in `frozen_towers`; retrieval, word order, probes and the live run are here.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from course_lib.clip import train
from course_lib.clip.data import testsets
from course_lib.clip.data.testsets import image_features, text_features
from course_lib.clip.evaluate import frozen_towers, shortcut
from course_lib.clip.evaluate.pointing import pointing_game
from course_lib.clip.evaluate.zero_shot import (
    few_shots,
    linear_probe,
    pairs_and_novel,
    prompts,
    topk_correct,
    with_article,
    zero_shot,
)
from course_lib.clip.loss import contrastive_loss
from course_lib.clip.pretrained import build_clip, load_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.figures import Figure, share
from course_lib.session import quick
from course_lib.world.splits import TRAIN_STYLES

__all__ = [
    "figures",
    "frozen_towers",
    "live_run",
    "pairs_and_novel",
    "pointing_game",
    "probes",
    "prompts",
    "retrieval",
    "shortcut",
    "topk_correct",
    "winoground",
    "with_article",
    "zero_shot",
]  # fmt: skip
SHOTS = (1, 2, 4, 8, 16, 32)


def figures(live: bool = False, atlas: str | None = None) -> Iterator[Figure]:
    """All figures of the room; with `atlas`, the zero-shot figure on that style only.

    With `live` also what is trained for: a live run, the shortcut's runs, and the lab where its packages are installed.
    """
    model = load_clip()
    if atlas:
        yield share(
            "clip.zero_shot_top1.atlas", topk_correct(model, testsets.single_things(styles=(atlas,))), chance=1 / 160
        )
        return
    untrained = build_clip(seed=1)
    yield from zero_shot(model, untrained)
    yield from pairs_and_novel(model, untrained)
    yield from prompts(model)
    yield from retrieval(model, untrained)
    yield from winoground(model)
    yield from probes(model)
    yield from pointing_game(model, untrained)
    if live:
        yield from live_run()
        yield from shortcut.figures()
        if frozen_towers.available():
            yield from frozen_towers.figures()


def retrieval(model, untrained) -> Iterator[Figure]:
    """Which of 512 captions belongs to this picture, and which picture to this caption?"""
    images, captions = testsets.retrieval_pairs()
    similarity = _similarity(model, images, captions)
    control = _similarity(untrained, images, captions)
    for name, cosines, of_untrained in (("i2t", similarity, control), ("t2i", similarity.T, control.T)):
        for k in (1, 5):
            right = _retrieved_at_k(cosines, k)
            bar = 0.60 if k == 1 else None
            yield share(
                f"clip.retrieval_r{k}.{name}",
                right,
                chance=k / len(captions),
                control=float(_retrieved_at_k(of_untrained, k).mean()),
                ceiling=1.0,
                bar=bar,
            )


def _similarity(model, images: np.ndarray, captions: list[str]) -> Tensor:
    """Cosines [N pictures, N captions]."""
    return image_features(model, images) @ text_features(model, get_tokenizer(), captions).T


def _retrieved_at_k(similarity: Tensor, k: int) -> np.ndarray:
    """bool [N]: is the partner among the k most similar? The mean is recall@k."""
    best = similarity.topk(k, dim=1).indices  # [N, k]
    return (best == torch.arange(len(similarity))[:, None]).any(1).numpy()


def winoground(model) -> Iterator[Figure]:
    """Two pictures, two captions of the same words: text, image and group score (Thrush et al., 2022, section 3)."""
    first, second, texts = testsets.swapped_pairs()
    i0, i1 = image_features(model, first), image_features(model, second)
    t0 = text_features(model, get_tokenizer(), [pair[0] for pair in texts])
    t1 = text_features(model, get_tokenizer(), [pair[1] for pair in texts])
    s00, s01, s10, s11 = ((i * t).sum(1) for i, t in ((i0, t0), (i0, t1), (i1, t0), (i1, t1)))
    text = ((s00 > s01) & (s11 > s10)).numpy()
    image = ((s00 > s10) & (s11 > s01)).numpy()
    for name, right, chance in (("text", text, 1 / 4), ("image", image, 1 / 4), ("group", text & image, 1 / 6)):
        yield share(
            f"clip.winoground.{name}", right, chance=chance, ceiling=1.0, note="a fixed taste for one caption scores 0"
        )


def probes(model) -> Iterator[Figure]:
    """A linear probe on k examples a class, on the never trained style fluent_flat, beside zero-shot."""
    style = ("fluent_flat",)
    tests = testsets.single_things(styles=style)
    pool = testsets.single_things(styles=style, per_class=2 if quick() else max(SHOTS), stream="val")
    zero = float(topk_correct(model, tests).mean())
    test_features, pool_features = image_features(model, tests.images).numpy(), image_features(model, pool.images)
    crossing = None
    for shots in SHOTS[:2] if quick() else SHOTS:
        seeds = (0, 1, 2) if shots <= 8 else (0,)
        right = [
            linear_probe(*few_shots(pool_features, pool.labels, shots, s), test_features) == tests.labels for s in seeds
        ]
        mean = float(np.mean(right))
        crossing = shots if crossing is None and mean > zero else crossing
        yield share(
            f"clip.probe_top1.k{shots}",
            np.concatenate(right),
            chance=1 / 160,
            baseline=zero,
            note="baseline: zero-shot",
        )
    if crossing:
        yield Figure(
            "clip.probe_crossover",
            crossing,
            unit="examples a class",
            note="CLIP's paper: 4 on average over its data sets, 16 on ImageNet",
        )


def live_run() -> Iterator[Figure]:
    """Train from scratch as the lesson does, and measure that; control: a short run on captions of other pictures."""
    model, twin = build_clip(), build_clip()
    train.train(twin, replace(train.LIVE, steps=400), loss=mismatched_loss)
    minutes = f"{train.train(model, train.LIVE).seconds / 60:.1f} minutes of training; control: shuffled captions"
    for style, styles, bar in (("trained", TRAIN_STYLES, 0.70), ("fluent_flat", ("fluent_flat",), 0.30)):
        tests = testsets.single_things(styles=styles)
        control = float(topk_correct(twin, tests).mean())
        right = topk_correct(model, tests)
        yield share(f"clip.live_top1.{style}", right, chance=1 / 160, control=control, bar=bar, note=minutes)


def mismatched_loss(image_features: Tensor, text_features: Tensor, logit_scale: Tensor) -> Tensor:
    """The contrastive loss with every picture beside its neighbour's caption: there is nothing to learn from."""
    return contrastive_loss(image_features, text_features.roll(1, dims=0), logit_scale)
