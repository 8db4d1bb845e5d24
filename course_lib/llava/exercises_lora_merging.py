"""Exercise of Lesson 07: merging an adapter into its matrix."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.exercises_lora import normal, sizes
from course_lib.llava.lora import merged_weight


def merge_inputs(rng) -> tuple[Tensor, Tensor, Tensor, float]:
    """weight [out, in], a [r, in], b [out, r], α."""
    wide, narrow, r, alpha = sizes(rng)
    return normal(rng, narrow, wide), normal(rng, r, wide), normal(rng, narrow, r), alpha


def merge_without_scale(weight, a, b, alpha):
    return weight + b @ a


def merge_scale_inverted(weight, a, b, alpha):
    return weight + a.shape[0] / alpha * (b @ a)


def merge_twice(weight, a, b, alpha):
    return weight + 2 * alpha / a.shape[0] * (b @ a)


def merge_subtracted(weight, a, b, alpha):
    return weight - alpha / a.shape[0] * (b @ a)


def merge_wrong_order(weight, a, b, alpha):
    return weight + alpha / a.shape[0] * (a @ b)


def merge_in_place(weight, a, b, alpha):
    weight += alpha / a.shape[0] * (b @ a)
    return weight


def merge_by_einsum(weight, a, b, alpha):
    return weight + torch.einsum("or,ri->oi", b, a) * alpha / len(a)


def merge_by_addmm(weight, a, b, alpha):
    return torch.addmm(weight, b, a, alpha=alpha / b.shape[1])


TASKS = [
    Task(
        id="llava.merged_weight",
        title="Merging",
        difficulty=2,
        importance=4,
        minutes=7,
        reference=merged_weight,
        make_inputs=merge_inputs,
        mistakes=(
            Mistake(
                "scale forgotten",
                merge_without_scale,
                "The merged matrix holds B @ A without α/r, so the merged model is not the one that was trained.",
            ),
            Mistake("α/r inverted", merge_scale_inverted, "The change is scaled by r/α. In training it was α/r."),
            Mistake(
                "merged twice",
                merge_twice,
                "The change is in there twice. It happens when a model that was merged already is merged again: the layer must remember that it is.",
            ),
            Mistake(
                "subtracted",
                merge_subtracted,
                "The change is taken away instead of added. That is how one *un*merges.",
            ),
            Mistake(
                "A @ B",
                merge_wrong_order,
                "A @ B can't be multiplied: A is [r, in], B is [out, r]. The change of a [out, in] matrix is B @ A.",
            ),
            Mistake(
                "in place",
                merge_in_place,
                "The base matrix itself was changed (`+=`). Return a new one: who merges several adapters needs the base again.",
            ),
        ),
        alternatives=(merge_by_einsum, merge_by_addmm),
        hints=(
            "x W.T + s x A.T B.T = x (…).T: what stands in the brackets?",
            "$W' = W + \\frac{\\alpha}{r} BA$, again $[out, in]$.",
            "```python\nreturn weight + alpha / ... * (... @ ...)\n```",
        ),
    ),
]
