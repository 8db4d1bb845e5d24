"""Exercises of Lesson 07: LoRA by hand: its initialisation, its forward pass, and merging."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.llava.lora import lora_forward, merged_weight, new_adapter


def normal(rng, *shape: int) -> Tensor:
    """Random numbers of a shape."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def sizes(rng) -> tuple[int, int, int, float]:
    """(in, out, r, α), all different."""
    wide, narrow = int(rng.integers(8, 12)), int(rng.integers(5, 8))
    return wide, narrow, int(rng.integers(2, 5)), float(rng.integers(5, 9)) + 0.5


def adapter_inputs(rng) -> tuple[int, int, int]:
    """in, out, r."""
    return sizes(rng)[:3]


def adapter_b_random(in_features, out_features, r):
    bound = in_features**-0.5
    return torch.empty(r, in_features).uniform_(-bound, bound), torch.empty(out_features, r).uniform_(-bound, bound)


def adapter_both_zero(in_features, out_features, r):
    return torch.zeros(r, in_features), torch.zeros(out_features, r)


def adapter_a_zero(in_features, out_features, r):
    b = torch.empty(out_features, r)
    nn.init.kaiming_uniform_(b, a=math.sqrt(5))
    return torch.zeros(r, in_features), b


def adapter_too_wide(in_features, out_features, r):
    a = torch.empty(r, in_features)
    nn.init.kaiming_uniform_(a)
    return a, torch.zeros(out_features, r)


def adapter_gaussian(in_features, out_features, r):
    return torch.randn(r, in_features) / in_features**0.5, torch.zeros(out_features, r)


def adapter_by_uniform(in_features, out_features, r):
    bound = in_features**-0.5
    return torch.empty(r, in_features).uniform_(-bound, bound), torch.zeros(out_features, r)


def adapter_by_linear(in_features, out_features, r):
    return nn.Linear(in_features, r, bias=False).weight.data, torch.zeros(out_features, r)


def forward_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """x [B, T, in], weight [out, in], a [r, in], b [out, r], α."""
    wide, narrow, r, lora_alpha = sizes(rng)
    x = normal(rng, 2, int(rng.integers(3, 5)), wide)
    return x, normal(rng, narrow, wide), normal(rng, r, wide), normal(rng, narrow, r), lora_alpha


def forward_without_scale(x, weight, a, b, lora_alpha):
    return x @ weight.T + x @ a.T @ b.T


def forward_without_rank(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha * (x @ a.T @ b.T)


def forward_scale_inverted(x, weight, a, b, lora_alpha):
    return x @ weight.T + a.shape[0] / lora_alpha * (x @ a.T @ b.T)


def forward_scale_by_root(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha / a.shape[0] ** 0.5 * (x @ a.T @ b.T)


def forward_without_base(x, weight, a, b, lora_alpha):
    return lora_alpha / a.shape[0] * (x @ a.T @ b.T)


def forward_all_scaled(x, weight, a, b, lora_alpha):
    return lora_alpha / a.shape[0] * (x @ weight.T + x @ a.T @ b.T)


def forward_by_linear(x, weight, a, b, lora_alpha):
    return F.linear(x, weight) + F.linear(F.linear(x, a), b) * lora_alpha / b.shape[1]


def forward_by_merging(x, weight, a, b, lora_alpha):
    return F.linear(x, weight + lora_alpha / len(a) * torch.einsum("or,ri->oi", b, a))


def merge_inputs(rng) -> tuple[Tensor, Tensor, Tensor, float]:
    """weight [out, in], a [r, in], b [out, r], α."""
    wide, narrow, r, lora_alpha = sizes(rng)
    return normal(rng, narrow, wide), normal(rng, r, wide), normal(rng, narrow, r), lora_alpha


def merge_without_scale(weight, a, b, lora_alpha):
    return weight + b @ a


def merge_scale_inverted(weight, a, b, lora_alpha):
    return weight + a.shape[0] / lora_alpha * (b @ a)


def merge_twice(weight, a, b, lora_alpha):
    return weight + 2 * lora_alpha / a.shape[0] * (b @ a)


def merge_subtracted(weight, a, b, lora_alpha):
    return weight - lora_alpha / a.shape[0] * (b @ a)


def merge_wrong_order(weight, a, b, lora_alpha):
    return weight + lora_alpha / a.shape[0] * (a @ b)


def merge_in_place(weight, a, b, lora_alpha):
    weight += lora_alpha / a.shape[0] * (b @ a)
    return weight


def merge_by_einsum(weight, a, b, lora_alpha):
    return weight + torch.einsum("or,ri->oi", b, a) * lora_alpha / len(a)


def merge_by_addmm(weight, a, b, lora_alpha):
    return torch.addmm(weight, b, a, alpha=lora_alpha / b.shape[1])


TASKS = [
    Task(
        id="llava.new_adapter",
        title="How an adapter begins",
        difficulty=2,
        importance=4,
        minutes=8,
        reference=new_adapter,
        used_at=("llava.lora:new_adapter",),
        make_inputs=adapter_inputs,
        mistakes=(
            Mistake(
                "B random",
                adapter_b_random,
                "B is random, so B @ A is not zero, and the model says something else before it has learned anything. B must begin as zeros: then step 0 is the base model exactly.",
            ),
            Mistake(
                "A and B both zero",
                adapter_both_zero,
                "Both are zero. The step-0 model is right, but it stays that way for ever: the gradient of A is a product with B, and that of B one with A, so both are zero. Make A random.",
            ),
            Mistake(
                "A zero, B random",
                adapter_a_zero,
                "The right idea the other way round (a comment in microsoft/LoRA says it so, too; its code does not). peft and this lesson begin with A random and B zero.",
            ),
            Mistake(
                "too wide",
                adapter_too_wide,
                "A is drawn too widely: `kaiming_uniform_` has a = 0 unless you say `a=math.sqrt(5)`, which makes it uniform in ±1/√in, as in `nn.Linear`.",
            ),
            Mistake(
                "Gaussian",
                adapter_gaussian,
                "A is Gaussian, as in the paper, and would learn as well. The checker compares numbers, so take peft's choice: `kaiming_uniform_` with `a=math.sqrt(5)`, uniform in ±1/√in.",
            ),
        ),
        alternatives=(adapter_by_uniform, adapter_by_linear),
        hints=(
            "Before the first step the model must be the base model, and yet a gradient must flow. Which of the two may be zero?",
            "$A \\in \\mathbb R^{r \\times in}$, uniform in $\\pm 1/\\sqrt{in}$; $B = 0 \\in \\mathbb R^{out \\times r}$. `nn.init.kaiming_uniform_(A, a=math.sqrt(5))` draws just that.",
            "```python\na = torch.empty(r, ...)\nnn.init.kaiming_uniform_(a, a=...)\nreturn a, torch.zeros(...)\n```",
        ),
    ),
    Task(
        id="llava.lora_forward",
        title="Through the matrix, and beside it",
        difficulty=3,
        importance=5,
        minutes=10,
        reference=lora_forward,
        used_at=("llava.lora:lora_forward",),
        make_inputs=forward_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "α forgotten",
                forward_without_scale,
                "The scale is missing: the way beside the matrix counts α/r times. Without it every change of the rank would need another learning rate.",
            ),
            Mistake(
                "not divided by r",
                forward_without_rank,
                "Scaled by α alone. It is α/r: a sum over r directions grows with r, and the division keeps its size.",
            ),
            Mistake(
                "α/r inverted",
                forward_scale_inverted,
                "Scaled by r/α. It is α/r: a larger α makes the adapter louder.",
            ),
            Mistake(
                "α/√r",
                forward_scale_by_root,
                "Scaled by α/√r. That is *rank-stabilised* LoRA (`use_rslora=True` in peft), a good idea, but another one. Here it is α/r.",
            ),
            Mistake(
                "base forgotten",
                forward_without_base,
                "Only the adapter answers: the frozen matrix is missing. LoRA adds to what the layer does; it does not replace it.",
            ),
            Mistake(
                "base scaled too",
                forward_all_scaled,
                "α/r multiplies the base as well. Only the way through A and B is scaled; the frozen matrix counts once.",
            ),
        ),
        alternatives=(forward_by_linear, forward_by_merging),
        hints=(
            "Two ways lead from x to the output, and their results are added. Which of them is scaled?",
            "$y = xW^\\top + \\frac{\\alpha}{r}\\,(xA^\\top)B^\\top$ with $W [out, in]$, $A [r, in]$, $B [out, r]$, $x [\\dots, in]$.",
            "```python\nr = a.shape[0]\nreturn x @ weight.T + ... * (x @ ... @ ...)\n```",
        ),
    ),
    Task(
        id="llava.merged_weight",
        title="Merging",
        difficulty=2,
        importance=4,
        minutes=7,
        reference=merged_weight,
        used_at=("llava.lora:merged_weight",),
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
            "```python\nreturn weight + lora_alpha / ... * (... @ ...)\n```",
        ),
    ),
]
