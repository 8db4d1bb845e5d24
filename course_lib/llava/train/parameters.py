"""Which parameters learn, at which rate, which are saved, and the proof that the others stayed as they were."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch import Tensor, nn

from course_lib import checkpoints


def freeze(model: nn.Module) -> list[str]:
    """Stage 1, in place: of `vision`, `connector` and `language_model` only the connector learns → names of what learns."""
    model.requires_grad_(False)
    model.connector.requires_grad_(True)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def learning_groups(parameters: dict[str, Tensor], learning_rate: float, connector_rate: float) -> list[dict]:
    """Two parameter groups for an optimizer: what else learns, and the connector with its own learning rate.

    LLaVA-1.5 takes 2e-4 for LoRA and 2e-5 for the connector, which was trained in stage 1 (scripts/v1_5/finetune_lora.sh).
    """
    learned = {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}
    connector = [p for name, p in learned.items() if "connector" in name.split(".")]
    others = [p for name, p in learned.items() if "connector" not in name.split(".")]
    return [{"params": others, "lr": learning_rate}, {"params": connector, "lr": connector_rate}]


def to_save(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Of all parameters by name, those that must be written down: everything that learned.

    That is the adapter *and* the connector. Who saves the adapter alone has, after loading, a new connector that says
    nothing: LLaVA keeps the rest in `non_lora_trainables.bin` for this reason.
    """
    return {name: parameter for name, parameter in parameters.items() if parameter.requires_grad}


def load_trained(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """What `to_save` gave, into a model of the same recipe, in float32. `CheckpointError` where it does not fit."""
    if to_save(dict(model.named_parameters())).keys() != tensors.keys():
        raise checkpoints.CheckpointError("These weights are of another model or recipe: bake them again.")
    model.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)


def fingerprints(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """{name: tensor} → {name: SHA-256 of its bytes}: equal for equal bits, different if a single one has changed."""
    return {
        name: hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in tensors.items()
    }


@contextmanager
def frozen_stay(model: nn.Module) -> Iterator[None]:
    """Within it, a model may be trained; RuntimeError, with its name, if a parameter has moved that was frozen."""
    frozen = {name: parameter for name, parameter in model.named_parameters() if not parameter.requires_grad}
    before = fingerprints(frozen)
    yield
    after = fingerprints(frozen)
    if moved := [name for name in frozen if after[name] != before[name]]:
        raise RuntimeError(f"{moved[0]} was frozen, but training has changed it.")


def trainable_fraction(model: nn.Module) -> float:
    """How much of a model learns, 0–1."""
    total = sum(p.numel() for p in model.parameters())
    return sum(p.numel() for p in model.parameters() if p.requires_grad) / total
