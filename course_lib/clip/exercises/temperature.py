"""The exercise on the limits of the learned temperature."""

import math

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.clip.loss import MAX_LOGIT_SCALE, clamp_logit_scale

LIMIT = MAX_LOGIT_SCALE
SCALES = (
    (2, 3),
    (-9, -5),
    (4.606, 4.61),
    (0, 0),
    (LIMIT, LIMIT),
    (5, 9),
    (0.1, 0.9),
    (4.6, 4.604),
    (101, 200),
    (-0.2, -0.1),
)


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
