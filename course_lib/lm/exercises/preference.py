"""Exercise on what comes after instruction tuning: learning from preferences."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.lm.loss import dpo_loss

CASES = ("random", "far apart", "one pair", "random", "not moved")


def dpo_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """Log probabilities of answers, all negative: `CASES`, in turn."""
    case, count = rng.in_turn(CASES), int(rng.integers(3, 6))
    count = 1 if case == "one pair" else count
    rows = [torch.from_numpy(-rng.uniform(2, 30, count)).float() for _ in range(4)]
    if case == "far apart":  # the sigmoid of this is 0 in float32, and its logarithm -inf
        rows[0][0], rows[1][0] = -900.0, -1.0
    elif case == "not moved":  # the first step of training: the model is its own reference
        rows[2], rows[3] = rows[0].clone(), rows[1].clone()
    return *rows, float(rng.uniform(0.1, 0.5))


def _margins(chosen, rejected, ref_chosen, ref_rejected):
    return (chosen - ref_chosen) - (rejected - ref_rejected)


def dpo_swapped(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return dpo_loss(rejected_logps, chosen_logps, ref_rejected_logps, ref_chosen_logps, beta)


def dpo_reference_added(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return dpo_loss(chosen_logps, rejected_logps, -ref_chosen_logps, -ref_rejected_logps, beta)


def dpo_reference_forgotten(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return -F.logsigmoid(beta * (chosen_logps - rejected_logps)).mean()


def dpo_ratios_added(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = (chosen_logps - ref_chosen_logps) + (rejected_logps - ref_rejected_logps)
    return -F.logsigmoid(beta * margins).mean()


def dpo_sum(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return -F.logsigmoid(beta * _margins(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps)).sum()


def dpo_one_by_one(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return -F.logsigmoid(beta * _margins(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps))


def dpo_sign_lost(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return -dpo_loss(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta)


def dpo_beta_forgotten(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return dpo_loss(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, 1.0)


def dpo_beta_outside(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return beta * dpo_loss(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, 1.0)


def dpo_divided_by_beta(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return dpo_loss(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, 1 / beta)


def dpo_beta_on_the_model(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = beta * (chosen_logps - rejected_logps) - (ref_chosen_logps - ref_rejected_logps)
    return -F.logsigmoid(margins).mean()


def dpo_without_logarithm(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = _margins(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps)
    return -torch.sigmoid(beta * margins).mean()


def dpo_without_sigmoid(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return -(beta * _margins(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps)).mean()


def dpo_overflows(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = _margins(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps)
    return -torch.log(torch.sigmoid(beta * margins)).mean()


def dpo_mean_inside(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    margins = _margins(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps)
    return -F.logsigmoid(beta * margins.mean())


def dpo_as_a_number(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return dpo_loss(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta).item()


def dpo_each_for_itself(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    chosen, rejected = chosen_logps - ref_chosen_logps, rejected_logps - ref_rejected_logps
    return -(F.logsigmoid(beta * chosen) + F.logsigmoid(-beta * rejected)).mean()


def dpo_by_softplus(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    return F.softplus(-beta * (chosen_logps - rejected_logps - ref_chosen_logps + ref_rejected_logps)).mean()


def dpo_by_cross_entropy(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    """A choice between two, the first of which is right."""
    rewards = beta * torch.stack([chosen_logps - ref_chosen_logps, rejected_logps - ref_rejected_logps], dim=1)
    return F.cross_entropy(rewards, torch.zeros(len(rewards), dtype=torch.long))


def dpo_by_loop(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, beta):
    total = 0
    for c, r, rc, rr in zip(chosen_logps, rejected_logps, ref_chosen_logps, ref_rejected_logps, strict=True):
        total = total + torch.logaddexp(torch.zeros(()), -beta * ((c - r) - (rc - rr)))
    return total / chosen_logps.numel()


TASKS = [
    Task(
        id="lm.dpo_loss",
        title="Rather this answer than that",
        difficulty=3,
        importance=4,
        minutes=10,
        reference=dpo_loss,
        used_at=("lm.train:dpo_loss",),
        make_inputs=dpo_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "chosen and rejected swapped",
                dpo_swapped,
                "Chosen and rejected are swapped: this loss falls when the *worse* answer becomes likelier. The margin is chosen minus rejected.",
            ),
            Mistake(
                "reference added",
                dpo_reference_added,
                "The reference has the wrong sign: its log probabilities are added, or chosen and rejected are swapped there. A ratio becomes a difference of logarithms: model *minus* reference, for each answer.",
            ),
            Mistake(
                "reference forgotten",
                dpo_reference_forgotten,
                "The reference is not used, so an answer that was likelier from the start counts as preferred, and nothing holds the model near where it began. Subtract the reference's log probabilities.",
            ),
            Mistake(
                "ratios added",
                dpo_ratios_added,
                "Both log ratios are added, so both answers are pushed up together. It is their difference that counts: chosen minus rejected.",
            ),
            Mistake(
                "sum for mean",
                dpo_sum,
                "This is the sum over the pairs: twice as many pairs, twice the step. Take the mean.",
            ),
            Mistake(
                "one loss a pair",
                dpo_one_by_one,
                "This is one loss for every pair. Training wants a single number: the mean over the pairs.",
            ),
            Mistake(
                "sign lost",
                dpo_sign_lost,
                "The minus is missing: this number *rises* when the better answer becomes likelier. The loss is minus the log sigmoid.",
            ),
            Mistake(
                "beta forgotten",
                dpo_beta_forgotten,
                "β is not used. It multiplies the margin, inside the sigmoid.",
            ),
            Mistake(
                "beta outside",
                dpo_beta_outside,
                "β stands outside and only scales the loss, like another learning rate. It belongs *inside* the sigmoid, at the margin.",
            ),
            Mistake(
                "divided by beta",
                dpo_divided_by_beta,
                "The margin is divided by β. Multiply it: β · margin.",
            ),
            Mistake(
                "beta for the model alone",
                dpo_beta_on_the_model,
                "β multiplies the model's log probabilities, and not the reference's. First the difference of both, then β.",
            ),
            Mistake(
                "no logarithm",
                dpo_without_logarithm,
                "The logarithm is missing: this is minus the sigmoid, whose slope vanishes where the model is most wrong. `F.logsigmoid` is what is wanted.",
            ),
            Mistake(
                "no sigmoid",
                dpo_without_sigmoid,
                "There is no sigmoid, so the loss has no floor: a pair that is settled pulls as hard as any other. `-F.logsigmoid(β · margin)`.",
            ),
            Mistake(
                "logarithm of zero",
                dpo_overflows,
                "Right, but for a pair that is very wrong: its sigmoid is 0 in float32, and the logarithm of that is -inf. `F.logsigmoid` computes both in one, safely.",
            ),
            Mistake(
                "mean of the margins",
                dpo_mean_inside,
                "The margins are averaged before the sigmoid, so a settled pair makes up for a wrong one. Take the loss of every pair, then the mean.",
            ),
            Mistake(
                "a plain number",
                dpo_as_a_number,
                "The right number, but torn out of its graph: `.item()` leaves nothing to call `.backward()` on. Return the tensor.",
            ),
            Mistake(
                "each answer for itself",
                dpo_each_for_itself,
                "Each answer has a sigmoid of its own here. DPO compares the two: one sigmoid, of the difference of their log ratios.",
            ),
        ),
        alternatives=(dpo_by_softplus, dpo_by_cross_entropy, dpo_by_loop),
        hints=(
            "How much likelier has the chosen answer become since the reference? And the rejected one? Which of the two should be larger?",
            "$-\\frac1B \\sum_b \\log \\sigma\\big(\\beta\\,[(\\log p_{chosen} - \\log p^{ref}_{chosen}) - (\\log p_{rejected} - \\log p^{ref}_{rejected})]\\big)$; four tensors $[B]$ in, a scalar out.",
            "```python\nchosen = chosen_logps - ...\nrejected = rejected_logps - ...\nreturn -F.logsigmoid(beta * (...)).mean()\n```",
        ),
    ),
]
