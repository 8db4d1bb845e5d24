"""How far the gates are open, now and while they are trained."""

import json
from pathlib import Path

from torch import nn

from course_lib.checkpoints import write_atomically
from course_lib.training import Progress


def openness(model: nn.Module) -> dict[str, float]:
    """tanh(α) of every gate, by its name, from the input to the output."""
    return {name: parameter.tanh().item() for name, parameter in model.named_parameters() if ".alpha_" in name}


def gate_name(parameter: str) -> str:
    """ "unet.up_blocks.0.attentions.1.transformer_blocks.0.fuser.alpha_dense" → "up 2, feed-forward"."""
    parts = parameter.split(".")
    number = int(parts[parts.index("attentions") + 1]) + 1
    return f"{parts[1].split('_')[0]} {number}, {'attention' if parts[-1] == 'alpha_attn' else 'feed-forward'}"


class GateLog:
    """A callback of training: tanh(α) of all gates every so many steps. With a `file`, a resumed run goes on writing there."""

    def __init__(self, model: nn.Module, every: int = 100, file: Path | None = None) -> None:
        self.model, self.every, self.file = model, every, file
        self.rows: list[dict] = json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else []

    def __call__(self, progress: Progress) -> None:
        """Called after every step."""
        if progress.step % self.every:
            return
        gates = [round(value, 4) for value in openness(self.model).values()]
        # Training goes on from where it was last saved, and walks again what it had walked since.
        self.rows = [row for row in self.rows if row["step"] < progress.step] + [
            {"step": progress.step, "gates": gates}
        ]
        if self.file:
            write_atomically(self.file, json.dumps(self.rows).encode())

    def curves(self) -> tuple[list[int], dict[str, list[float]]]:
        """Steps from 0 on, and |tanh(α)| at each of them by the gate's short name; the sign of α means nothing."""
        names = map(gate_name, openness(self.model))
        shut = {"step": 0, "gates": [0.0] * len(openness(self.model))}
        rows = [shut, *self.rows]
        values = zip(*([abs(value) for value in row["gates"]] for row in rows), strict=True)
        return [row["step"] for row in rows], {name: list(of_gate) for name, of_gate in zip(names, values, strict=True)}
