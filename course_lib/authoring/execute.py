"""Run a notebook, watched: which cell, how long, how much memory; keep what a reader needs of its outputs,
and the record of what it cost, with the code that was measured, so that an old record is known for one."""

import hashlib
import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from course_lib.common.files import write_atomically
from course_lib.common.processes import resident
from course_lib.session import cores

FAILURES = (CellExecutionError, CellTimeoutError, DeadKernelError)
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_SECONDS = 1800
EVERY = 0.25  # seconds between two looks at the memory


class Watch:
    """Executes a notebook in place, tells the progress, and knows what it took."""

    def __init__(self, name: str, notebook: NotebookNode) -> None:
        self.name, self.notebook = name, notebook
        self.cell = 0  # index of the cell that runs, or ran last
        self.minutes = 0.0
        self.peak_mb = 0.0  # of the kernel with its children
        self._started = time.perf_counter()
        self._done = threading.Event()

    def execute(self, folder: Path, home: Path) -> None:
        """Run all cells in `folder`, as a learner who begins today: `home` becomes their own, empty. Raises FAILURES at the first error."""
        shutil.rmtree(home, ignore_errors=True)
        client = NotebookClient(
            self.notebook,
            timeout=CELL_SECONDS,
            startup_timeout=CELL_SECONDS,
            iopub_timeout=CELL_SECONDS,  # nbclient's 4 seconds lose outputs on a busy computer
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            store_widget_state=False,
            coalesce_streams=True,
            on_cell_start=self.tell,
        )
        others = set(psutil.Process().children(recursive=True))
        thread = threading.Thread(target=self.look_at_memory, args=(others,), daemon=True)
        self._started = time.perf_counter()
        thread.start()
        try:
            client.execute(env={**os.environ, "COURSE_HOME": str(home), "CI": "1"})  # CI: no progress bars
        finally:
            self.minutes = (time.perf_counter() - self._started) / 60
            self._done.set()
            thread.join()

    def tell(self, cell: NotebookNode, cell_index: int) -> None:
        """A line for a code cell: redrawn on a terminal, every tenth cell elsewhere."""
        self.cell = cell_index
        if cell.cell_type != "code":
            return
        seconds, cells = int(time.perf_counter() - self._started), len(self.notebook.cells)
        line = f"{self.name}: cell {cell_index + 1} of {cells}, {seconds // 60}:{seconds % 60:02d}"
        if sys.stderr.isatty():
            print(f"\r{line} ", end="" if cell_index + 1 < cells else "\n", file=sys.stderr, flush=True)
        elif cell_index % 10 == 0:
            print(line, file=sys.stderr, flush=True)

    def look_at_memory(self, others: set[psutil.Process]) -> None:
        """Until the run is over, note the largest resident memory of this process's children (the kernel), but for `others`."""
        while not self._done.wait(EVERY):
            kernel = set(psutil.Process().children(recursive=True)) - others
            self.peak_mb = max(self.peak_mb, sum(map(resident, kernel)) / 1e6)


def clean(notebook: NotebookNode) -> None:
    """Drop warnings (stderr) and widgets, which a saved page can't show, and what differs from run to run."""
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.outputs = [output for output in cell.outputs if keep(output)]


def keep(output: NotebookNode) -> bool:
    """Is this worth keeping?"""
    return output.get("name") != "stderr" and WIDGET not in output.get("data", {})


def carry_over(old: NotebookNode, new: NotebookNode) -> bool:
    """Take the outputs of cells that did not change from an older build. Are all code cells as they were?"""
    codes = [[cell for cell in notebook.cells if cell.cell_type == "code"] for notebook in (old, new)]
    outputs = {cell.id: cell for cell in codes[0]}
    for cell in codes[1]:
        if before := outputs.get(cell.id):
            cell.outputs, cell.execution_count = before.outputs, before.execution_count
    return [cell.id for cell in codes[0]] == [cell.id for cell in codes[1]]


def stored(file: Path) -> NotebookNode | None:
    """The notebook in a file; None if there is no file, or what is there is no notebook."""
    try:
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
    except Exception:  # nbformat compares, counts and asserts before it validates: it trips over oddities in many ways
        return None
    return notebook


FILE = Path("data") / "lesson_times.json"  # in the course's folder


def measured(root: Path) -> dict[str, dict]:
    """The record of each lesson: `minutes`, `peak_mb`, `cores`, and `master`, see `code_hash`."""
    file = root / FILE
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def record(root: Path, slug: str, cells: Iterable[NotebookNode], minutes: float, peak_mb: float) -> None:
    """Keep what running these cells of a lesson took; `build` writes it into the lesson's header."""
    new = {"minutes": round(minutes, 2), "peak_mb": round(peak_mb), "cores": cores(), "master": code_hash(cells)}
    text = json.dumps(measured(root) | {slug: new}, indent=1, sort_keys=True) + "\n"
    write_atomically(root / FILE, text.encode())


def is_stale(times: dict, cells: Iterable[NotebookNode]) -> bool:
    """Was this record made before the lesson's code became what it is in these cells?"""
    return times.get("master") != code_hash(cells)


def code_hash(cells: Iterable[NotebookNode]) -> str:
    """What a record depends on: the code that a lesson's master writes. The master's cells and those of the solved notebook give the same.

    Code alone, since prose takes no time: a mended sentence would otherwise ask for ten quiet minutes of measuring. What a lesson
    *imports* is not in it, or each change in a room would make all records old: who makes a training longer records its lesson anew.
    """
    code = [cell.source for cell in cells if cell.cell_type == "code" and not is_generated(cell)]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()[:16]


def is_generated(cell: NotebookNode) -> bool:
    """Is this code cell one that no master holds: the set-up, or an exercise's points?"""
    return "cellView" in cell.metadata or cell.metadata.get("nbgrader", {}).get("grade", False)
