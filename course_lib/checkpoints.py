"""Weights on disk: safetensors only, written whole or not at all, checked when read.

A checkpoint is two files: `name.safetensors`, and its card `name.json`, which says how the weights were made (config,
data, seed, command, time, machine, figures) and their SHA-256. A training state is one file, with all that an exact
resume needs. Nothing here unpickles anything.
"""

import hashlib
import json
import os
from pathlib import Path

from torch import Tensor, nn

FOLDER = Path(__file__).resolve().parents[1] / "data" / "checkpoints"


class CheckpointError(RuntimeError):
    """A checkpoint that is missing, damaged, or of another model. The message says which file, and what to do."""


def write_atomically(file: Path, content: bytes) -> None:
    """Write beside the file, then rename: an interruption leaves the old file or the new one, never half of one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f"{file.name}.{os.getpid()}.tmp")
    try:
        with open(beside, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    finally:
        beside.unlink(missing_ok=True)


def machine() -> str:
    """The machine in words, for a card."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} CPU core(s)"


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def save(file: Path, weights: nn.Module | dict[str, Tensor], card: dict) -> dict:
    """Write `file` (*.safetensors) and its card; returns the card, with SHA-256 and size added."""
    from safetensors.torch import save as to_bytes

    tensors = weights.state_dict() if isinstance(weights, nn.Module) else weights
    content = to_bytes(_contiguous(tensors))
    card = {**card, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    write_atomically(file, content)
    write_atomically(file.with_suffix(".json"), (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    return card


def load(file: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a checkpoint → (tensors, card). Raises CheckpointError when it is missing, or not what its card says."""
    from safetensors.torch import load as from_bytes

    for part in (file, file.with_suffix(".json")):
        if not part.exists():
            raise CheckpointError(
                f"{part.name} is missing from {file.parent}. Make it: python -m course_lib bake {file.stem}"
            )
    content = file.read_bytes()
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise CheckpointError(
            f"{file.name} is damaged: its SHA-256 is not the one on its card ({file.stem}.json). "
            f"Get both files again (git checkout -- data/checkpoints), or make them: python -m course_lib bake {file.stem}"
        )
    return from_bytes(content), card


def load_into(model: nn.Module, file: Path) -> dict:
    """Put a checkpoint's weights into a model of the same config; returns the card."""
    tensors, card = load(file)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise CheckpointError(
            f"{file.name} holds another model than this one: {str(error).splitlines()[-1].strip()}"
        ) from None
    return card


def save_training(file: Path, model: nn.Module, optimizer, notes: dict) -> None:
    """Everything an exact resume needs, in one file: weights, optimiser, torch's random state, and `notes` (json)."""
    import torch
    from safetensors.torch import save as to_bytes

    # Copies, since safetensors refuses tensors that share memory, as the two ends of a language model do.
    tensors = {f"model.{name}": tensor.clone() for name, tensor in model.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{name}": tensor for name, tensor in state.items()}
    tensors["random"] = torch.get_rng_state()
    # One file, so that notes and tensors can't come from two different moments.
    write_atomically(file, to_bytes(_contiguous(tensors), metadata={"notes": json.dumps(notes)}))


def load_training(file: Path, model: nn.Module, optimizer) -> dict:
    """Undo `save_training`: fills model, optimiser and random state in place; returns the notes."""
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="pt") as stored:
            notes = json.loads(stored.metadata()["notes"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 (it is no dict)
        model.load_state_dict({n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")})
    except (SafetensorError, RuntimeError, KeyError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"Can't go on from {file}: {reason}. Delete this file to start afresh.") from None
    torch.set_rng_state(tensors["random"])
    state: dict[int, dict] = {}
    for name, tensor in tensors.items():
        if name.startswith("optimizer."):
            _, number, key = name.split(".")
            state.setdefault(int(number), {})[key] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return notes
