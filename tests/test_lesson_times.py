"""The minutes and the memory in a lesson's header are the measured ones."""

import json
import os
import subprocess
import sys

import lesson_pace
import nbformat
import nbval_runs
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.authoring.master import masters
from course_lib.commands import run
from course_lib.commands.watching import Watch
from course_lib.session import REPO

TIMES = json.loads(run.TIMES.read_text(encoding="utf-8"))
SOLUTIONS = REPO / "solutions"


def test_no_lesson_is_recorded_that_there_is_not():
    assert set(TIMES) <= {master.stem for master in masters(SOLUTIONS)}


def test_the_recorded_lessons_together_take_at_most_40_minutes():
    """Those that are not recorded yet are not counted: 40 minutes for all is shown when all of them are."""
    assert sum(lesson["minutes"] for lesson in TIMES.values()) <= 40


def test_what_other_children_of_this_process_hold_is_not_counted(tmp_path):
    hold = "x = bytearray(600_000_000); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        watch = Watch("small", cells=1)
        watch.execute(new_notebook(cells=[new_code_cell("1")]), tmp_path, dict(os.environ))
        other.communicate(b"\n")
    assert 10 < watch.peak_mb < 500


TRAINS = """
import time, torch
from course_lib.session import quick
from course_lib.training import fit

model, started = torch.nn.Linear(1, 1), []

def batch(step):
    time.sleep(0.02 if started else 0.5)  # a first step is slow
    started.append(step)
    return torch.ones(1, 1)

time.sleep(0.1 if quick() else 1)
for _ in range(1 if quick() else 2):
    fit(model, batch, lambda model, data: model(data).sum(), steps=2 if quick() else 500)
fit(model, batch, lambda model, data: model(data).sum(), seconds=0.1 if quick() else 90)
"""


def test_a_training_is_foreseen_from_its_first_steps(tmp_path):
    code = [TRAINS, "import os\nassert os.environ['COURSE_QUICK'] == '1'", "import time\ntime.sleep(0.5)"]
    notebook = lesson_pace.timed(new_notebook(cells=[new_code_cell(cell) for cell in code]), tmp_path / "times", 1)
    nbformat.write(notebook, tmp_path / "toy.ipynb")
    done = nbval_runs.nbval(tmp_path / "toy.ipynb", tmp_path)
    assert done.returncode == 0, done.stdout
    found = json.loads((tmp_path / "times").read_text())
    assert found["fixed"] == 90
    assert found["steps"] == pytest.approx(2 * 500 * 0.02, rel=0.5)
    assert 1.5 < found["rest"] < 4  # without what torch's import took in the first run of the cell
    on_a_slower_one = nbval_runs.Foreseen(**found, yardstick=0.2).minutes(yardstick=0.4)
    assert on_a_slower_one == pytest.approx((90 + 2 * (found["steps"] + found["rest"])) / 60)


TRAINING = sorted(set(TIMES) - {"00_welcome", "05_instruction_data"})


@pytest.mark.slow
@pytest.mark.parametrize("lesson", TRAINING)
def test_a_lesson_that_trains_would_take_what_its_header_says(lesson):
    """Foreseen (`lesson_pace`), since these lessons take minutes. Off by more than half, twice, it must be recorded anew."""
    recorded = TIMES[lesson]
    for run_it in (nbval_runs.solved, nbval_runs.solve):  # once more, if other work got in between
        _, found = run_it(lesson)
        if found is None:
            pytest.skip("other programs have the cores, or the lesson failed, which test_notebooks says")
        minutes = found.minutes(recorded.get("yardstick", found.yardstick))
        print(f"{lesson}: {minutes:.1f} minutes foreseen; recorded {recorded}; {found}")
        if right(minutes, found.peak_mb, recorded):
            return
    pytest.fail(f"{minutes:.1f} minutes, {found.peak_mb:.0f} MB: python -m course_lib run {lesson} --record")


def right(minutes: float, peak_mb: float, recorded: dict) -> bool:
    """Is the header off by no more than half?"""
    return minutes == pytest.approx(recorded["minutes"], rel=0.5) and peak_mb == pytest.approx(
        recorded["peak_mb"], rel=0.5
    )


def test_a_header_that_is_off_is_noticed():
    assert right(6.0, 900, {"minutes": 4.8, "peak_mb": 1000})
    assert not right(6.0, 900, {"minutes": 3.9, "peak_mb": 1000})
    assert not right(6.0, 900, {"minutes": 12.5, "peak_mb": 1000})
    assert not right(6.0, 900, {"minutes": 4.8, "peak_mb": 500})


@pytest.mark.slow
@pytest.mark.parametrize("lesson", sorted(set(TIMES) - set(TRAINING)))
def test_a_lesson_that_trains_nothing_takes_what_its_header_says(lesson, monkeypatch):
    """In full. Off by more than half, twice, it must be recorded anew."""
    monkeypatch.setenv("COURSE_QUICK", "0")
    recorded = TIMES[lesson]
    for last in (False, True):  # once more, if other work got in between
        before = run.yardstick()
        result = run.run_lesson(SOLUTIONS / f"{lesson}.ipynb")
        speed = recorded["yardstick"] / ((before + run.yardstick()) / 2)  # below 1 where this computer is slower
        if right(result.minutes * speed, result.peak_mb, recorded) or last:
            break
    assert right(result.minutes * speed, result.peak_mb, recorded), (
        f"{result}: python -m course_lib run {lesson} --record"
    )
