"""Exercise of Lesson 07: LoRA by hand, its forward pass."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.llava.lora import lora_forward


def normal(rng, *shape: int) -> Tensor:
    """Random numbers of a shape."""
    return torch.from_numpy(rng.standard_normal(shape).astype("float32"))


def sizes(rng) -> tuple[int, int, int, float]:
    """(in, out, r, α): narrower, wider or square, of rank 1, of full rank; α is no multiple of r, or a whole number."""
    sizes = rng.in_turn(((9, 6, 3), (7, 7, 2), (5, 11, 4), (8, 5, 1), (6, 6, 6), (10, 7, 2)))
    return *sizes, rng.in_turn((float(rng.integers(5, 9)) + 0.5, 16, 0.5))


def forward_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    """x [..., in] with no to three axes before, weight [out, in], a [r, in], b [out, r], in one draw zero, α."""
    wide, narrow, r, lora_alpha = sizes(rng)
    x = normal(rng, *rng.in_turn(((2, 3), (4,), (2, 3, 2), (), (2, 5), (1, 1))), wide)
    b = normal(rng, narrow, r) * rng.in_turn((1, 1, 1, 1, 1, 0))
    return x, normal(rng, narrow, wide), normal(rng, r, wide), b, lora_alpha


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


def forward_subtracted(x, weight, a, b, lora_alpha):
    return x @ weight.T - lora_alpha / a.shape[0] * (x @ a.T @ b.T)


def forward_rank_multiplied(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha * a.shape[0] * (x @ a.T @ b.T)


def forward_over_inputs(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha / a.shape[1] * (x @ a.T @ b.T)


def forward_over_outputs(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha / b.shape[0] * (x @ a.T @ b.T)


def forward_not_transposed(x, weight, a, b, lora_alpha):
    return x @ weight + lora_alpha / a.shape[0] * (x @ a.T @ b.T)


def forward_adapter_not_transposed(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha / a.shape[0] * (x @ a @ b)


def forward_b_first(x, weight, a, b, lora_alpha):
    return x @ weight.T + lora_alpha / a.shape[0] * (x @ b.T @ a.T)


def forward_frozen_adapter(x, weight, a, b, lora_alpha):
    return lora_forward(x, weight, a.detach(), b.detach(), lora_alpha)


def forward_by_linear(x, weight, a, b, lora_alpha):
    return F.linear(x, weight) + F.linear(F.linear(x, a), b) * lora_alpha / b.shape[1]


def forward_by_merging(x, weight, a, b, lora_alpha):
    return F.linear(x, weight + lora_alpha / len(a) * torch.einsum("or,ri->oi", b, a))


def forward_column_by_column(x, weight, a, b, lora_alpha):
    thin = torch.einsum("...i,ri->...r", x, a) / a.size(0)
    return torch.stack([x.mul(row).sum(-1) for row in weight], -1) + (thin * lora_alpha).matmul(b.transpose(0, 1))


TASKS = [
    Task(
        id="llava.lora_forward",
        title="Through the matrix, and beside it",
        difficulty=3,
        importance=5,
        minutes=10,
        reference=lora_forward,
        used_at=("llava.lora:lora_forward",),
        make_inputs=forward_inputs,
        draws=6,
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
            Mistake(
                "subtracted",
                forward_subtracted,
                "The way through A and B is taken away instead of added: the change has the wrong sign.",
            ),
            Mistake(
                "r multiplied",
                forward_rank_multiplied,
                "Scaled by α · r. It is α / r: a sum over r directions grows with r, and the division keeps its size.",
            ),
            Mistake(
                "divided by the number of inputs",
                forward_over_inputs,
                "Scaled by α / in: `a.shape[1]` is how many inputs there are. The rank is the first axis of a, [r, in]: `a.shape[0]`.",
            ),
            Mistake(
                "divided by the number of outputs",
                forward_over_outputs,
                "Scaled by α / out: `b.shape[0]` is how many outputs there are. The rank is the second axis of b, [out, r], or `a.shape[0]`.",
            ),
            Mistake(
                "weight not transposed",
                forward_not_transposed,
                "`x @ weight` without `.T`. A weight is [out, in], as in `nn.Linear`, so x [..., in] goes through `weight.T`.",
            ),
            Mistake(
                "A and B not transposed",
                forward_adapter_not_transposed,
                "`x @ a @ b` without `.T`. a is [r, in] and b [out, r]: [..., in] → `a.T` → [..., r] → `b.T` → [..., out].",
            ),
            Mistake(
                "B before A",
                forward_b_first,
                "x goes through B first. A takes it from in to r, B from r to out: `x @ a.T @ b.T`.",
            ),
            Mistake(
                "the adapter learns nothing",
                forward_frozen_adapter,
                "The numbers are right, but no gradient reaches A and B: `.detach()`, `.data` or `torch.no_grad()` cuts it off, and they are what learns.",
            ),
        ),
        alternatives=(forward_by_linear, forward_by_merging, forward_column_by_column),
        hints=(
            "Two ways lead from x to the output, and their results are added. Which of them is scaled?",
            "$y = xW^\\top + \\frac{\\alpha}{r}\\,(xA^\\top)B^\\top$ with $W [out, in]$, $A [r, in]$, $B [out, r]$, $x [\\dots, in]$.",
            "```python\nr = a.shape[0]\nreturn x @ weight.T + ... * (x @ ... @ ...)\n```",
        ),
    ),
]
