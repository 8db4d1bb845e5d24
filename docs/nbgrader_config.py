# nbgrader's settings for this course: copy this file into the folder of your nbgrader course (docs/INSTRUCTORS.md).
from nbgrader.preprocessors import CheckCellMetadata, ClearOutput, DeduplicateIds, OverwriteCells, OverwriteKernelspec

c = get_config()  # noqa: F821 (nbgrader defines it)

c.ClearSolutions.code_stub = {"python": "..."}  # as in notebooks/: a blank, not an error that frightens
c.ExecutePreprocessor.timeout = 1800  # seconds a cell; trainings are short where COURSE_QUICK=1 is set
c.ExecutePreprocessor.interrupt_on_timeout = True  # an endless cell costs its own points, not those of the rest
c.ExecutePreprocessor.iopub_timeout = 60  # seconds for late outputs; nbgrader's 4 fail on a busy computer


class ForgiveCopies(DeduplicateIds):
    """nbgrader 0.9.6 leaves empty metadata on a copied cell, then refuses the notebook, and with it all that follow."""

    def preprocess(self, nb, resources):
        nb, resources = super().preprocess(nb, resources)
        for cell in nb.cells:
            if not cell.metadata.get("nbgrader", True):
                del cell.metadata["nbgrader"]
        return nb, resources


c.Autograde.sanitize_preprocessors = [
    ClearOutput,
    ForgiveCopies,
    OverwriteKernelspec,
    OverwriteCells,
    CheckCellMetadata,
]
