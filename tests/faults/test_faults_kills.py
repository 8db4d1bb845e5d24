"""Killed at random moments (kill -9), work goes on and comes to what the undisturbed run comes to.

COURSE_LONG=1 python -m course_lib test tests/faults/test_faults_kills.py     150 kills
python -m course_lib test tests/faults/test_faults_kills.py                   a dozen kills
"""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fault_work import FILES

from course_lib.cli import environment
from course_lib.instruct.evaluate.faults import kill_again_and_again
from course_lib.session import REPO

HERE = Path(__file__).resolve().parent
LONG = os.environ.get("COURSE_LONG") == "1"
KILLS = (
    {"train": 25, "bake": 15, "build": 40, "set_up": 50}
    if LONG
    else dict.fromkeys(("train", "bake", "build", "set_up"), 3)
)
REPLIES = 20  # kills of data generation, in the long run (in the short one, tests/test_instruct_kills.py has them)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kill -9 and fork are of Unix")


class Worker:
    """The program that forks."""

    def __init__(self, *tasks: str) -> None:
        path = os.pathsep.join((str(HERE), str(HERE.parent), str(REPO)))
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "fault_work.py"), *tasks],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": path,
                "OMP_NUM_THREADS": "1",
                "TOKENIZERS_PARALLELISM": "0",
            },  # threads don't fork
        )
        assert self.process.stdout.readline() == "ready\n"  # its imports are no part of the time that a task takes

    def run(self, task: str, folder: Path, kill_after: float | None = None) -> int:
        """Let a child do the task; kill it after so many seconds. → exit code, −9 when it was killed."""
        self.process.stdin.write(f"{task} {'never' if kill_after is None else kill_after} {folder}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def workers():
    """One that has imported torch, and one that need not."""
    learners, others = ("train", "bake"), ("build", "set_up")
    made: dict[str, Worker] = {}

    def of(task: str) -> Worker:
        kind = learners if task in learners else others
        if kind[0] not in made:
            made[kind[0]] = Worker(*kind)
        return made[kind[0]]

    yield of
    for worker in made.values():
        worker.process.stdin.close()
        worker.process.wait()


def prepare(task: str, folder: Path) -> Path:
    """A folder in which the work has not begun."""
    folder.mkdir()
    if task == "build":  # built before; since then, a master has changed, and outputs are there that must not be lost
        shutil.copytree(HERE.parent / "toy_course" / "solutions", folder / "solutions")
    if task == "set_up":
        for name in environment.LISTS:
            (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    return folder


def with_outputs(worker: Worker, folder: Path) -> None:
    """Build once, put an output into the executed notebook, change the master's text."""
    assert worker.run("build", folder) == 0
    solution = folder / "solutions" / "07_toy.ipynb"
    text = solution.read_text(encoding="utf-8")
    output = '"outputs": [{"name": "stdout", "output_type": "stream", "text": ["worth keeping\\n"]}]'
    assert '"outputs": []' in text
    solution.write_text(text.replace('"outputs": []', output, 1), encoding="utf-8")
    master = folder / "solutions" / "07_toy.py"
    master.write_text(master.read_text(encoding="utf-8") + "\n# %% [markdown]\n# One more word.\n", encoding="utf-8")


def result(folder: Path) -> dict[str, str]:
    """The SHA-256 of all files that are there in the end, but for what says how long it took."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file() and file.suffix not in (".tmp", ".lock")]
    found = {str(file.relative_to(folder)): file.read_bytes() for file in files}
    if card := found.get("clip.json"):
        found["clip.json"] = b"\n".join(line for line in card.splitlines() if b'"minutes"' not in line)
    return {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}


def check(task: str, folder: Path) -> None:
    """What must hold right after a kill, whenever it came."""
    if task == "set_up" and environment.state(folder) == "complete":
        assert len(list((folder / ".venv").glob("package_*"))) == FILES
    for notebook in folder.rglob("*.ipynb"):
        assert notebook.read_text(encoding="utf-8").endswith("}\n")


@pytest.mark.parametrize("task", KILLS)
def test_after_kills_the_result_is_the_undisturbed_one(task, workers, tmp_path):
    rng, worker = random.Random(task), workers(task)
    undisturbed = prepare(task, tmp_path / "undisturbed")
    if task == "build":
        with_outputs(worker, undisturbed)
        shutil.copytree(undisturbed, tmp_path / "before")
    begun = time.perf_counter()
    assert worker.run(task, undisturbed) == 0
    seconds, expected = time.perf_counter() - begun, result(undisturbed)
    kills = rounds = 0
    while kills < KILLS[task]:
        rounds += 1
        folder = tmp_path / f"round {rounds}"
        shutil.copytree(tmp_path / "before", folder) if task == "build" else prepare(task, folder)
        most = rng.randint(1, 8)  # kills in a row before it may end
        for _ in range(most):
            code = worker.run(task, folder, rng.uniform(0, seconds))
            kills += code == -9
            check(task, folder)
            if code == 0 or kills == KILLS[task]:
                break
            assert code == -9
        assert worker.run(task, folder) == 0
        assert result(folder) == expected
    print(f"{task}: {kills} kills in {rounds} rounds")
    assert len(expected) >= 2


@pytest.mark.skipif(not LONG, reason="the long run (COURSE_LONG=1); tests/test_instruct_kills.py has 20 kills, too")
def test_data_generation_is_killed_with_the_others():
    report = kill_again_and_again(REPLIES, seed=2)
    assert report.survived == report.kills == REPLIES
