"""Are the boxes read, and since when? The paired losses of held-out scenes, noted while the gates are trained."""

from course_lib.gligen.model import Generator
from course_lib.gligen.paired import paired_scenes
from course_lib.gligen.paired_boxes import BOXES, grounded_losses
from course_lib.training import Progress


class PairedLog:
    """A callback of training: every so many seconds, what true, shuffled and no boxes cost inside the things.

    No caption is given: what boxes are worth shows best when nothing else is known. The first note is made before training.
    """

    def __init__(self, model: Generator, every: float = 30.0, count: int = 24) -> None:
        self.model, self.every, self.paired = model, every, paired_scenes(count)
        self.steps: list[int] = []
        self.losses: dict[str, list[float]] = {name: [] for name in BOXES}
        self._noted = 0.0
        self.note(0)

    def __call__(self, progress: Progress) -> None:
        """Called after every step; notes, if the last note is old enough."""
        if progress.seconds - self._noted >= self.every:
            self._noted = progress.seconds
            self.note(progress.step)

    def note(self, step: int) -> None:
        """Measure now."""
        self.steps.append(step)
        for name, losses in grounded_losses(self.model, self.paired).items():
            self.losses[name].append(losses.mean().item())
