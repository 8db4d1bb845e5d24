"""How far the gates are open, and how that came about while they were trained."""

import json
from pathlib import Path

from torch import nn

from course_lib.checkpoints import write_atomically
from course_lib.training import Progress


def openness(model: nn.Module) -> dict[str, float]:
    """tanh(α) of every gate, by its name, from the input to the output."""
    return {name: parameter.tanh().item() for name, parameter in model.named_parameters() if ".alpha_" in name}


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
