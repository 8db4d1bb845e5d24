"""run: execute lessons from the command line, in order, with each cell's progress, and print minutes and figures."""

import json
import os
import time
from pathlib import Path

from course_lib.commands.environment import REPO
from course_lib.figures import MIME, Figure, table

TIMES = REPO / "data" / "lesson_times.json"


def add_arguments(parser) -> None:
    """Options of `run`."""
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="numbers or names, such as 02 (default: all)")
    parser.add_argument("--unsolved", action="store_true", help="the learners' notebooks, blanks and all")
    parser.add_argument("--record", action="store_true", help="keep minutes and memory for the lessons' headers")


def main(options) -> int:
    """Stop at the first error, naming notebook and cell; exit code 1 then."""
    folder = REPO / ("notebooks" if options.unsolved else "solutions")
    notebooks = chosen(folder, options.lessons)
    if not notebooks:
        print(f"No such lesson. There are: {', '.join(path.stem for path in sorted(folder.glob('*.ipynb')))}")
        return 2
    for path in notebooks:
        measured = run_lesson(path)
        if measured is None:
            return 1
        if options.record:
            record(path.stem, measured)
    return 0


def chosen(folder: Path, lessons: list[str]) -> list[Path]:
    """The notebooks that the words name by their beginning; all of them without words."""
    paths = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    return [path for path in paths if not lessons or any(path.stem.startswith(word) for word in lessons)]


def run_lesson(path: Path) -> dict | None:
    """Execute one notebook in the course's folder. Returns minutes and memory; None after an error."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    code_cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    client = NotebookClient(notebook, timeout=3600, resources={"metadata": {"path": str(REPO)}})
    start, memory = time.perf_counter(), 0.0
    print(f"{path.stem}: {len(code_cells)} cells", flush=True)
    try:
        with client.setup_kernel(env={**os.environ, "CI": "1"}):
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                memory = max(memory, _memory(client))
                _say(cell, code_cells)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        number = code_cells.index(cell) + 1
        print(f"\n{path.relative_to(REPO)}, code cell {number} of {len(code_cells)}, failed:\n")
        print(f"{cell.source}\n\n{_last_words(error)}")
        return None
    minutes = (time.perf_counter() - start) / 60
    print(f"{path.stem}: {minutes:.1f} minutes, {memory:.0f} MB\n")
    if found := figures(notebook):
        print(table(found) + "\n")
    return {"minutes": round(minutes, 2), "peak_mb": round(memory), "cores": os.cpu_count()}


def _say(cell, code_cells: list) -> None:
    """One line a code cell: its number and its first words."""
    if cell in code_cells:
        first = next((line for line in cell.source.splitlines() if line.strip() and not line.startswith("#")), "")
        print(f"  [{code_cells.index(cell) + 1}/{len(code_cells)}] {first[:70]}", flush=True)


def _memory(client) -> float:
    """Megabytes that the kernel holds."""
    import psutil

    try:
        return psutil.Process(client.km.provisioner.pid).memory_info().rss / 1e6
    except (AttributeError, psutil.Error):
        return 0.0


def _last_words(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


def figures(notebook) -> list[Figure]:
    """What the lesson measured: the figures among its outputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [Figure(**fields) for output in outputs for fields in output.get("data", {}).get(MIME, [])]


def record(lesson: str, measured: dict) -> None:
    """Keep the measurement for the lesson's header."""
    from course_lib.checkpoints import write_atomically

    times = json.loads(TIMES.read_text(encoding="utf-8")) if TIMES.exists() else {}
    times[lesson] = measured
    write_atomically(TIMES, (json.dumps(dict(sorted(times.items())), indent=2) + "\n").encode())
