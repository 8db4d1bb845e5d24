"""Exercise of Lesson 07: how an adapter begins."""

import math

import torch
from torch import Tensor, nn

from course_lib.checker.task import Mistake, Task
from course_lib.llava.lora import new_adapter


class Described:
    """A written initialisation as a function: A's and B's shape, dtype and how their numbers are spread, drawn in any way."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, in_features: int, out_features: int, r: int) -> dict | None:
        pair = self.written(in_features, out_features, r)
        if not isinstance(pair, tuple | list) or not all(isinstance(matrix, Tensor) for matrix in pair):
            return pair
        bounds = {
            "1/√in": in_features**-0.5,
            "1/√r": r**-0.5,
            "1/√out": out_features**-0.5,
            "1/in": 1 / in_features,
            "√(6/in)": (6 / in_features) ** 0.5,
        }
        named = zip("ABCD", pair, strict=False)
        told = {
            name: {"shape": list(matrix.shape), "dtype": str(matrix.dtype), "numbers": spread(matrix, bounds)}
            for name, matrix in named
        }
        if "B" in told and not told["B"]["numbers"].startswith("all "):
            told["B"]["numbers"] = "random"  # however they are spread, they should be zero
        return told


def spread(matrix: Tensor, bounds: dict[str, float]) -> str:
    """How the numbers of a matrix are spread, in words. With some hundred numbers, chance next to never changes them."""
    numbers = matrix.detach().double()
    width, mean = numbers.abs().max().item(), numbers.mean().item()
    if (numbers == mean).all():
        return "all zero" if mean == 0 else "all the same"
    kurtosis = ((numbers - mean) ** 4).mean() / (numbers - mean).square().mean() ** 2
    if not 1.5 < kurtosis < 2.3:  # 1.8 if uniform, 3 if Gaussian
        return "Gaussian" if 2.5 < kurtosis < 3.6 else "not uniform"
    if abs(mean) > 0.2 * width:
        return "uniform from 0 to 1" if 0.95 < width <= 1 else "uniform, but not around 0"
    known = (name for name, bound in bounds.items() if 0.95 < width / bound < 1 + 1e-5)
    return f"uniform in ±{next(known, 'another number')}"


def adapter_inputs(rng) -> tuple[int, int, int]:
    """in, out, r: so many that A has some thousand numbers; narrower, wider, square, of rank 1."""
    return rng.in_turn(((300, 40, 8), (200, 700, 16), (256, 256, 12), (3000, 50, 1), (100, 90, 64)))


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


def adapter_all_gaussian(in_features, out_features, r):
    return torch.randn(r, in_features), torch.randn(out_features, r)


def adapter_another_width(in_features, out_features, r):
    return torch.empty(r, in_features).uniform_(-0.01, 0.01), torch.zeros(out_features, r)


def adapter_a_ones(in_features, out_features, r):
    return torch.ones(r, in_features), torch.zeros(out_features, r)


def adapter_swapped(in_features, out_features, r):
    return new_adapter(in_features, out_features, r)[::-1]


def adapter_transposed(in_features, out_features, r):
    a, b = new_adapter(in_features, out_features, r)
    return a.T, b.T


def adapter_one_sided(in_features, out_features, r):
    return torch.rand(r, in_features) / in_features**0.5, torch.zeros(out_features, r)


def adapter_by_rand(in_features, out_features, r):
    return torch.rand(r, in_features), torch.zeros(out_features, r)


def adapter_of_the_rank(in_features, out_features, r):
    return torch.empty(r, in_features).uniform_(-1, 1) / r**0.5, torch.zeros(out_features, r)


def adapter_of_the_outputs(in_features, out_features, r):
    return torch.empty(r, in_features).uniform_(-1, 1) / out_features**0.5, torch.zeros(out_features, r)


def adapter_without_root(in_features, out_features, r):
    return torch.empty(r, in_features).uniform_(-1, 1) / in_features, torch.zeros(out_features, r)


def adapter_b_ones(in_features, out_features, r):
    return new_adapter(in_features, out_features, r)[0], torch.ones(out_features, r)


def adapter_by_uniform(in_features, out_features, r):
    bound = in_features**-0.5
    return torch.empty(r, in_features).uniform_(-bound, bound), torch.zeros(out_features, r)


def adapter_by_linear(in_features, out_features, r):
    return nn.Linear(in_features, r, bias=False).weight.data, torch.zeros(out_features, r)


def adapter_by_scaling(in_features, out_features, r):
    a = (2 * torch.rand(in_features, r).T - 1) / math.sqrt(in_features)
    return [nn.Parameter(a), nn.Parameter(a.new_zeros(out_features, r))]


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
        build=Described,
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
                "swapped",
                adapter_swapped,
                "A and B are right, but come in the wrong order: first A [r, in], which is random, then B [out, r], which is zero.",
            ),
            Mistake(
                "transposed",
                adapter_transposed,
                "Both matrices are transposed. As in `nn.Linear`, outputs come first: A is [r, in], B is [out, r].",
            ),
            Mistake(
                "only above zero",
                adapter_one_sided,
                "`torch.rand` gives numbers from 0 to 1, never below 0, so all of A has one sign. Uniform in ±1/√in goes from -1/√in to 1/√in.",
            ),
            Mistake(
                "from 0 to 1",
                adapter_by_rand,
                "A is drawn from 0 to 1, whatever the number of inputs. It shall be uniform in ±1/√in, on both sides of 0.",
            ),
            Mistake(
                "±1/√r",
                adapter_of_the_rank,
                "A is uniform in ±1/√r, the rank. Each of A's rows adds up `in_features` products, so it is ±1/√in.",
            ),
            Mistake(
                "±1/√out",
                adapter_of_the_outputs,
                "A is uniform in ±1/√out. Each of A's rows adds up `in_features` products, so it is ±1/√in.",
            ),
            Mistake(
                "root forgotten",
                adapter_without_root,
                "A is uniform in ±1/in: the root is missing, and A is far too small. It is ±1/√in.",
            ),
            Mistake(
                "B ones",
                adapter_b_ones,
                "B is all ones, so B @ A is not zero, and the model says something else before it has learned anything. B must begin as zeros.",
            ),
            Mistake(
                "A and B Gaussian",
                adapter_all_gaussian,
                "B is random, so B @ A is not zero, and the model changes before it has learned anything: make B zeros. A is Gaussian, as in the paper; take peft's `kaiming_uniform_` with `a=math.sqrt(5)`.",
            ),
            Mistake(
                "a width of its own",
                adapter_another_width,
                "A is uniform, but in ± a number that does not depend on the inputs as it should. It is ±1/√in: the more inputs a row adds up, the smaller.",
            ),
            Mistake(
                "A all the same",
                adapter_a_ones,
                "All of A is one number, so all r directions are the same one, and stay so. Draw it at random, uniform in ±1/√in.",
            ),
            Mistake(
                "Gaussian",
                adapter_gaussian,
                "A is Gaussian, as in the paper, and would learn as well. But one choice must be made, so take peft's: `kaiming_uniform_` with `a=math.sqrt(5)`, uniform in ±1/√in.",
            ),
        ),
        alternatives=(adapter_by_uniform, adapter_by_linear, adapter_by_scaling),
        hints=(
            "Before the first step the model must be the base model, and yet a gradient must flow. Which of the two may be zero?",
            "$A \\in \\mathbb R^{r \\times in}$, uniform in $\\pm 1/\\sqrt{in}$; $B = 0 \\in \\mathbb R^{out \\times r}$. `nn.init.kaiming_uniform_(A, a=math.sqrt(5))` draws just that.",
            "```python\na = torch.empty(r, ...)\nnn.init.kaiming_uniform_(a, a=...)\nreturn a, torch.zeros(...)\n```",
        ),
    ),
]
