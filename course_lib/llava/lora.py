"""LoRA by hand: a frozen matrix, and beside it a small change of it that is learned.

Hu et al., 2021 (arXiv 2106.09685); microsoft/LoRA, loralib/layers.py; peft does the same in `tuners/lora/layer.py`.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def lora_forward(x: Tensor, weight: Tensor, a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """x [..., in] through weight [out, in] and, beside it, through a [r, in] and b [out, r], scaled by α/r → [..., out].

    The rank r is read from a's shape. With b = 0 this is x @ weight.T, so that training begins where the base stands.
    """
    return x @ weight.T + (alpha / a.shape[0]) * (x @ a.T @ b.T)


def merged_weight(weight: Tensor, a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """One matrix [out, in] that does what weight [out, in] and the pair a [r, in], b [out, r] do together."""
    return weight + (alpha / a.shape[0]) * (b @ a)


def new_adapter(in_features: int, out_features: int, r: int) -> tuple[Tensor, Tensor]:
    """A [r, in] and B [out, r] of an adapter that has learned nothing: B is zero, so the product is.

    A is uniform in ±1/√in, which is what peft's kaiming_uniform_ with a = √5 comes to. Were A zero as well, neither
    would ever have a gradient: each one's gradient is a product with the other.
    """
    a, b = torch.empty(r, in_features), torch.zeros(out_features, r)
    nn.init.kaiming_uniform_(a, a=math.sqrt(5))
    return a, b


class LoraLinear(nn.Module):
    """A linear layer with an adapter of rank r. Only `lora_A` and `lora_B` learn."""

    def __init__(self, base: nn.Linear, r: int, alpha: float) -> None:
        super().__init__()
        if r < 1:
            raise ValueError(f"The rank of an adapter must be 1 or more, not {r}.")
        self.base = base.requires_grad_(False)
        self.alpha, self.merged = alpha, False
        a, b = new_adapter(base.in_features, base.out_features, r)
        self.lora_A, self.lora_B = nn.Parameter(a.to(base.weight)), nn.Parameter(b.to(base.weight))

    def forward(self, x: Tensor) -> Tensor:
        """x [..., in] → [..., out]."""
        if self.merged:
            return self.base(x)
        y = lora_forward(x, self.base.weight, self.lora_A, self.lora_B, self.alpha)
        return y if self.base.bias is None else y + self.base.bias

    @torch.no_grad()
    def merge(self) -> None:
        """Put the change into the matrix: from now on it costs no more than the base. A second call changes nothing."""
        if not self.merged:
            self.base.weight.copy_(merged_weight(self.base.weight, self.lora_A, self.lora_B, self.alpha))
            self.merged = True

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take the change out again; exact but for rounding."""
        if self.merged:
            self.base.weight.copy_(merged_weight(self.base.weight, self.lora_A, -self.lora_B, self.alpha))
            self.merged = False


def lora_targets(modules: Sequence[tuple[str, bool]]) -> list[str]:
    """Which layers of a LLaVA get an adapter: (name, is it linear?) of all its modules → names.

    Every linear layer of the language model, but not its output layer `lm_head`; nothing in the vision tower, which stays
    frozen, nor in the connector, which learns in full (LLaVA, train.py, find_all_linear_names).
    """
    left_out = {"vision", "connector", "lm_head"}
    return [name for name, linear in modules if linear and not left_out & set(name.split("."))]


def modules_of(model: nn.Module) -> list[tuple[str, bool]]:
    """(name, is it linear?) of all modules of a model, for `lora_targets`."""
    return [(name, isinstance(module, nn.Linear)) for name, module in model.named_modules()]


def add_lora(model: nn.Module, names: Sequence[str], r: int = 8, alpha: float = 16) -> list[LoraLinear]:
    """Put an adapter on these linear layers, in place; returns the adapters. All else keeps its `requires_grad`."""
    added = []
    for name in names:
        parent, _, last = name.rpartition(".")
        home = model.get_submodule(parent)
        layer = getattr(home, last)
        if not isinstance(layer, nn.Linear):
            raise TypeError(f"{name} is no linear layer but {type(layer).__name__}, so it can't be given an adapter.")
        setattr(home, last, LoraLinear(layer, r, alpha))
        added.append(getattr(home, last))
    return added


def to_save(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of all parameters by name, those that must be written down: everything that learned.

    That is the adapter *and* the connector. Who saves the adapter alone has, after loading, a new connector that says
    nothing: LLaVA keeps the rest in `non_lora_trainables.bin` for this reason.
    """
    return {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}


def learning_groups(parameters: dict[str, Tensor], learning_rate: float, connector_rate: float) -> list[dict]:
    """Two groups for an optimiser: what else learns, and the connector with its own rate.

    The connector has been trained in stage 1, so it moves in smaller steps: LLaVA-1.5 takes 2e-4 for LoRA and 2e-5 for the
    connector (scripts/v1_5/finetune_lora.sh).
    """
    learned = {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}
    connector = [p for name, p in learned.items() if "connector" in name.split(".")]
    others = [p for name, p in learned.items() if "connector" not in name.split(".")]
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def trainable_fraction(model: nn.Module) -> float:
    """How much of a model learns, 0–1."""
    total = sum(p.numel() for p in model.parameters())
    return sum(p.numel() for p in model.parameters() if p.requires_grad) / total


def merge_lora_weights(model: nn.Module) -> None:
    """Merge every adapter of a model, in place."""
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.merge()


def unmerge_lora_weights(model: nn.Module) -> None:
    """Undo `merge_lora_weights`, in place."""
    for module in model.modules():
        if isinstance(module, LoraLinear):
            module.unmerge()
