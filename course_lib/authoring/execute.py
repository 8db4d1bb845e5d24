"""Run a solution notebook and keep what a reader needs of its outputs, nothing of the machine or the hour."""

import os
import shutil
from pathlib import Path

from nbclient import NotebookClient
from nbformat import NotebookNode

from course_lib.session import REPO

HOME = REPO / ".course" / "build"  # not the author's own: their progress is none of the lesson's
WIDGET = "application/vnd.jupyter.widget-view+json"
CELL_SECONDS = 1800


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells in `folder`, in place, as a learner who begins today. Raises nbclient's CellExecutionError."""
    shutil.rmtree(HOME, ignore_errors=True)
    environment = {**os.environ, "COURSE_HOME": str(HOME), "CI": "1"}  # CI: no progress bars in the outputs
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
    )
    client.execute(env=environment)
    clean(notebook)


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
