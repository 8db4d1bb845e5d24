"""Notebooks executed by nbval, as CI does: with tiny budgets, marked outputs compared."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import lesson_pace
import nbformat
import psutil

from course_lib.commands import run
from course_lib.session import REPO

TIMES = json.loads(run.TIMES.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Foreseen:
    """What a lesson would take in full."""

    fixed: float  # seconds of the trainings that ask for seconds
    steps: float  # seconds of those that ask for steps
    rest: float  # seconds of all else
    peak_mb: float
    yardstick: float  # how quick the computer was, see `run.yardstick`

    def minutes(self, yardstick: float) -> float:
        """The lesson's minutes on a computer with this yardstick."""
        return (self.fixed + (self.steps + self.rest) * yardstick / self.yardstick) / 60


@cache
def solved(slug: str) -> tuple[subprocess.CompletedProcess, Foreseen | None]:
    """Run a lesson's solution, once for all tests that ask about it."""
    return solve(slug)


def solve(slug: str) -> tuple[subprocess.CompletedProcess, Foreseen | None]:
    """Run a lesson's solution, and find out on the way what it would take in full on as many cores as its header says.

    None if it failed, or if other programs have these cores: two threads on one core say nothing about two cores.
    """
    threads, notebook = TIMES[slug]["cores"], nbformat.read(REPO / "solutions" / f"{slug}.ipynb", 4)
    with tempfile.TemporaryDirectory() as folder:
        file, times = Path(folder) / f"{slug}.ipynb", Path(folder) / "times.json"
        nbformat.write(lesson_pace.timed(notebook, times, threads) if free_cores() > threads - 0.4 else notebook, file)
        before = run.yardstick()
        done = nbval(file, Path(folder))
        if done.returncode or not times.exists():
            return done, None
        return done, Foreseen(**json.loads(times.read_text()), yardstick=(before + run.yardstick()) / 2)


def free_cores() -> float:
    """How many cores nobody uses at this moment."""
    return psutil.cpu_count() * (1 - psutil.cpu_percent(interval=1) / 100)


def nbval(notebook: Path, home: Path) -> subprocess.CompletedProcess:
    """Run one notebook as CI does: budgets of seconds, marked outputs compared."""
    path = f"{REPO}{os.pathsep}{Path(__file__).parent}"
    environment = {**os.environ, "COURSE_QUICK": "1", "CI": "1", "COURSE_HOME": str(home), "PYTHONPATH": path}
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    command += ["--rootdir", str(notebook.parent), "-c", os.devnull, "--color=no", str(notebook)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900, check=False)
