"""What a lesson takes in full, foreseen from a run with tiny budgets.

Its functions stand between the cells of a copy of the notebook (`timed`). A cell that trains is run a second time in full size, but for
a few steps of each training: their pace and the steps that the lesson asks for say how long all of it would take.
What else the tests' budgets make smaller or leave out in other cells, such as the number of pictures that are measured, counts as it is
there, so what is foreseen is somewhat too little.
"""

import json
import os
import time
from itertools import pairwise
from pathlib import Path
from statistics import median

import nbformat

STEPS, WARM = 24, 12  # steps of a training that are taken, and how many of them are not counted: the first are slow
TINY = 12  # steps with the tests' budgets; a recipe that was made in the second run of an earlier cell asks for more
_full = {"fixed": 0.0, "steps": 0.0, "rest": 0.0}  # seconds: of trainings that ask for seconds; for steps; of all else
_paces: dict[tuple, float] = {}  # seconds a step, by what is trained: trainings of one kind have one pace
_since = {"cell": 0.0, "training": 0.0}  # when this cell began, and the seconds of it that were training


def timed(notebook: nbformat.NotebookNode, file: Path, threads: int) -> nbformat.NotebookNode:
    """A copy of the notebook that writes into `file` how many seconds it would take in full on so many cores."""
    first = nbformat.v4.new_code_cell("import lesson_pace\nlesson_pace.begin()")
    last = nbformat.v4.new_code_cell(f"lesson_pace.write({str(file)!r})")
    cells = [first]
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "code":
            cells.append(nbformat.v4.new_code_cell(f"lesson_pace.again({cell.source!r}, {threads})"))
    return nbformat.v4.new_notebook(cells=[*cells, last], metadata=notebook.metadata)


def begin() -> None:
    """Stand between the lesson and the training loop, before a room imports it."""
    from course_lib import training

    real = training.fit

    def fit(*args, steps=None, **options):
        started = time.perf_counter()
        if os.environ["COURSE_QUICK"] == "1":
            progress = real(*args, steps=steps and min(steps, TINY), **options)
        else:
            progress = _first_steps(real, *args, steps=steps, **options)
        _since["training"] += time.perf_counter() - started
        return progress

    training.fit = fit
    _since["cell"] = time.perf_counter()


def _first_steps(fit, model, batch, loss, *, steps=None, seconds=None, callbacks=(), **options):
    """The first steps of a training; notes what all of it would take."""
    kind = (loss.__qualname__, steps)
    if seconds or kind in _paces:
        progress = fit(model, batch, loss, steps=1, callbacks=callbacks, **options)
    else:
        ends = []
        callbacks = [*callbacks, lambda _: ends.append(time.perf_counter())]
        progress = fit(model, batch, loss, steps=min(steps, STEPS), callbacks=callbacks, **options)
        _paces[kind] = median(later - earlier for earlier, later in pairwise(ends[WARM:]))
    if seconds:
        _full["fixed"] += seconds
    else:
        _full["steps"] += steps * _paces[kind]
    return progress


def again(cell: str, threads: int) -> None:
    """If this cell, which ran just now, trained: run it once more in full size. What is not training counts as it was, there or here."""
    if _since["training"]:
        import torch
        from IPython import get_ipython

        usual = torch.get_num_threads()
        _since.update(cell=time.perf_counter(), training=0.0)
        os.environ["COURSE_QUICK"] = "0"
        torch.set_num_threads(threads)
        get_ipython().run_cell(cell).raise_error()
        torch.set_num_threads(usual)
        os.environ["COURSE_QUICK"] = "1"
    _full["rest"] += time.perf_counter() - _since["cell"] - _since["training"]
    _since.update(cell=time.perf_counter(), training=0.0)


def write(file: str) -> None:
    """Leave what was found, and the most memory that this process held."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    Path(file).write_text(json.dumps(_full | {"peak_mb": peak}), encoding="utf-8")
