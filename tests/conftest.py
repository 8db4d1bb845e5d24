"""All tests run in a folder of their own, with tiny budgets and quiet libraries."""

import os
import tempfile

import pytest

os.environ.setdefault("COURSE_HOME", tempfile.mkdtemp(prefix="course-tests-"))
os.environ["COURSE_QUICK"] = "1"
os.environ["CI"] = "1"
os.environ.pop("COURSE_TIER", None)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The course in JupyterLab, started once for all browser tests."""
    import lab  # which finds course_lib only after the lines above

    course, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    lab.copy_course(course)
    lab.keep_all_cells_in_the_page(home)
    with lab.started(course, home) as address:
        yield lab.Served(course, address)
