"""Exercises on what CLIP is trained with: the loss, and the limit of the temperature."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.loss import MAX_LOGIT_SCALE, clamp_logit_scale, contrastive_loss


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


LIMIT = MAX_LOGIT_SCALE
SCALES = ((2, 3), (-9, -5), (4.606, 4.61), (0, 0), (LIMIT, LIMIT), (5, 9), (0.1, 0.9), (4.6, 4.604), (101, 200), (-0.2, -0.1))


def scale_inputs(rng) -> tuple[Tensor]:
    """A scalar, as in the model: below 0, inside, above ln 100, just beside both limits, and at them."""
    return (torch.tensor(float(rng.uniform(*rng.in_turn(SCALES)))),)


def clamp_at_100(logit_scale):
    return logit_scale.clamp(0, 100)


def clamp_the_factor(logit_scale):
    return logit_scale.exp().clamp(1, 100)


def clamp_above_only(logit_scale):
    return logit_scale.clamp(max=math.log(100))


def clamp_below_only(logit_scale):
    return logit_scale.clamp(min=0)


def clamp_as_factor(logit_scale):
    return logit_scale.clamp(1, 100)


def clamp_from_one(logit_scale):
    return logit_scale.clamp(1, math.log(100))


def clamp_swapped(logit_scale):
    return logit_scale.clamp(math.log(100), 0)


def clamp_symmetric(logit_scale):
    return logit_scale.clamp(-math.log(100), math.log(100))


def clamp_forgotten(logit_scale):
    return logit_scale * 1


def clamp_log10(logit_scale):
    return logit_scale.clamp(0, math.log10(100))


def clamp_by_minimum(logit_scale):
    return torch.minimum(torch.relu(logit_scale), torch.tensor(MAX_LOGIT_SCALE))


def clamp_by_branches(logit_scale):
    if logit_scale < 0:
        return torch.tensor(0.0)
    return torch.tensor(math.log(100)) if logit_scale > math.log(100) else logit_scale


def clamp_through_the_factor(logit_scale):
    return logit_scale.exp().clamp(min=1, max=100).log()


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
    Task(
        id="clip.clamp_logit_scale",
        title="Keep the temperature in bounds",
        difficulty=1,
        importance=3,
        minutes=5,
        reference=clamp_logit_scale,
        used_at=("clip.model:clamp_logit_scale",),
        make_inputs=scale_inputs,
        draws=len(SCALES),
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
                "no upper limit",
                clamp_below_only,
                "There is no upper limit. Training would make the logits ever larger: clamp at `math.log(100)` as well.",
            ),
            Mistake(
                "both limits of the factor",
                clamp_as_factor,
                "1 and 100 are the limits of the *factor*; this parameter is its logarithm. Take the logarithm of both: 0 and `math.log(100)`.",
            ),
            Mistake(
                "lower limit 1",
                clamp_from_one,
                "The lower limit is 1, which is that of the factor. Its logarithm is `math.log(1)`, 0.",
            ),
            Mistake(
                "limits swapped",
                clamp_swapped,
                "The limits are swapped, so that everything becomes the same number. The lower one comes first: `clamp(0, math.log(100))`.",
            ),
            Mistake(
                "minus the upper limit",
                clamp_symmetric,
                "The lower limit is minus ln 100, a factor of 1/100. The factor stays above 1, so its logarithm stays above 0.",
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
        alternatives=(clamp_by_minimum, clamp_by_where, clamp_by_branches, clamp_through_the_factor),
        hints=(
            "The factor may lie between 1 and 100. Between what may its logarithm lie?",
            "$\\ln 1 = 0 \\le \\mathrm{logit\\_scale} \\le \\ln 100 \\approx 4.605$; the shape stays as it is.",
            "```python\nreturn logit_scale.clamp(..., ...)\n```",
        ),
    ),
]
