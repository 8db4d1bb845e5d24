"""The proofs of the CLIP room. Every figure comes with chance, a control that must fail, and the bar it was set.

`figures()` measures the shipped checkpoint on scenes of the stream "test", in wordings that training never used.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from course_lib.clip import learn, supervised, testsets
from course_lib.clip.loss import contrastive_loss
from course_lib.clip.probes import colour_histogram, few_shots, linear_probe
from course_lib.clip.testsets import TestSet, image_features, text_features
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.zero_shot import zero_shot_classifier
from course_lib.figures import Figure
from course_lib.statistics import wilson
from course_lib.world.language import TEST_TEMPLATES
from course_lib.world.nouns import article
from course_lib.world.splits import SHIFT_STYLES, TRAIN_STYLES

PROMPTS = tuple(wording for _, wording in TEST_TEMPLATES)
BARS = {"fluent_flat": 0.55, "fluent": 0.45}
SHOTS = (1, 2, 4, 8, 16, 32)


def figures(live: bool = False, atlas: str | None = None) -> Iterator[Figure]:
    """All figures of the room; with `atlas`, the zero-shot figure on that style only; with `live`, those of a live run too."""
    model = learn.load_baked()
    if atlas:
        yield share("clip.zero_shot_top1.atlas", hits(model, testsets.single_things(styles=(atlas,))), chance=1 / 160)
        return
    untrained = learn.new_model(seed=1)
    yield from zero_shot(model, untrained)
    yield from pairs_and_novel(model, untrained)
    yield from prompts(model)
    yield from retrieval(model, untrained)
    yield from winoground(model)
    yield from probes(model)
    if live:
        yield from live_run()


def with_article(name: str) -> str:
    """ "cat" → "a cat", "scissors" → "some scissors", "red apple" → "a red apple"."""
    return f"{article(name, name)} {name}"


def classifier(model, names, templates=PROMPTS) -> Tensor:
    """Zero-shot weights [D, C] for names of the world."""
    return zero_shot_classifier(model, get_tokenizer(), [with_article(name) for name in names], templates)


def hits(model, tests: TestSet, k: int = 1, templates=PROMPTS, weights: Tensor | None = None) -> np.ndarray:
    """bool [N]: is the right answer among the k most probable?"""
    weights = classifier(model, tests.names, templates) if weights is None else weights
    scores = image_features(model, tests.images) @ weights  # [N, C]
    best = scores.topk(k, dim=1).indices.numpy()  # [N, k]
    return (best == tests.answers[:, None]).any(1)


def share(id: str, right: np.ndarray, **company) -> Figure:
    """The share of True in `right`, with its interval."""
    value = float(np.mean(right))
    low, high = wilson(value, len(right))
    return Figure(id, round(value, 4), round(low, 4), round(high, 4), len(right), **company)


def zero_shot(model, untrained) -> Iterator[Figure]:
    """160 classes by their names: trained styles, then the ladder of styles that training never saw."""
    tests = testsets.single_things()
    right = hits(model, tests)
    twin = float(hits(untrained, tests).mean())
    company = {"chance": 1 / 160, "control": twin, "ceiling": 1.0}
    yield share(
        "clip.zero_shot_top1.trained",
        right,
        **company,
        baseline=colour_only(tests),
        bar=0.95,
        note="control: untrained twin; baseline: a probe on colour histograms",
    )
    yield share("clip.zero_shot_top5.trained", hits(model, tests, k=5), chance=5 / 160, ceiling=1.0)
    yield share("clip.zero_shot_top1.recolourable", right[tests.recolourable], **company, bar=0.90)
    yield share(
        "clip.zero_shot_top1.shuffled_names",
        hits(model, tests, weights=classifier(model, shuffled(tests.names))),
        chance=1 / 160,
        note="a control: every class is called by another one's name",
    )
    yield from style_ladder(model)


def style_ladder(model) -> Iterator[Figure]:
    """The same question in styles never trained; baseline: the same tower trained on labels (`clip.supervised`)."""
    rival = supervised.load_baked()
    tests = testsets.single_things()
    yield share("clip.supervised_top1.trained", labelled_hits(rival, tests), chance=1 / 160)
    for style in SHIFT_STYLES:
        tests = testsets.single_things(styles=(style,))
        yield share(
            f"clip.zero_shot_top1.{style}",
            hits(model, tests),
            chance=1 / 160,
            baseline=round(float(labelled_hits(rival, tests).mean()), 4),
            ceiling=1.0,
            bar=BARS.get(style),
            note="baseline: a classifier trained on labels, same tower, same pictures",
        )


def labelled_hits(rival: supervised.Classifier, tests: TestSet) -> np.ndarray:
    """bool [N]: does the classifier give the right one of its 160 labels the highest score?"""
    return testsets.encoded(rival, tests.images).argmax(1).numpy() == tests.answers


def shuffled(names: tuple[str, ...]) -> list[str]:
    """The names, none in its own place."""
    return [*names[1:], names[0]]


def colour_only(tests: TestSet) -> float:
    """Accuracy of a probe that sees colours and no shapes, trained on other scenes of the same styles."""
    train = testsets.single_things(stream="train")
    predicted = linear_probe(colour_histogram(train.images), train.answers, colour_histogram(tests.images), c=100.0)
    return float((predicted == tests.answers).mean())


def pairs_and_novel(model, untrained) -> Iterator[Figure]:
    """Colours on things that never had them, and things that were never named."""
    pairs = testsets.unseen_pairs()
    yield share(
        "clip.zero_shot_top1.colour_pairs",
        hits(model, pairs),
        chance=1 / len(pairs.names),
        control=float(hits(untrained, pairs).mean()),
        ceiling=1.0,
        bar=0.70,
    )
    novel = testsets.novel_things()
    yield share(
        "clip.zero_shot_top1.novel",
        hits(model, novel),
        chance=1 / 40,
        control=float(hits(untrained, novel).mean()),
        ceiling=1.0,
        note="words that training never read: little more than chance can be expected",
    )


def prompts(model) -> Iterator[Figure]:
    """What wording the class names well is worth; no wording here was trained on."""
    tests = testsets.single_things(styles=("fluent_flat",))
    sets = {"name_only": ("{}",), "one": PROMPTS[:1], "ensemble": PROMPTS}
    for name, templates in sets.items():
        yield share(
            f"clip.prompts.{name}", hits(model, tests, templates=templates), chance=1 / 160, note="on fluent_flat"
        )


def retrieval(model, untrained) -> Iterator[Figure]:
    """Which of 512 captions belongs to this picture, and which picture to this caption?"""
    images, captions = testsets.retrieval_pairs()
    scores = _scores(model, images, captions)
    twin = _scores(untrained, images, captions)
    for name, these, control in (("i2t", scores, twin), ("t2i", scores.T, twin.T)):
        for k in (1, 5):
            right = _retrieved(these, k)
            bar = 0.60 if k == 1 else None
            yield share(
                f"clip.retrieval_r{k}.{name}",
                right,
                chance=k / len(captions),
                control=float(_retrieved(control, k).mean()),
                ceiling=1.0,
                bar=bar,
            )


def _scores(model, images: np.ndarray, captions: list[str]) -> Tensor:
    """Cosines [N pictures, N captions]."""
    return image_features(model, images) @ text_features(model, get_tokenizer(), captions).T


def _retrieved(scores: Tensor, k: int) -> np.ndarray:
    best = scores.topk(k, dim=1).indices  # [N, k]
    return (best == torch.arange(len(scores))[:, None]).any(1).numpy()


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
    pool = testsets.single_things(styles=style, each=max(SHOTS), stream="val")
    zero = float(hits(model, tests).mean())
    test_features, pool_features = image_features(model, tests.images).numpy(), image_features(model, pool.images)
    crossing = None
    for shots in SHOTS:
        seeds = (0, 1, 2) if shots <= 8 else (0,)
        right = [
            linear_probe(*few_shots(pool_features, pool.answers, shots, s), test_features) == tests.answers
            for s in seeds
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
            "clip.probe_crossover", crossing, unit="examples a class", note="CLIP's paper: about 4 on ImageNet"
        )


def live_run() -> Iterator[Figure]:
    """Train from scratch as the lesson does, and measure that; control: a short run on captions of other pictures."""
    model, twin = learn.new_model(), learn.new_model()
    learn.train(twin, replace(learn.LIVE, steps=400), loss=mismatched_loss)
    minutes = f"{learn.train(model, learn.LIVE).seconds / 60:.1f} minutes of training; control: shuffled captions"
    for style, styles, bar in (("trained", TRAIN_STYLES, 0.70), ("fluent_flat", ("fluent_flat",), 0.30)):
        tests = testsets.single_things(styles=styles)
        control = float(hits(twin, tests).mean())
        right = hits(model, tests)
        yield share(f"clip.live_top1.{style}", right, chance=1 / 160, control=control, bar=bar, note=minutes)


def mismatched_loss(image_features: Tensor, text_features: Tensor, logit_scale: Tensor) -> Tensor:
    """The contrastive loss with every picture beside its neighbour's caption: there is nothing to learn from."""
    return contrastive_loss(image_features, text_features.roll(1, dims=0), logit_scale)
