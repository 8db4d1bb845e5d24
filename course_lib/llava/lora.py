"""LoRA by hand: a frozen matrix, and beside it a small change of it that is learned.

         x [..., in]
        ┌─────┴──────┐
        │            A [r, in]
     W [out, in]     B [out, r]      W, frozen        A and B learn; B begins at zero
        │            · lora_alpha/r
        └─────(+)────┘
         y [..., out]                merged: W + (lora_alpha/r) · B A, one matrix, nothing to pay for any more

Hu et al., 2021 (arXiv 2106.09685); microsoft/LoRA, loralib/layers.py; peft does the same in `tuners/lora/layer.py`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def new_adapter(in_features: int, out_features: int, r: int) -> tuple[Tensor, Tensor]:
    """A [r, in] and B [out, r] of an adapter that has learned nothing: B is zero, so the product is.

    A is uniform in ±1/√in, which is what peft's kaiming_uniform_ with a = √5 comes to. Were A zero as well, neither
    would ever have a gradient: each one's gradient is a product with the other.
    """
    a, b = torch.empty(r, in_features), torch.zeros(out_features, r)
    nn.init.kaiming_uniform_(a, a=math.sqrt(5))
    return a, b


def lora_forward(x: Tensor, weight: Tensor, a: Tensor, b: Tensor, lora_alpha: float) -> Tensor:
    """x [..., in] through weight [out, in] and, beside it, through a [r, in] and b [out, r], scaled → [..., out].

    The rank r is read from a's shape. With b = 0 this is x @ weight.T, so that training begins where the base stands.
    """
    scaling = lora_alpha / a.shape[0]
    return x @ weight.T + scaling * (x @ a.T @ b.T)


def merged_weight(weight: Tensor, a: Tensor, b: Tensor, lora_alpha: float) -> Tensor:
    """One matrix [out, in] that does what weight [out, in] and the pair a [r, in], b [out, r] do together."""
    scaling = lora_alpha / a.shape[0]
    return weight + scaling * (b @ a)


class LoraLinear(nn.Module):
    """A linear layer with an adapter of rank r. Only `lora_A` and `lora_B` learn."""

    def __init__(self, base_layer: nn.Linear, r: int, lora_alpha: float) -> None:
        super().__init__()
        if r < 1:
            raise ValueError(f"The rank of an adapter must be 1 or more, not {r}.")
        self.base_layer = base_layer.requires_grad_(False)
        self.lora_alpha, self.merged = lora_alpha, False
        a, b = new_adapter(base_layer.in_features, base_layer.out_features, r)
        self.lora_A, self.lora_B = nn.Parameter(a.to(base_layer.weight)), nn.Parameter(b.to(base_layer.weight))

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] → [..., out]."""
        if self.merged:
            return self.base_layer(x)
        y = lora_forward(x, self.base_layer.weight, self.lora_A, self.lora_B, self.lora_alpha)
        return y if self.base_layer.bias is None else y + self.base_layer.bias

    @torch.no_grad()
    def merge(self) -> None:
        """Add the change to the matrix: from now on it costs no more than the base. A second call changes nothing."""
        if not self.merged:
            weight = self.base_layer.weight
            weight.copy_(merged_weight(weight, self.lora_A, self.lora_B, self.lora_alpha))
            self.merged = True


def lora_targets(modules: Sequence[tuple[str, bool]]) -> list[str]:
    """Which layers of a LLaVA get an adapter (peft's `target_modules`): (name, is it linear?) of all its modules → names.

    Every linear layer of the language model, but not its output layer `lm_head`; nothing in the vision tower, which stays
    frozen, nor in the connector, which learns in full (LLaVA, train.py, find_all_linear_names).
    """
    left_out = {"vision", "connector", "lm_head"}
    return [name for name, linear in modules if linear and not left_out & set(name.split("."))]


def modules_of(model: nn.Module) -> list[tuple[str, bool]]:
    """(name, is it linear?) of all modules of a model, for `lora_targets`."""
    return [(name, isinstance(module, nn.Linear)) for name, module in model.named_modules()]


def add_lora(model: nn.Module, names: Sequence[str], r: int = 8, lora_alpha: float = 16) -> list[LoraLinear]:
    """Put an adapter on these linear layers, in place; returns the adapters. All else keeps its `requires_grad`."""
    adapters = []
    for name in names:
        parent_name, _, child_name = name.rpartition(".")
        parent = model.get_submodule(parent_name)
        layer = getattr(parent, child_name)
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"{name} is no linear layer but {type(layer).__name__}, so it can't be given an adapter.")
        setattr(parent, child_name, LoraLinear(layer, r, lora_alpha))
        adapters.append(getattr(parent, child_name))
    return adapters


def merge_lora_weights(model: nn.Module) -> None:
    """Merge every adapter of a model, in place."""
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.merge()


@torch.no_grad()
def merge_peft_adapters(language_model: nn.Module) -> nn.Module:
    """peft's model around a language model → that language model, its adapters merged into its weights."""
    for module in language_model.modules():
        for name in getattr(module, "active_adapters", ()) if hasattr(module, "base_layer") else ():
            weight, a, b = module.base_layer.weight, module.lora_A[name].weight, module.lora_B[name].weight
            weight.copy_(merged_weight(weight, a, b, module.lora_alpha[name]))
    return language_model.unload()
