"""The proofs that CLIP names things: zero-shot classification, in styles, colours and wordings never trained;
and the probes that zero-shot is compared with."""

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from course_lib.clip import train_supervised
from course_lib.clip.data import testsets
from course_lib.clip.data.testsets import ClassificationSet, image_features
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


def topk_correct(
    model, tests: ClassificationSet, k: int = 1, templates=PROMPTS, weights: Tensor | None = None
) -> np.ndarray:
    """bool [N]: is the right answer among the k most probable?"""
    weights = classifier(model, tests.class_names, templates) if weights is None else weights
    scores = image_features(model, tests.images) @ weights  # [N, C]
    best = scores.topk(k, dim=1).indices.numpy()  # [N, k]
    return (best == tests.labels[:, None]).any(1)


def zero_shot(model, untrained) -> Iterator[Figure]:
    """160 classes by their names: trained styles, then the ladder of styles that training never saw."""
    tests = testsets.single_things()
    right = topk_correct(model, tests)
    twin = float(topk_correct(untrained, tests).mean())
    references = {"chance": 1 / 160, "control": twin, "ceiling": 1.0}
    yield share(
        "clip.zero_shot_top1.trained",
        right,
        **references,
        baseline=colour_only(tests),
        bar=0.95,
        note="control: untrained twin; baseline: a probe on colour histograms",
    )
    yield share("clip.zero_shot_top5.trained", topk_correct(model, tests, k=5), chance=5 / 160, ceiling=1.0)
    yield share("clip.zero_shot_top1.recolourable", right[tests.recolourable], **references, bar=0.90)
    yield share(
        "clip.zero_shot_top1.shuffled_names",
        topk_correct(model, tests, weights=classifier(model, shuffled(tests.class_names))),
        chance=1 / 160,
        note="a control: every class is called by another one's name",
    )
    yield from style_ladder(model)


def style_ladder(model) -> Iterator[Figure]:
    """The same question in styles never trained; baseline: the same tower trained on labels (`clip.supervised`)."""
    rival = train_supervised.load_baked()
    tests = testsets.single_things()
    yield share("clip.supervised_top1.trained", classifier_correct(rival, tests), chance=1 / 160)
    for style in SHIFT_STYLES:
        tests = testsets.single_things(styles=(style,))
        yield share(
            f"clip.zero_shot_top1.{style}",
            topk_correct(model, tests),
            chance=1 / 160,
            baseline=round(float(classifier_correct(rival, tests).mean()), 4),
            ceiling=1.0,
            bar=BARS.get(style),
            note="baseline: a classifier trained on labels, same tower, same pictures",
        )


def classifier_correct(rival: train_supervised.Classifier, tests: ClassificationSet) -> np.ndarray:
    """bool [N]: does the classifier give the right one of its 160 labels the highest score?"""
    return testsets.encode_images(rival, tests.images).argmax(1).numpy() == tests.labels


def shuffled(names: tuple[str, ...]) -> list[str]:
    """The names, none in its own place."""
    return [*names[1:], names[0]]


def colour_only(tests: ClassificationSet) -> float:
    """Accuracy of a probe that sees colours and no shapes, trained on other scenes of the same styles."""
    train = testsets.single_things(stream="train")
    predicted = linear_probe(colour_histogram(train.images), train.labels, colour_histogram(tests.images), c=100.0)
    return float((predicted == tests.labels).mean())


def pairs_and_novel(model, untrained) -> Iterator[Figure]:
    """Colours on things that never had them, and things that were never named."""
    pairs = testsets.unseen_pairs()
    yield share(
        "clip.zero_shot_top1.colour_pairs",
        topk_correct(model, pairs),
        chance=1 / len(pairs.class_names),
        control=float(topk_correct(untrained, pairs).mean()),
        ceiling=1.0,
        bar=0.70,
    )
    novel = testsets.novel_things()
    right = topk_correct(model, novel)
    yield share(
        "clip.zero_shot_top1.novel",
        right,
        chance=1 / 40,
        control=float(topk_correct(untrained, novel).mean()),
        ceiling=1.0,
        note="things that training never named nor showed",
    )
    unread = unread_words(novel)
    yield share(
        "clip.zero_shot_top1.novel_words",
        right[unread],
        chance=1 / 40,
        control=float(topk_correct(untrained, novel)[unread].mean()),
        note="those without a word that training read, as car of police car is: nothing beyond chance can be expected",
    )


def unread_words(tests: ClassificationSet) -> np.ndarray:
    """bool [N]: has training read no word of the right answer?"""
    read = {word for one in classes() if one.split != "novel" for word in one.name.split()}
    return np.array([read.isdisjoint(tests.class_names[answer].split()) for answer in tests.labels])


def prompts(model) -> Iterator[Figure]:
    """What wording the class names well is worth; no wording here was trained on."""
    tests = testsets.single_things(styles=("fluent_flat",))
    sets = {"name_only": ("{}",), "one": PROMPTS[:1], "ensemble": PROMPTS}
    for name, templates in sets.items():
        yield share(
            f"clip.prompts.{name}",
            topk_correct(model, tests, templates=templates),
            chance=1 / 160,
            note="on fluent_flat",
        )


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
