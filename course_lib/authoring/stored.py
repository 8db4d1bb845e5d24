"""Notebooks as they lie on the disk, where learners, editors and crashes have had their hands on them."""

from pathlib import Path

import nbformat
from nbformat import NotebookNode


def stored(file: Path) -> NotebookNode | None:
    """The notebook in a file; None if there is no file, or what is there is no notebook."""
    try:
        notebook = nbformat.read(file, as_version=4)
        nbformat.validate(notebook)
    except Exception:  # nbformat compares, counts and asserts before it validates: it trips over oddities in many ways
        return None
    return notebook
