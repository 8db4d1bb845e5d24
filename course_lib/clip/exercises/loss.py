"""The exercise on what CLIP is trained with: the symmetric contrastive loss."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.loss import contrastive_loss


def loss_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Normalised features, pairs a little alike, and a scale; one pair, two, as many as dimensions, and more."""
    many = int(rng.integers(4, 8)), int(rng.integers(9, 14))
    batch, dimensions = rng.in_turn((many, (1, 7), (6, 6), (2, 9), (7, 3)))
    image = torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))
    text = image * 0.3 + torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))
    return F.normalize(image, dim=-1), F.normalize(text, dim=-1), torch.tensor(float(rng.uniform(2, 20)))


def _both(logits: Tensor, labels: Tensor) -> Tensor:
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def loss_one_direction(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return F.cross_entropy(logits, torch.arange(len(logits)))


def loss_texts_choose_only(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return F.cross_entropy(logits.T, torch.arange(len(logits)))


def loss_sum_of_both(image_features, text_features, logit_scale):
    return 2 * contrastive_loss(image_features, text_features, logit_scale)


def loss_sum_over_batch(image_features, text_features, logit_scale):
    return len(image_features) * contrastive_loss(image_features, text_features, logit_scale)


def loss_sum_of_all(image_features, text_features, logit_scale):
    return 2 * len(image_features) * contrastive_loss(image_features, text_features, logit_scale)


def loss_one_direction_summed(image_features, text_features, logit_scale):
    return len(image_features) * loss_one_direction(image_features, text_features, logit_scale)


def loss_turned_round(image_features, text_features, logit_scale):
    return -contrastive_loss(image_features, text_features, logit_scale)


def loss_pairs_only(image_features, text_features, logit_scale):
    return -(logit_scale * image_features * text_features).sum(dim=1).mean()


def loss_each_by_itself(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return F.binary_cross_entropy_with_logits(logits, torch.eye(len(logits)))


def loss_no_scale(image_features, text_features, logit_scale):
    return _both(image_features @ text_features.T, torch.arange(len(image_features)))


def loss_divided(image_features, text_features, logit_scale):
    return _both(image_features @ text_features.T / logit_scale, torch.arange(len(image_features)))


def loss_exp_twice(image_features, text_features, logit_scale):
    return _both(logit_scale.exp() * image_features @ text_features.T, torch.arange(len(image_features)))


def loss_zero_labels(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return _both(logits, torch.zeros(len(logits), dtype=torch.long))


def loss_largest_as_label(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return (F.cross_entropy(logits, logits.argmax(1)) + F.cross_entropy(logits.T, logits.argmax(0))) / 2


def loss_softmax_twice(image_features, text_features, logit_scale):
    logits, labels = logit_scale * image_features @ text_features.T, torch.arange(len(image_features))
    return (F.cross_entropy(logits.softmax(1), labels) + F.cross_entropy(logits.T.softmax(1), labels)) / 2


def loss_by_log_softmax(image_features, text_features, logit_scale):
    logits = logit_scale * text_features @ image_features.T
    rows, columns = logits.log_softmax(1).diagonal(), logits.log_softmax(0).diagonal()
    return -(rows.mean() + columns.mean()) / 2


def loss_by_logsumexp(image_features, text_features, logit_scale):
    logits = image_features @ text_features.T * logit_scale
    right = logits.diagonal()
    return ((logits.logsumexp(1) - right) + (logits.logsumexp(0) - right)).mean() / 2


def loss_by_one_hot(image_features, text_features, logit_scale):
    logits = torch.einsum("bd,cd->bc", image_features, text_features).mul(logit_scale)
    targets = torch.eye(len(image_features))
    return torch.stack([F.cross_entropy(logits, targets), F.cross_entropy(logits.t(), targets)]).mean()


TASKS = [
    Task(
        id="clip.contrastive_loss",
        title="The symmetric contrastive loss",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=contrastive_loss,
        used_at=("clip.train:contrastive_loss", "clip.evaluate:contrastive_loss"),
        make_inputs=loss_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "one direction only",
                loss_one_direction,
                "Only pictures choose texts here. CLIP's loss is symmetric: texts choose pictures too, `F.cross_entropy(logits.T, labels)`; take the mean of both.",
            ),
            Mistake(
                "the other direction only",
                loss_texts_choose_only,
                "Only texts choose pictures here (`logits.T`, or the softmax over `dim=0`). Pictures choose texts too: take the mean of both directions.",
            ),
            Mistake(
                "sum of both directions",
                loss_sum_of_both,
                "This is the *sum* of the two directions, twice what it should be. Take their mean: divide by 2.",
            ),
            Mistake(
                "sum over the batch",
                loss_sum_over_batch,
                "The losses of the pairs are added up, so that a larger batch costs more. Take the *mean* over the batch, as `F.cross_entropy` does by itself.",
            ),
            Mistake(
                "sum of everything",
                loss_sum_of_all,
                "Everything is added up, the pairs and the two directions. Take the *mean* of the pairs, as `F.cross_entropy` does by itself, and the mean of the two directions.",
            ),
            Mistake(
                "one direction, summed",
                loss_one_direction_summed,
                "Only pictures choose texts, and their losses are added up. Take the *mean* over the batch, then let texts choose pictures too: the mean of both directions.",
            ),
            Mistake(
                "sign",
                loss_turned_round,
                "The sign is turned: this is the log-probability of the right pairs, which training would make smaller. The loss is minus that.",
            ),
            Mistake(
                "only the right pairs",
                loss_pairs_only,
                "Only the right pairs count here, and the best answer is to make all features equal. The wrong pairs of the batch must push apart: `F.cross_entropy` over each row.",
            ),
            Mistake(
                "each pair by itself",
                loss_each_by_itself,
                "Each pair is judged by itself, yes or no (a sigmoid, as in SigLIP). CLIP lets the texts of a batch compete: a softmax over each row, `F.cross_entropy`.",
            ),
            Mistake(
                "no temperature",
                loss_no_scale,
                "The logits are bare cosines, between -1 and 1: the softmax is nearly flat and the loss can't fall far. Multiply them by `logit_scale`.",
            ),
            Mistake(
                "divided by the scale",
                loss_divided,
                "The logits are divided by `logit_scale`. A *temperature* divides; CLIP learns its inverse, a scale, which multiplies.",
            ),
            Mistake(
                "exp taken twice",
                loss_exp_twice,
                "`logit_scale` is the factor already: the model takes the exp of its logarithm before it calls you. Multiply by it as it is.",
            ),
            Mistake(
                "all labels zero",
                loss_zero_labels,
                "Every picture is told that text 0 is right. Row i belongs to column i: the labels are `torch.arange(B)`, the diagonal.",
            ),
            Mistake(
                "what it believes as the label",
                loss_largest_as_label,
                "The labels are the largest logits, what the model believes already. What is right doesn't depend on the model: row i belongs to column i, `torch.arange(B)`.",
            ),
            Mistake(
                "softmax twice",
                loss_softmax_twice,
                "`F.cross_entropy` takes logits and does the softmax itself. Probabilities lie between 0 and 1, so a second softmax is nearly flat: pass the logits.",
            ),
        ),
        alternatives=(loss_by_log_softmax, loss_by_logsumexp, loss_by_one_hot),
        hints=(
            "A classification with B classes, where the classes are the texts of the batch; then the same with pictures and texts exchanged.",
            "$L_{ij} = s\\,\\langle u_i, v_j\\rangle$ is $[B, B]$. Loss $= \\tfrac12\\left[\\mathrm{CE}(L, y) + \\mathrm{CE}(L^\\top, y)\\right]$ with $y = (0, 1, \\dots, B-1)$.",
            "```python\nlogits = ...  # [B, B]\nlabels = torch.arange(len(logits))\nreturn (F.cross_entropy(...) + F.cross_entropy(...)) / 2\n```",
        ),
    ),
]
