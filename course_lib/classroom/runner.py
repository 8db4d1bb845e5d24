"""Run one submission, in a process of its own: `python -m course_lib.classroom.runner NOTEBOOK RESULT CELL_SECONDS LESSON`.

After every cell, RESULT (json) says what is known so far, so that a process that must be killed has not worked in vain.
"""

import json
import os
import sys
from pathlib import Path

from course_lib.classroom.network import cut_network

SETUP = "# Set-up: run this first"  # the course is found already, and its TIER is not the student's to choose here
BEGINNING = """\
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin
session = begin(lesson={lesson!r})"""


def main(arguments: list[str]) -> int:
    """Run all code cells in order; one that fails or lasts too long does not stop the next."""
    notebook, result, cell_seconds = Path(arguments[0]), Path(arguments[1]), float(arguments[2])
    report = {"network": cut_network(), "failed": [], "verdicts": {}, "ended": False}
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    shell = new_shell()
    shell.run_cell(BEGINNING.format(lesson=arguments[3]))  # also where the student deleted that cell
    for number, source in enumerate(sources, start=1):
        if not source.startswith(SETUP) and (problem := run(shell, source, cell_seconds)):
            report["failed"].append(f"code cell {number}: {problem}")
        report["verdicts"] = verdicts_so_far()
        report["ended"] = number == len(sources)
        write(result, report)
    return 0


def new_shell():
    """IPython without a history: cells may hold magics and shell commands, as in a notebook."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    return InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))


def run(shell, source: str, seconds: float) -> str:
    """Run one cell for so many seconds at most; returns why it failed, "" if it did not."""
    from course_lib.checker.guard.limit import TooSlow, time_limit

    try:
        with time_limit(seconds):
            done = shell.run_cell(source)
            error = done.error_before_exec or done.error_in_exec
            if isinstance(error, KeyboardInterrupt):
                raise error  # the shell has caught it, and the limit must hear of it
    except TooSlow:
        return f"stopped after {seconds:.0f} seconds"
    except (KeyboardInterrupt, SystemExit) as interruption:
        error = interruption
    return type(error).__name__ if error else ""


def verdicts_so_far() -> dict[str, dict]:
    """Exercise → state, points and the known mistake, of the last check of each."""
    from course_lib.exercise import points, verdicts

    return {
        name: {"state": verdict.state, "points": points(name), "mistake": verdict.mistake}
        for name, verdict in verdicts().items()
    }


def write(file: Path, report: dict) -> None:
    """Replace the file in one step."""
    beside = file.with_name(f"{file.name}.part")
    beside.write_text(json.dumps(report), encoding="utf-8")
    os.replace(beside, file)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
