"""Weights on disk: safetensors only, written whole or not at all, checked when read.

A checkpoint is two files: `name.safetensors`, and its card `name.json`, which says how the weights were made (config,
data, seed, command, time, machine, figures) and their SHA-256; where a library wants its own layout, the folder `name/` holds
that. A training state is one file, with all that an exact resume needs. Nothing here unpickles anything.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from torch import Tensor, nn

from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically

SHIPPED = Path(__file__).resolve().parents[1] / "data" / "checkpoints"
FOLDER = Path(os.environ.get("COURSE_CHECKPOINTS") or SHIPPED)  # `bake --all --out` makes them elsewhere
READ: dict[str, str] = {}  # what this process has loaded: name → SHA-256


class CheckpointError(Problem):
    """A checkpoint that is missing, damaged, or of another model. The message says which file, and what to do."""


def machine() -> str:
    """The machine in words, for a card: what the bytes of the weights depend on."""
    import torch

    from course_lib.common.precision import bfloat16_is_faster

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{torch.get_num_threads()} CPU core(s), {'bfloat16' if bfloat16_is_faster() else 'float32'}"


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def card(name: str, data: str, recipe: object, minutes: float, losses: Sequence[float] = (), **more: object) -> dict:
    """The card of weights that were just trained, for `save`: how they were made, so that anybody can make them again.

    name: what `bake` calls them. data: what they were trained on, in words. recipe: a dataclass, or several in their order.
    minutes: of training. losses: one a step; the card's `final_loss` is their mean over the last 200 steps, or all of fewer (over the
    last 100 in the shipped cards of llava_letters and llava_smollm2, which are older). `more` stands as it is given.
    """
    recipes = recipe if isinstance(recipe, list | tuple) else None
    fields = {
        "data": data,
        "recipe": [asdict(one) for one in recipes] if recipes else asdict(recipe),
        "command": f"python -m course_lib bake {name}",
        "minutes": round(minutes, 1),
        "machine": machine(),
    }
    if last := losses[-200:]:
        fields["final_loss"] = round(sum(last) / len(last), 4)
    return fields | more


def save(
    file: Path, weights: nn.Module | dict[str, Tensor], card: dict, beside: Mapping[str, bytes] | None = None
) -> dict:
    """Write `file` (*.safetensors) and its card; returns the card, with SHA-256 and size added.

    beside: more files of this checkpoint, name → content; they go into the folder of its name, their SHA-256 onto the card.
    """
    from safetensors.torch import save as to_bytes

    tensors = weights.state_dict() if isinstance(weights, nn.Module) else weights
    content = to_bytes(_contiguous(tensors))
    card = {**card, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    for name, more in (beside or {}).items():
        write_atomically(file.with_suffix("") / name, more)
        card.setdefault("beside", {})[f"{file.stem}/{name}"] = hashlib.sha256(more).hexdigest()
    write_atomically(file, content)
    write_atomically(file.with_suffix(".json"), (json.dumps(card, indent=2, ensure_ascii=False) + "\n").encode())
    return card


def load(file: Path) -> tuple[dict[str, Tensor], dict]:
    """Read a checkpoint → (tensors, card); int8 matrices come as float32. CheckpointError: missing, or not what its card says."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    from course_lib.common.int8 import from_int8

    for part in (file, file.with_suffix(".json")):
        if not part.exists():
            raise CheckpointError(
                f"{part.name} is missing from {file.parent}. Make it: python -m course_lib bake {file.stem}"
            )
    content, card = file.read_bytes(), read_card(file)
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise CheckpointError(
            f"{file.name} is damaged: its SHA-256 is not the one on its card ({file.stem}.json). {_again(file)}"
        )
    for name, digest in card.get("beside", {}).items():
        part = file.parent / name
        if not part.exists() or hashlib.sha256(part.read_bytes()).hexdigest() != digest:
            raise CheckpointError(
                f"{name} is missing or damaged: its SHA-256 is not the one in {file.stem}.json. {_again(file)}"
            )
    READ[file.stem] = card["sha256"]
    try:
        return from_int8(from_bytes(content)), card
    except SafetensorError:
        raise CheckpointError(f"{file.name} is no safetensors file, though its card is right. {_again(file)}") from None


def read_card(file: Path) -> dict:
    """The card of a checkpoint `file`. CheckpointError where it is no card."""
    try:
        card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        card = None
    if not isinstance(card, dict) or "sha256" not in card:
        raise CheckpointError(f"{file.stem}.json, the card of {file.name}, is damaged. {_again(file)}")
    return card


def _again(file: Path) -> str:
    return (
        f"Get its files again (git checkout -- data/checkpoints), or make them: python -m course_lib bake {file.stem}"
    )


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
    tensors, text = _contiguous(tensors), json.dumps(notes)
    # One file, so that notes and tensors can't come from two different moments.
    write_atomically(file, to_bytes(tensors, metadata={"notes": text, "sha256": _digest(tensors, text)}))


def _digest(tensors: dict[str, Tensor], notes: str) -> str:
    """The SHA-256 of a training state's content."""
    import torch

    digest = hashlib.sha256(notes.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy())  # any shape → bytes, one after the other
    return digest.hexdigest()


def _metadata(content: bytes) -> dict[str, str]:
    """The notes at the head of a safetensors file: 8 bytes say how long its json header is, which holds them."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"]


def load_training(file: Path, model: nn.Module, optimizer) -> dict:
    """Undo `save_training`: fills model, optimiser and random state in place; returns the notes.

    CheckpointError, naming the file, when it is damaged or of another model.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    try:
        content = file.read_bytes()  # in one go: another run may put a newer state in its place at any moment
        metadata, tensors = _metadata(content), from_bytes(content)
        if metadata.get("sha256", "") not in ("", _digest(tensors, metadata["notes"])):  # "": of an older course
            raise ValueError("it is damaged, for its SHA-256 is not the one it was written with")
        notes = json.loads(metadata["notes"])
        model.load_state_dict({n.removeprefix("model."): t for n, t in tensors.items() if n.startswith("model.")})
        torch.set_rng_state(tensors["random"])
        state: dict[int, dict] = {}
        for name, tensor in tensors.items():
            if name.startswith("optimizer."):
                _, number, key = name.split(".")
                state.setdefault(int(number), {})[key] = tensor
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    except (SafetensorError, OSError, RuntimeError, LookupError, TypeError, AttributeError, ValueError) as error:
        reason = (str(error).splitlines() or ["it is no training state"])[0]
        raise CheckpointError(f"Can't go on from {file}: {reason}. Delete this file to start afresh.") from None
    return notes
