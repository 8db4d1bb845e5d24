"""Two curves of a run that trains the gates: how far each gate is open, and whether the boxes are read."""

import math

from course_lib.gligen.learn_gates import openness
from course_lib.gligen.model import Generator
from course_lib.gligen.paired import paired_scenes
from course_lib.gligen.paired_boxes import BOXES, grounded_losses
from course_lib.training import Progress


class Watch:
    """A callback for `train_gates`: every so many seconds it notes tanh(α), and what true, shuffled and no boxes cost.

    The first note is made before training. No caption is given: what the boxes are worth shows best when nothing else is known.
    """

    def __init__(self, model: Generator, every: float = 20.0, count: int = 24) -> None:
        self.model, self.every, self.paired = model, every, paired_scenes(count)
        self.seconds: list[float] = []
        self.gates: dict[str, list[float]] = {gate_name(name): [] for name in openness(model)}
        self.losses: dict[str, list[float]] = {name: [] for name in BOXES}
        self.note(0.0)

    def __call__(self, progress: Progress) -> None:
        """Note, if the last note is old enough."""
        if progress.seconds - max(self.seconds, default=-math.inf) >= self.every:
            self.note(progress.seconds)

    def note(self, seconds: float) -> None:
        """Measure now."""
        self.seconds.append(seconds)
        for name, value in openness(self.model).items():
            self.gates[gate_name(name)].append(value)
        for name, losses in grounded_losses(self.model, self.paired).items():
            self.losses[name].append(losses.mean().item())


def gate_name(parameter: str) -> str:
    """ "unet.up_blocks.0.attentions.1.transformer_blocks.0.fuser.alpha_dense" → "up 2, feed-forward"."""
    parts = parameter.split(".")
    number = int(parts[parts.index("attentions") + 1]) + 1
    return f"{parts[1].split('_')[0]} {number}, {'attention' if parts[-1] == 'alpha_attn' else 'feed-forward'}"
