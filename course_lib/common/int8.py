"""int8 weights: of each matrix one byte a number, and one scale a row (Dettmers et al., 2022, arXiv 2208.07339, section 2.1).

W [O, I] float32  ──→  q [O, I] int8, s [O, 1] float32        W ≈ s · q,  s = max |W| of the row / 127
"""

from collections.abc import Mapping

import torch
from torch import Tensor

LARGEST = 127  # −128 is not used, so that a weight and its negative are rounded alike
SCALE = ".scale"  # in a file, a matrix's scales go by its name and this


def quantise_rows(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """weight [O, I] → (int8 [O, I], scale of each row [O, 1], relative error ‖W − s·q‖ / ‖W‖, a scalar).

    Each row's largest magnitude becomes 127. A row of zeros stays zeros, with a scale of 1; of weights that are
    all zeros, the error is 0.
    """
    largest = weight.abs().amax(dim=1, keepdim=True)  # [O, 1]
    scale = torch.where(largest > 0, largest / LARGEST, 1.0)
    quantised = (weight / scale).round().to(torch.int8)
    error = torch.linalg.norm(weight - scale * quantised) / torch.linalg.norm(weight).clamp_min(1e-12)
    return quantised, scale, error


def to_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as a file keeps them: a matrix [O, I] in int8 with `name.scale` [O, 1] beside it, all else in float16.

    They are rounded to float16 first, so that weights which were kept so come to the same bytes.
    """
    kept = {}
    for name, tensor in tensors.items():
        kept[name] = tensor.detach().half()
        if tensor.dim() == 2:
            kept[name], kept[name + SCALE], _ = quantise_rows(kept[name].float())
    return kept


def from_int8(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `to_int8`: every int8 matrix times its scales, in float32. Other tensors stay as they are."""
    scaled = {name for name, tensor in tensors.items() if tensor.dtype == torch.int8 and name + SCALE in tensors}
    scales = {name + SCALE for name in scaled}
    return {
        name: t * tensors[name + SCALE] if name in scaled else t for name, t in tensors.items() if name not in scales
    }
