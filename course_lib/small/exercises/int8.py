"""The exercise on int8: the weight of a linear layer in one byte a number, and the error that this makes."""

import torch

from course_lib.checker.task import Mistake, Task
from course_lib.common.int8 import LARGEST, quantise_rows
from course_lib.llava.exercises.lora import normal


def weight_inputs(rng) -> tuple:
    """Weights [O, I] whose rows differ in size, now and then with a row of zeros or a single outlier, once all zeros."""
    weight = normal(rng, int(rng.integers(3, 7)), int(rng.integers(4, 9)))
    weight = weight * torch.logspace(-1, 1, len(weight))[:, None]  # small rows, large rows
    row, special = int(rng.integers(len(weight))), rng.in_turn(("", "zeros", "outlier", "negative", "", "all zeros"))
    if special == "zeros":
        weight[row] = 0
    if special == "all zeros":
        weight = 0 * weight
    if special == "outlier":
        weight[row, 0] = 50 * weight[row].abs().max()
    if special == "negative":
        weight[row] = -weight[row].abs()
    return (weight,)


def _error(weight, quantised, scale):
    return torch.linalg.norm(weight - scale * quantised) / torch.linalg.norm(weight).clamp_min(1e-9)


def one_scale(weight):
    scale = (weight.abs().max() / LARGEST).expand(len(weight), 1)
    quantised = (weight / scale).round().to(torch.int8)
    return quantised, scale, _error(weight, quantised, scale)


def a_scale_for_each_column(weight):
    quantised, scale, error = quantise_rows(weight.T)
    return quantised.T, scale.T, error


def cut_off_not_rounded(weight):
    _, scale, _ = quantise_rows(weight)
    quantised = (weight / scale).to(torch.int8)
    return quantised, scale, _error(weight, quantised, scale)


def largest_without_sign(weight):
    scale = weight.amax(dim=1, keepdim=True).clamp_min(1e-8) / LARGEST
    quantised = (weight / scale).round().clamp(-128, 127).to(torch.int8)
    return quantised, scale, _error(weight, quantised, scale)


def zeros_divided(weight):
    scale = weight.abs().amax(dim=1, keepdim=True) / LARGEST
    quantised = (weight / scale).round().to(torch.int8)
    return quantised, scale, _error(weight, quantised, scale)


def scale_upside_down(weight):
    quantised, scale, error = quantise_rows(weight)
    return quantised, 1 / scale, error


def absolute_error(weight):
    quantised, scale, _ = quantise_rows(weight)
    return quantised, scale, torch.linalg.norm(weight - scale * quantised)


def left_as_floats(weight):
    quantised, scale, error = quantise_rows(weight)
    return quantised.float(), scale, error


def by_max(weight):
    scale = weight.abs().max(dim=1, keepdim=True).values / 127
    scale = scale.masked_fill(scale == 0, 1.0)
    quantised = torch.round(weight / scale).clamp(-127, 127).to(torch.int8)
    return quantised, scale, ((weight - quantised * scale).pow(2).sum() / weight.pow(2).sum().clamp_min(1e-9)).sqrt()


def row_by_row(weight):
    rows, scales = [], []
    for row in weight:
        scale = float(row.abs().max()) / 127 or 1.0
        scales.append(scale)
        rows.append(torch.round(row / scale).char())
    quantised, scale = torch.stack(rows), torch.tensor(scales)[:, None]
    return quantised, scale, _error(weight, quantised, scale)


TASKS = [
    Task(
        id="small.quantise_rows",
        title="A linear layer in int8",
        difficulty=3,
        importance=4,
        minutes=15,
        reference=quantise_rows,
        used_at=("small.quantise:quantise_rows",),
        make_inputs=weight_inputs,
        special_cases=(
            ("all weights are zeros", lambda weight: not weight.any()),
            ("a row is all zeros", lambda weight: bool((weight == 0).all(dim=1).any())),
        ),
        draws=12,
        mistakes=(
            Mistake("one scale for all", one_scale, "All rows share one scale, so small rows are left with a few steps of the 255, or with zeros. Each row has its own: `amax(dim=1, keepdim=True)`."),
            Mistake("a scale for each column", a_scale_for_each_column, "The scales belong to columns. A row of `weight` [O, I] makes one output: its scale can be multiplied in after the sum, a column's can't."),
            Mistake("cut off", cut_off_not_rounded, "`to(torch.int8)` cuts off what stands behind the point, so every weight moves towards 0, by up to a whole step. Round first."),
            Mistake("the largest, signs kept", largest_without_sign, "The scale is made of the largest value, not of the largest magnitude: a row whose strongest weight is negative runs over. `abs()` first."),
            Mistake("zeros divided", zeros_divided, "A row of zeros has a scale of 0, and 0 / 0 is no number. Give such a row a scale of 1."),
            Mistake("scale upside down", scale_upside_down, "The scale comes as its inverse. It is what an int8 number is multiplied by to be a weight again: largest / 127."),
            Mistake("absolute error", absolute_error, "The error is not divided by the size of the weights, so that layers can't be compared. ‖W − s·q‖ / ‖W‖."),
            Mistake("floats", left_as_floats, "The values are whole numbers, but stored as floats: four bytes each, and nothing is saved. `.to(torch.int8)`."),
        ),
        alternatives=(by_max, row_by_row),
        hints=(
            "Which number must a row be divided by, so that its strongest weight becomes 127 or −127?",
            r"$s_o = \max_i |W_{oi}| / 127$ (1 where the row is 0), shape $[O, 1]$; $q = \mathrm{round}(W / s)$ in int8; error $\lVert W - s q \rVert / \lVert W \rVert$, and 0 where $W$ is 0.",
            "```python\nlargest = weight.abs().amax(dim=..., keepdim=True)  # [O, 1]\nscale = torch.where(largest > 0, ..., 1.0)\nquantised = (weight / scale).round().to(...)\nerror = torch.linalg.norm(...) / torch.linalg.norm(weight).clamp_min(1e-12)\nreturn quantised, scale, error\n```",
        ),
    ),
]  # fmt: skip
