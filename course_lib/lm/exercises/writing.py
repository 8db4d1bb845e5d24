"""Exercise on choosing the next token: greedy, or with a temperature."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.lm.generate import next_token_probabilities


def probability_inputs(rng) -> tuple[Tensor, float]:
    """Random logits of one text, of several, or of as many as there are tokens, and a temperature, 0 among them."""
    temperature = rng.in_turn((0.5, 0.0, 2.0, 1.0, 0, 0.1, 3, 0.0))
    batch, vocabulary = rng.in_turn(((2, 7), (3, 5), (5, 5), (1, 6), (1, 8), (4, 3), (3, 9), (4, 4)))
    return 2 * torch.from_numpy(rng.standard_normal((batch, vocabulary)).astype("float32")), temperature


def probabilities_multiplied(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else (logits * temperature).softmax(-1)


def probabilities_divided_after(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else logits.softmax(-1) / temperature


def probabilities_nan_at_zero(logits, temperature):
    return (logits / temperature).softmax(-1)


def probabilities_ignored(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else logits.softmax(-1)


def probabilities_wrong_axis(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else (logits / temperature).softmax(0)


def probabilities_uniform_at_zero(logits, temperature):
    return (logits / temperature if temperature else logits * 0).softmax(-1)


def probabilities_never_greedy(logits, temperature):
    return (logits / temperature if temperature else logits).softmax(-1)


def probabilities_as_logs(logits, temperature):
    return next_token_probabilities(logits, temperature).log()


def probabilities_as_whole_numbers(logits, temperature):
    return next_token_probabilities(logits, temperature).to(torch.int64 if temperature == 0 else logits.dtype)


def probabilities_as_a_choice(logits, temperature):
    return logits.argmax(-1) if temperature == 0 else (logits / temperature).softmax(-1)


def probabilities_one_choice_for_all(logits, temperature):
    return (logits == logits.max()).float() if temperature == 0 else (logits / temperature).softmax(-1)


def probabilities_by_sigmoid(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else (logits / temperature).sigmoid()


def probabilities_of_the_batch(logits, temperature):
    return next_token_probabilities(logits.reshape(1, -1), temperature).view_as(logits)


def probabilities_not_normalised(logits, temperature):
    return next_token_probabilities(logits, 0) if temperature == 0 else (logits / temperature).exp()


def probabilities_turned(logits, temperature):
    return next_token_probabilities(-logits, temperature)


def probabilities_greedy_below_1(logits, temperature):
    return next_token_probabilities(logits, temperature if temperature >= 1 else 0)


def probabilities_by_exp(logits, temperature):
    if temperature == 0:
        return torch.eye(logits.shape[1])[logits.argmax(1)]
    powers = ((logits - logits.max(-1, keepdim=True).values) / temperature).exp()
    return powers / powers.sum(-1, keepdim=True)


def probabilities_by_scatter(logits, temperature):
    if temperature == 0:
        return torch.zeros_like(logits).scatter(-1, logits.argmax(-1, keepdim=True), 1.0)
    return (logits / temperature).log_softmax(-1).exp()


def probabilities_by_a_low_temperature(logits, temperature):
    return (logits / max(temperature, 1e-6)).softmax(dim=1)


TASKS = [
    Task(
        id="lm.next_token_probabilities",
        title="Greedy, or with a temperature",
        difficulty=2,
        importance=3,
        minutes=8,
        reference=next_token_probabilities,
        used_at=("lm.generate:next_token_probabilities",),
        make_inputs=probability_inputs,
        draws=8,
        mistakes=(
            Mistake(
                "multiplied by the temperature",
                probabilities_multiplied,
                "The logits are multiplied by the temperature, so heat makes the model *surer*. Divide: high temperatures flatten.",
            ),
            Mistake(
                "divided after the softmax",
                probabilities_divided_after,
                "The probabilities are divided, after the softmax, so they no longer add up to 1. Divide the logits, then take the softmax.",
            ),
            Mistake(
                "nan at temperature 0",
                probabilities_nan_at_zero,
                "At temperature 0 this divides by zero and gives nan. Greedy is a case of its own: probability 1 for the largest logit.",
            ),
            Mistake(
                "temperature ignored",
                probabilities_ignored,
                "The temperature has no effect (but at 0). Divide the logits by it before the softmax.",
            ),
            Mistake(
                "softmax over the batch",
                probabilities_wrong_axis,
                "The softmax runs over the batch: texts compete with each other. Tokens must: `softmax(dim=-1)`.",
            ),
            Mistake(
                "not greedy at temperature 0",
                probabilities_never_greedy,
                "At temperature 0 this is the plain softmax, as at 1. Zero means greedy: probability 1 for the largest logit, 0 for all others.",
            ),
            Mistake(
                "logs of probabilities",
                probabilities_as_logs,
                "These are the *logs* of the probabilities: they are negative and don't add up to 1. Take `softmax`, not `log_softmax`.",
            ),
            Mistake(
                "whole numbers at temperature 0",
                probabilities_as_whole_numbers,
                "At temperature 0 the right places hold 1 and 0, but as whole numbers (`F.one_hot` gives int64), and `torch.multinomial` refuses them. `.to(logits.dtype)` makes probabilities of them.",
            ),
            Mistake(
                "a token at temperature 0",
                probabilities_as_a_choice,
                "At temperature 0 this returns the token, not probabilities. Whoever calls it expects [B, V]: 1 at the largest logit, 0 elsewhere (`F.one_hot`).",
            ),
            Mistake(
                "one choice for the whole batch",
                probabilities_one_choice_for_all,
                "At temperature 0 there is a single 1 in the whole batch. Every text, that is every row, has a largest logit of its own: `dim=-1`.",
            ),
            Mistake(
                "all texts together",
                probabilities_of_the_batch,
                "All texts of the batch share one sum of 1, so they compete with each other. Every row adds up to 1: `softmax(dim=-1)`, or a sum with `keepdim=True` over the last axis.",
            ),
            Mistake(
                "not divided by the sum",
                probabilities_not_normalised,
                "These are the powers `exp(z/τ)`, and they don't add up to 1. Divide each row by its sum, or take `softmax(dim=-1)`.",
            ),
            Mistake(
                "the least likely first",
                probabilities_turned,
                "The wrong way round: the smallest logit has the highest probability. There is a minus too many, or an `argmin`.",
            ),
            Mistake(
                "greedy below 1",
                probabilities_greedy_below_1,
                "Every temperature below 1 is greedy here. Only 0 is; 0.5 makes the likely tokens likelier, and leaves the others a chance.",
            ),
            Mistake(
                "sigmoid",
                probabilities_by_sigmoid,
                "A sigmoid judges each token by itself, so a row doesn't add up to 1. One token must be chosen among all: `softmax(dim=-1)`.",
            ),
            Mistake(
                "anything goes at temperature 0",
                probabilities_uniform_at_zero,
                "At temperature 0 all tokens are equally likely here: that is infinite heat. Zero means that only the largest logit has a chance.",
            ),
        ),
        alternatives=(probabilities_by_exp, probabilities_by_scatter, probabilities_by_a_low_temperature),
        hints=(
            "What happens to the softmax when all logits are doubled? And when they are divided by a very small number?",
            "$p_v = \\frac{\\exp(z_v/\\tau)}{\\sum_w \\exp(z_w/\\tau)}$ over $[B, V]$; as $\\tau \\to 0$, all of it goes to $\\arg\\max_v z_v$.",
            "```python\nif temperature == 0:\n    return F.one_hot(...).to(logits.dtype)\nreturn (...).softmax(dim=-1)\n```",
        ),
    ),
]
