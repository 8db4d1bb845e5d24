"""Answers to Lesson 00 of every kind, and the notebooks that students hand in with them."""

from pathlib import Path

import nbformat

from course_lib.checker.registry import find_task
from course_lib.checker.running import seeded
from course_lib.session import REPO

BOX, OVERLAP = "world.box_from_mask", "world.overlap"
BOX_RIGHT = f'''@exercise("{BOX}")
def box_from_mask(mask):
    rows, columns = mask.nonzero()
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1'''
OVERLAP_RIGHT = f'''@exercise("{OVERLAP}")
def overlap(a, b):
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return shared / (sum(areas) - shared)'''
OVERLAP_TWICE = OVERLAP_RIGHT.replace("(sum(areas) - shared)", "sum(areas)")
LOOP = OVERLAP_RIGHT.replace("    shared =", "    while True:\n        pass\n    shared =")
UNTOUCHED = {
    "box": f'@exercise("{BOX}")\ndef box_from_mask(mask):\n    ...',
    "overlap": f'@exercise("{OVERLAP}")\ndef overlap(a, b):\n    ...',
}
NOTEBOOK = REPO / "notebooks" / "00_welcome.ipynb"


def hand_in(file: Path, box: str | None = BOX_RIGHT, overlap: str | None = OVERLAP_RIGHT, **other) -> None:
    """A copy of the student notebook with these answers (None deletes the cell); `other`: cells before, between, after."""
    notebook = nbformat.read(NOTEBOOK, 4)
    cells = []
    for cell in notebook.cells:
        answer = {f'@exercise("{BOX}")': box, f'@exercise("{OVERLAP}")': overlap}
        which = next((mark for mark in answer if cell.source.startswith(mark)), None)
        if which and OVERLAP in which:
            cells += [nbformat.v4.new_code_cell(source) for source in other.get("between", [])]
        if (which and answer[which] is None) or cell.source.startswith(other.get("without", "nothing like this")):
            continue
        if which:
            cell.source = answer[which]
        cell.source = cell.source.replace(*other.get("replace", ("nothing like this", "")))
        cells.append(cell)
        if which and OVERLAP in which:
            cells += [copy_of(cell, source) for source in other.get("after", [])]
    notebook.cells = cells
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, file)


def copy_of(cell: nbformat.NotebookNode, source: str) -> nbformat.NotebookNode:
    """As Jupyter copies a cell: metadata and all, under another id."""
    return nbformat.v4.new_code_cell(source, metadata=nbformat.from_dict(cell.metadata))


def memorised() -> str:
    """An answer that knows the results of the public draws by heart."""
    task, known = find_task(OVERLAP), {}
    for draw in range(task.draws):
        with seeded(task, draw) as rng:
            a, b = task.make_inputs(rng)
            known[a, b] = task.reference(a, b)
    return f'known = {known}\n\n\n@exercise("{OVERLAP}")\ndef overlap(a, b):\n    return known.get((a, b), 0.0)'
