"""Exercises on composition: Winoground's scores, and the loss with hard negatives."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.failures.evaluate.composition import winoground_scores
from course_lib.failures.loss import negclip_loss

CASES = ("random", "matching", "a fixed taste", "ties", "random")


def winoground_inputs(rng) -> tuple[np.ndarray]:
    """Scores [N, 2, 2] of some pairs: `CASES`, in turn."""
    case, count = rng.in_turn(CASES), int(rng.integers(16, 30))
    scores = rng.standard_normal((count, 2, 2))
    if case == "matching":
        scores += 1.5 * np.eye(2)
    elif case == "a fixed taste":  # the same caption wins whatever is shown
        scores = scores * 0.2 + np.array([0.0, 2.0])
    elif case == "ties":
        scores = rng.integers(0, 2, (count, 2, 2)).astype(float)
    return (scores,)


def _with(scores, **changed) -> dict[str, np.ndarray]:
    return winoground_scores(scores) | changed


def winoground_text_is_image(scores):
    right = winoground_scores(scores)
    return right | {"text": right["image"], "image": right["text"]}


def winoground_first_only(scores):
    text, image = scores[:, 0, 0] > scores[:, 0, 1], scores[:, 0, 0] > scores[:, 1, 0]
    return _with(scores, text=text, image=image, group=text & image)


def winoground_either(scores):
    right = winoground_scores(scores)
    return right | {"group": right["text"] | right["image"]}


def winoground_ties_count(scores):
    return {name: ~wrong for name, wrong in _negated(scores).items()}


def _negated(scores):
    a, b, c, d = scores[:, 0, 0], scores[:, 0, 1], scores[:, 1, 0], scores[:, 1, 1]
    text, image = (a < b) | (d < c), (a < c) | (d < b)
    return {"text": text, "image": image, "group": text | image, "pairing": a + d < b + c}


def winoground_group_is_pairing(scores):
    right = winoground_scores(scores)
    return right | {"pairing": right["group"]}


def winoground_by_differences(scores):
    """Comparisons by differences."""
    rows, columns = scores[:, :, 0] - scores[:, :, 1], scores[:, 0] - scores[:, 1]
    text = (rows[:, 0] > 0) & (rows[:, 1] < 0)
    image = (columns[:, 0] > 0) & (columns[:, 1] < 0)
    return {"text": text, "image": image, "group": np.logical_and(text, image), "pairing": rows[:, 0] > rows[:, 1]}


def winoground_by_loops(scores):
    rows = {"text": [], "image": [], "group": [], "pairing": []}
    for (a, b), (c, d) in scores.tolist():
        text, image = a > b and d > c, a > c and d > b
        for name, value in (("text", text), ("image", image), ("group", text and image), ("pairing", a + d > b + c)):
            rows[name].append(value)
    return {name: np.array(values) for name, values in rows.items()}


def negclip_inputs(rng) -> tuple[Tensor, Tensor, Tensor, float]:
    """Normalised features of pictures, texts and false texts, which are much like the texts; one pair, two, and more."""
    many = int(rng.integers(4, 8)), int(rng.integers(9, 14))
    batch, dimensions = rng.in_turn((many, (1, 7), (6, 6), (2, 9), (7, 3)))
    draw = lambda: torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))  # noqa: E731
    images = draw()
    texts = images * 0.5 + draw()
    return *(F.normalize(one, dim=-1) for one in (images, texts, texts + 0.5 * draw())), float(rng.uniform(2, 12))


def negclip_no_negatives(image_features, text_features, negative_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def negclip_negatives_choose(image_features, text_features, negative_features, logit_scale):
    logits = logit_scale * image_features @ torch.cat([text_features, negative_features]).T
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels.repeat(2))) / 2


def negclip_own_negative_only(image_features, text_features, negative_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    own = logit_scale * (image_features * negative_features).sum(1, keepdim=True)
    labels = torch.arange(len(logits))
    return (F.cross_entropy(torch.cat([logits, own], 1), labels) + F.cross_entropy(logits.T, labels)) / 2


def negclip_negatives_first(image_features, text_features, negative_features, logit_scale):
    return negclip_loss(image_features, negative_features, text_features, logit_scale)


def negclip_pictures_only(image_features, text_features, negative_features, logit_scale):
    logits = logit_scale * image_features @ torch.cat([text_features, negative_features]).T
    return F.cross_entropy(logits, torch.arange(len(logits)))


def negclip_by_log_softmax(image_features, text_features, negative_features, logit_scale):
    to_texts = logit_scale * torch.einsum("bd,cd->bc", image_features, text_features)
    to_negatives = logit_scale * torch.einsum("bd,cd->bc", image_features, negative_features)
    pictures = torch.cat([to_texts, to_negatives], dim=1).logsumexp(1)
    return ((pictures + to_texts.logsumexp(0)) / 2 - to_texts.diagonal()).mean()


def negclip_by_rows(image_features, text_features, negative_features, logit_scale):
    texts = logit_scale * text_features @ image_features.T  # each text's own row
    every = torch.vstack([texts, logit_scale * negative_features @ image_features.T]).T
    labels = torch.arange(image_features.shape[0])
    return 0.5 * F.cross_entropy(every, labels) + 0.5 * F.cross_entropy(texts, labels)


TASKS = [
    Task(
        id="failures.winoground",
        title="Winoground's scores",
        difficulty=2,
        importance=4,
        minutes=10,
        reference=winoground_scores,
        used_at=("failures.evaluate:winoground_scores",),
        make_inputs=winoground_inputs,
        mistakes=(
            Mistake(
                "text and image exchanged",
                winoground_text_is_image,
                "Text and image are exchanged. *Text*: each picture (a row) prefers its own caption. *Image*: each caption (a column) prefers its own picture.",
            ),
            Mistake(
                "only the first",
                winoground_first_only,
                "Only the first picture and the first caption are asked. Both must be right: a model with a fixed taste is right about one of two always.",
            ),
            Mistake(
                "group is either",
                winoground_either,
                "The group score takes text *or* image. It needs both: all four comparisons.",
            ),
            Mistake(
                "ties count",
                winoground_ties_count,
                "A tie counts as right. Who gives both captions the same number has not answered: compare with `>`.",
            ),
            Mistake(
                "pairing is group",
                winoground_group_is_pairing,
                "The pairing is one comparison of sums: both matches together, `s[0, 0] + s[1, 1]`, against both mismatches.",
            ),
        ),
        alternatives=(winoground_by_differences, winoground_by_loops),
        hints=(
            "Four numbers a pair. Which of them does a picture compare, and which does a caption?",
            "text: $s_{00} > s_{01}$ and $s_{11} > s_{10}$. image: $s_{00} > s_{10}$ and $s_{11} > s_{01}$. pairing: $s_{00} + s_{11} > s_{01} + s_{10}$. Each bool [N].",
            '```python\ntext = (scores[:, 0, 0] > ...) & (...)\nimage = ...\npairing = ...\nreturn {"text": text, "image": image, "group": ..., "pairing": pairing}\n```',
        ),
    ),
    Task(
        id="failures.negclip_loss",
        title="The loss with hard negatives",
        difficulty=3,
        importance=4,
        minutes=12,
        reference=negclip_loss,
        used_at=("failures.train.negclip:negclip_loss",),
        make_inputs=negclip_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "no negatives",
                negclip_no_negatives,
                "The false captions don't count: this is CLIP's own loss. A picture chooses among all 2B texts.",
            ),
            Mistake(
                "false captions choose",
                negclip_negatives_choose,
                "The false captions choose a picture, too, and are taught that it is theirs. They have none: only the first B texts choose.",
            ),
            Mistake(
                "only its own negative",
                negclip_own_negative_only,
                "Each picture turns down its own false caption only. All B false captions of the batch stand among the 2B texts.",
            ),
            Mistake(
                "false captions are right",
                negclip_negatives_first,
                "The false captions are taken for the right ones. The labels 0 … B−1 must point to `text_features`: put those first.",
            ),
            Mistake(
                "pictures choose only",
                negclip_pictures_only,
                "Only the pictures choose. The texts choose among the B pictures as well; take the mean of both.",
            ),
        ),
        alternatives=(negclip_by_log_softmax, negclip_by_rows),
        hints=(
            "Lesson 02's loss with a longer list of texts for the pictures to choose from.",
            "$L = s \\, I\\,[T; N]^\\top$ is $[B, 2B]$. Loss $= \\tfrac12\\left[\\mathrm{CE}(L, y) + \\mathrm{CE}(L_{:, :B}^\\top, y)\\right]$ with $y = (0, \\dots, B-1)$.",
            "```python\ntexts = torch.cat([..., ...])  # [2B, D]\nlogits = logit_scale * image_features @ texts.T  # [B, 2B]\nlabels = torch.arange(len(logits))\nreturn (F.cross_entropy(logits, labels) + F.cross_entropy(..., labels)) / 2\n```",
        ),
    ),
]
