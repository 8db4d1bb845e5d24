"""Exercises on what CLIP is trained with: the loss, and the limit of the temperature."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.loss import MAX_LOGIT_SCALE, clamp_logit_scale, contrastive_loss


def loss_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Random normalised features, pairs a little alike, and a scale."""
    batch, dimensions = int(rng.integers(4, 8)), int(rng.integers(9, 14))
    image = torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))
    text = image * 0.3 + torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))
    return F.normalize(image, dim=-1), F.normalize(text, dim=-1), torch.tensor(float(rng.uniform(5, 20)))


def _both(logits: Tensor, labels: Tensor) -> Tensor:
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits.T, labels)) / 2


def loss_one_direction(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return F.cross_entropy(logits, torch.arange(len(logits)))


def loss_no_scale(image_features, text_features, logit_scale):
    return _both(image_features @ text_features.T, torch.arange(len(image_features)))


def loss_divided(image_features, text_features, logit_scale):
    return _both(image_features @ text_features.T / logit_scale, torch.arange(len(image_features)))


def loss_exp_twice(image_features, text_features, logit_scale):
    return _both(logit_scale.exp() * image_features @ text_features.T, torch.arange(len(image_features)))


def loss_zero_labels(image_features, text_features, logit_scale):
    logits = logit_scale * image_features @ text_features.T
    return _both(logits, torch.zeros(len(logits), dtype=torch.long))


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


def scale_inputs(rng) -> tuple[Tensor]:
    """Below 0, inside, and above ln 100, in turn."""
    low, high = [(-3, -0.5), (0.5, 4), (5, 9), (90, 200)][int(rng.integers(0, 4))]
    return (torch.tensor([float(rng.uniform(low, high)), -1.0, 2.5, 4.59, 7.0, 150.0]),)


def clamp_at_100(logit_scale):
    return logit_scale.clamp(0, 100)


def clamp_the_factor(logit_scale):
    return logit_scale.exp().clamp(1, 100)


def clamp_above_only(logit_scale):
    return logit_scale.clamp(max=math.log(100))


def clamp_forgotten(logit_scale):
    return logit_scale * 1


def clamp_log10(logit_scale):
    return logit_scale.clamp(0, math.log10(100))


def clamp_by_minimum(logit_scale):
    return torch.minimum(torch.relu(logit_scale), torch.tensor(MAX_LOGIT_SCALE))


def clamp_by_where(logit_scale):
    lifted = torch.where(logit_scale < 0, torch.zeros_like(logit_scale), logit_scale)
    return torch.where(lifted > math.log(100), torch.full_like(lifted, math.log(100)), lifted)


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
                "softmax twice",
                loss_softmax_twice,
                "`F.cross_entropy` takes logits and does the softmax itself. Probabilities lie between 0 and 1, so a second softmax is nearly flat: pass the logits.",
            ),
        ),
        alternatives=(loss_by_log_softmax, loss_by_logsumexp),
        hints=(
            "A classification with B classes, where the classes are the texts of the batch; then the same with pictures and texts exchanged.",
            "$L_{ij} = s\\,\\langle u_i, v_j\\rangle$ is $[B, B]$. Loss $= \\tfrac12\\left[\\mathrm{CE}(L, y) + \\mathrm{CE}(L^\\top, y)\\right]$ with $y = (0, 1, \\dots, B-1)$.",
            "```python\nlogits = ...  # [B, B]\nlabels = torch.arange(len(logits))\nreturn (F.cross_entropy(...) + F.cross_entropy(...)) / 2\n```",
        ),
    ),
    Task(
        id="clip.clamp_logit_scale",
        title="Keep the temperature in bounds",
        difficulty=1,
        importance=3,
        minutes=5,
        reference=clamp_logit_scale,
        used_at=("clip.model:clamp_logit_scale",),
        make_inputs=scale_inputs,
        mistakes=(
            Mistake(
                "limit of the factor on the logarithm",
                clamp_at_100,
                "The limit is 100 for the *factor*; this parameter is its logarithm. A logarithm of 100 would be a factor of 10⁴³: limit it at `math.log(100)`.",
            ),
            Mistake(
                "returns the factor",
                clamp_the_factor,
                "This returns the factor. The parameter stays a logarithm: clamp it between 0 and `math.log(100)`, without `exp`.",
            ),
            Mistake(
                "no lower limit",
                clamp_above_only,
                "There is no lower limit. Below 0 the factor is smaller than 1 and flattens even the cosines: clamp at 0 as well.",
            ),
            Mistake(
                "no clamp",
                clamp_forgotten,
                "Nothing is limited. `tensor.clamp(low, high)` with 0 and `math.log(100)` is all it takes.",
            ),
            Mistake(
                "logarithm to base ten",
                clamp_log10,
                "This limit is the logarithm to base *ten*, which is 2. `exp` undoes the natural logarithm: `math.log(100)`, about 4.6.",
            ),
        ),
        alternatives=(clamp_by_minimum, clamp_by_where),
        hints=(
            "The factor may lie between 1 and 100. Between what may its logarithm lie?",
            "$\\ln 1 = 0 \\le \\mathrm{logit\\_scale} \\le \\ln 100 \\approx 4.605$; the shape stays as it is.",
            "```python\nreturn logit_scale.clamp(..., ...)\n```",
        ),
    ),
]
