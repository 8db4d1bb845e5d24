"""All tests run in a folder of their own, with tiny budgets and quiet libraries; two workers share them out."""

import itertools
import os
import tempfile
from pathlib import Path

import pytest

os.environ["COURSE_HOME"] = tempfile.mkdtemp(prefix="course-tests-")
os.environ["COURSE_QUICK"] = "1"
os.environ["CI"] = "1"
os.environ.pop("COURSE_TIER", None)
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

PARTS = {  # of the suite, by how their files begin
    "notebooks": ("test_notebooks",),
    "grading": ("test_grading", "test_nbgrader"),
    "browsers": ("browsers",),
    "set-up, kills, Colab, servers, site": ("test_setup", "test_faults", "test_colab", "test_hub", "test_site"),
}
REST = "rooms and tools"
LONGEST = ("browsers", "test_grading", "test_notebooks")  # the order in which these begin, before all others


def unit(test: str) -> str:
    """What one worker does in one go: a file, whose tests share what they have made.

    The files that open JupyterLab in a browser are one unit, since they share one server. Of notebooks, each is a unit.
    """
    file, _, name = test.partition("::")
    stem = Path(file).stem
    if stem.endswith("browser"):
        return "browsers"
    return f"{stem}::{name}" if stem == "test_notebooks" and "[" in name else stem


def turn(test: str) -> int:
    """When this test's unit begins: what takes longest comes first, so that no worker is left alone with it at the end."""
    return next((place for place, stem in enumerate(LONGEST) if unit(test).startswith(stem)), len(LONGEST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in the order of their units."""
    items.sort(key=lambda item: turn(item.nodeid))


def pytest_terminal_summary(terminalreporter) -> None:
    """With `--durations`, say what each part of the suite costs: CONTRIBUTING's table."""
    if terminalreporter.config.getoption("durations") is None:
        return
    minutes = dict.fromkeys([*PARTS, REST], 0.0)
    for report in itertools.chain.from_iterable(terminalreporter.stats.values()):
        if hasattr(report, "duration"):
            minutes[part(report.nodeid)] += report.duration / 60
    told = ", ".join(f"{name} {each:.1f}" for name, each in minutes.items())
    terminalreporter.write_line(f"Minutes of work, all workers together: {told}.")


def part(test: str) -> str:
    """The part of the suite that a test belongs to."""
    return next((name for name, stems in PARTS.items() if unit(test).startswith(stems)), REST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log):
    """Hand out tests by units, where nobody asks for another way (`--dist`)."""
    from xdist.scheduler import LoadScopeScheduling

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit(nodeid)

    if config.getvalue("dist") != "load":
        return None
    config.option.loadscopereorder = False  # it would begin with the units of most tests, which need not be the longest
    return ByUnit(config, log)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """The course in JupyterLab, started once for all browser tests."""
    import lab  # which finds course_lib only after the lines above

    course, home = tmp_path_factory.mktemp("course"), tmp_path_factory.mktemp("home")
    lab.copy_course(course)
    lab.keep_all_cells_in_the_page(home)
    with lab.started(course, home) as address:
        yield lab.Served(course, address)
