"""A notebook that runs, watched: which cell, how long, how much memory."""

import sys
import threading
import time
from pathlib import Path

import psutil
from nbclient import NotebookClient
from nbformat import NotebookNode

CELL_SECONDS = 1800
EVERY = 0.25  # seconds between two looks at the memory


class Watch:
    """Executes a notebook, tells the progress, and knows the peak memory of the kernel with its children."""

    def __init__(self, name: str, cells: int) -> None:
        self.name, self.cells = name, cells
        self.cell = 0  # index of the cell that runs, or ran last
        self.peak_mb = 0.0
        self._started = time.perf_counter()
        self._done = threading.Event()

    def execute(self, notebook: NotebookNode, folder: Path, variables: dict[str, str]) -> None:
        """Run all cells in place, in `folder`. Raises what nbclient raises at the first error."""
        client = NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
            on_cell_start=self.tell,
        )
        others = set(psutil.Process().children(recursive=True))
        thread = threading.Thread(target=self.look_at_memory, args=(others,), daemon=True)
        thread.start()
        try:
            client.execute(env=variables)
        finally:
            self._done.set()
            thread.join()

    def tell(self, cell: NotebookNode, cell_index: int) -> None:
        """A line for a code cell: redrawn on a terminal, every tenth cell elsewhere."""
        self.cell = cell_index
        if cell.cell_type != "code":
            return
        seconds = int(time.perf_counter() - self._started)
        line = f"{self.name}: cell {cell_index + 1} of {self.cells}, {seconds // 60}:{seconds % 60:02d}"
        if sys.stderr.isatty():
            print(f"\r{line} ", end="" if cell_index + 1 < self.cells else "\n", file=sys.stderr, flush=True)
        elif cell_index % 10 == 0:
            print(line, file=sys.stderr, flush=True)

    def look_at_memory(self, others: set[psutil.Process]) -> None:
        """Until the run is over, note the largest resident memory of this process's children (the kernel), but for `others`."""
        while not self._done.wait(EVERY):
            kernel = set(psutil.Process().children(recursive=True)) - others
            self.peak_mb = max(self.peak_mb, sum(map(resident, kernel)) / 1e6)


def resident(process: psutil.Process) -> int:
    """Bytes of memory that a process holds; 0 if it is gone."""
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0
