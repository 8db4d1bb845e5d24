"""The proofs that CLIP names things: zero-shot classification, in styles, colours and wordings never trained."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from course_lib.clip import train_supervised
from course_lib.clip.data import testsets
from course_lib.clip.data.testsets import TestSet, image_features
from course_lib.clip.evaluate.probes import colour_histogram, linear_probe
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.zero_shot import zero_shot_classifier
from course_lib.figures import Figure, share
from course_lib.world.language import TEST_TEMPLATES
from course_lib.world.nouns import article
from course_lib.world.splits import SHIFT_STYLES
from course_lib.world.stickers import classes

PROMPTS = tuple(wording for _, wording in TEST_TEMPLATES)
BARS = {"fluent_flat": 0.55, "fluent": 0.45}


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
    rival = train_supervised.load_baked()
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


def labelled_hits(rival: train_supervised.Classifier, tests: TestSet) -> np.ndarray:
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
    right = hits(model, novel)
    yield share(
        "clip.zero_shot_top1.novel",
        right,
        chance=1 / 40,
        control=float(hits(untrained, novel).mean()),
        ceiling=1.0,
        note="things that training never named nor showed",
    )
    unread = unread_words(novel)
    yield share(
        "clip.zero_shot_top1.novel_words",
        right[unread],
        chance=1 / 40,
        control=float(hits(untrained, novel)[unread].mean()),
        note="those without a word that training read, as car of police car is: nothing beyond chance can be expected",
    )


def unread_words(tests: TestSet) -> np.ndarray:
    """bool [N]: has training read no word of the right answer?"""
    read = {word for one in classes() if one.split != "novel" for word in one.name.split()}
    return np.array([read.isdisjoint(tests.names[answer].split()) for answer in tests.answers])


def prompts(model) -> Iterator[Figure]:
    """What wording the class names well is worth; no wording here was trained on."""
    tests = testsets.single_things(styles=("fluent_flat",))
    sets = {"name_only": ("{}",), "one": PROMPTS[:1], "ensemble": PROMPTS}
    for name, templates in sets.items():
        yield share(
            f"clip.prompts.{name}", hits(model, tests, templates=templates), chance=1 / 160, note="on fluent_flat"
        )
