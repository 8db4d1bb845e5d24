"""Two small lessons and the task they ask for, to test the way from master to notebook."""

from pathlib import Path

from course_lib.checker.task import Mistake, Task

FOLDER = Path(__file__).parent


def mean(values):
    return sum(values) / len(values)


MEAN = Task(
    id="toy.mean",
    title="The mean",
    difficulty=1,
    importance=2,
    minutes=3,
    reference=mean,
    make_inputs=lambda rng: (rng.standard_normal(int(rng.integers(2, 6))).tolist(),),
    mistakes=(Mistake("sum", sum, "That is the sum: divide it."),),
    alternatives=(),
    hints=("Add.", "Divide.", "Return."),
)
