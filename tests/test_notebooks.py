"""Every notebook runs: the student's unsolved, the solution with its marked outputs compared by nbval."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from toy_course import FOLDER

from course_lib import exercise
from course_lib.authoring import build, lint
from course_lib.authoring.master import masters
from course_lib.authoring.notebook import CHECKED
from course_lib.checker.checking import Verdict
from course_lib.checker.table import exercise_ids
from course_lib.session import REPO

LESSONS = [master.stem for master in masters(REPO / "solutions")]
HANGS = 3600  # seconds after which a notebook is given up: on a busy computer they take long


def nbval(notebook: Path, home: Path) -> subprocess.CompletedProcess:
    """Run one notebook as CI does: budgets of seconds, marked outputs compared."""
    environment = {**os.environ, "COURSE_QUICK": "1", "CI": "1", "COURSE_HOME": str(home), "PYTHONPATH": str(REPO)}
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    command += ["--rootdir", str(notebook.parent), "-c", os.devnull, "--color=no", str(notebook)]
    command += [f"--nbval-cell-timeout={HANGS}", f"--nbval-kernel-startup-timeout={HANGS}"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=HANGS, check=False)


def expect_unsolved(notebook: nbformat.NotebookNode) -> int:
    """Mark what an unsolved exercise must show: "not started", the reference steps in, 0 points. Returns how many."""
    expected = 0
    for cell in notebook.cells:
        if "nbgrader" not in cell.metadata:
            continue
        if cell.metadata.nbgrader.solution:
            card = exercise.verdict_card(exercise_ids(cell.source)[0], Verdict("not started"))
            data = {"text/plain": repr(card), "text/html": card._repr_html_()}
            cell.outputs = [nbformat.v4.new_output("display_data", data)]
            expected += 1
        else:
            cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "0"}, execution_count=1)]
        cell.metadata["tags"] = [CHECKED]
        cell.execution_count = 1
    return expected


@pytest.mark.slow
@pytest.mark.parametrize("slug", LESSONS)
def test_student_notebook_runs_unsolved_and_the_reference_steps_in(slug, tmp_path):
    notebook = nbformat.read(REPO / "notebooks" / f"{slug}.ipynb", 4)
    assert expect_unsolved(notebook) > 0
    nbformat.write(notebook, tmp_path / f"{slug}.ipynb")
    run = nbval(tmp_path / f"{slug}.ipynb", tmp_path)
    assert run.returncode == 0, run.stdout[-5000:]


@pytest.mark.slow
@pytest.mark.parametrize("slug", LESSONS)
def test_solution_notebook_runs_and_its_marked_outputs_are_the_same(slug, tmp_path):
    run = nbval(Path(shutil.copy(REPO / "solutions" / f"{slug}.ipynb", tmp_path)), tmp_path)
    assert run.returncode == 0, run.stdout[-5000:]


@pytest.mark.parametrize("slug", LESSONS)
def test_solution_notebook_has_outputs_that_are_compared(slug):
    notebook = nbformat.read(REPO / "solutions" / f"{slug}.ipynb", 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.execution_count for cell in code), "run `python -m course_lib build --execute`"
    marked = [cell for cell in code if CHECKED in cell.metadata.get("tags", [])]
    assert all(compared(cell) for cell in marked)
    assert len([cell for cell in marked if not cell.source.startswith("points(")]) >= 3
    assert not any("<img" in str(cell.outputs) for cell in marked), "pictures depend on versions: don't compare them"
    assert lint.outputs_without_alt(notebook) == []
    assert str(REPO) not in nbformat.writes(notebook), "an output names a folder of the machine it was made on"


def compared(cell: nbformat.NotebookNode) -> list:
    """The texts of a cell's outputs that nbval compares (it skips pictures)."""
    texts = [output.get("text") or output.get("data", {}).get("text/plain") for output in cell.outputs]
    return [text for text in texts if text]


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """An executed toy lesson."""
    from argparse import Namespace

    root = tmp_path_factory.mktemp("course")
    shutil.copytree(FOLDER / "solutions", root / "solutions")
    (root / "solutions" / "07_toy.py").unlink()  # its exercise is in no room that a kernel could find
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(REPO))
        patch.setattr(build, "all_tasks", dict)
        assert build.main(Namespace(lessons=[], check=False, execute=True), root) == 0
    return root / "solutions" / "08_plain.ipynb"


def broken(toy: Path, folder: Path, tagged: bool) -> Path:
    """A copy in which every stored output of the (un)marked cells is another."""
    notebook = nbformat.read(toy, 4)
    for cell in notebook.cells:
        if cell.cell_type == "code" and (CHECKED in cell.metadata.get("tags", [])) == tagged:
            for output in cell.outputs:
                output.update(text="broken") if "text" in output else output.data.update({"text/plain": "broken"})
    nbformat.write(notebook, folder / toy.name)
    return folder / toy.name


def test_nbval_passes_what_is_true(toy, tmp_path):
    run = nbval(toy, tmp_path)
    assert run.returncode == 0 and "6 passed" in run.stdout, run.stdout


def test_a_broken_marked_output_fails(toy, tmp_path):
    run = nbval(broken(toy, tmp_path, tagged=True), tmp_path)
    assert run.returncode == 1 and "3 failed" in run.stdout, run.stdout


def test_a_broken_unmarked_output_does_not_matter(toy, tmp_path):
    run = nbval(broken(toy, tmp_path, tagged=False), tmp_path)
    assert run.returncode == 0, run.stdout
