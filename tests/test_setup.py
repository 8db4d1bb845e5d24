"""Making the environment, with a pip that only pretends: interruptions, second starts, and what a learner is told."""

import subprocess
import sys
import threading

import pytest

from course_lib.cli import environment, packages
from course_lib.common import processes
from course_lib.common.errors import Problem
from course_lib.session import REPO

PATIENCE = 600  # seconds for what must come: the computer may be busy


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course folder with its three lists, and none of the things that redirect the set-up."""
    for name in environment.LISTS:
        (tmp_path / name).write_text((REPO / name).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.delenv("COURSE_NO_VENV", raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    return tmp_path


@pytest.fixture
def pip(root, monkeypatch):
    """Counts installations instead of making them; `made` counts environments, made without pip in a moment."""

    class Pip:
        installs = 0
        made = 0
        fails_with = None

    def make_venv(where):
        Pip.made += 1
        file = environment.interpreter(where)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
        (where / ".venv" / environment.STAMP).unlink(missing_ok=True)

    def install(python, where):
        Pip.installs += 1
        if Pip.fails_with:
            raise Pip.fails_with

    monkeypatch.setattr(environment, "make_venv", make_venv)
    monkeypatch.setattr(environment, "has_pip", lambda where: True)
    monkeypatch.setattr(packages, "install", install)
    return Pip


def test_second_start_installs_nothing(root, pip):
    assert environment.ensure(root) == environment.ensure(root) == str(environment.interpreter(root))
    assert (pip.made, pip.installs) == (1, 1)


def test_changed_lists_install_into_the_same_environment(root, pip):
    environment.ensure(root)
    (root / "requirements.txt").write_text("numpy\n")
    assert environment.state(root) == "outdated"
    environment.ensure(root)
    assert (pip.made, pip.installs) == (1, 2)


def test_line_ends_of_a_windows_checkout_change_nothing(root, pip):
    environment.ensure(root)
    for name in environment.LISTS:
        (root / name).write_bytes((root / name).read_bytes().replace(b"\n", b"\r\n"))
    assert environment.state(root) == "complete"


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), SystemExit(), MemoryError()])
def test_interrupted_start_begins_anew(root, pip, interruption):
    pip.fails_with = interruption
    with pytest.raises(type(interruption)):
        environment.ensure(root)
    assert environment.state(root) == "unfinished"
    pip.fails_with = None
    environment.ensure(root)
    assert (pip.made, environment.state(root)) == (2, "complete")


def test_failed_download_is_told_and_goes_on_where_it_was(root, pip):
    pip.fails_with = Problem("no network")
    with pytest.raises(Problem, match="no network"):
        environment.ensure(root)
    pip.fails_with = None
    environment.ensure(root)
    assert (pip.made, pip.installs, environment.state(root)) == (1, 2, "complete")


def test_environment_whose_python_is_gone_is_made_again(root, pip):
    environment.ensure(root)
    environment.interpreter(root).unlink()
    environment.ensure(root)
    assert pip.made == 2


def test_rebuild_makes_it_anew(root, pip):
    environment.ensure(root)
    environment.ensure(root, rebuild=True)
    assert (pip.made, pip.installs) == (2, 2)


def test_on_colab_and_when_told_so_the_current_interpreter_is_used(root, pip, monkeypatch):
    monkeypatch.setenv("COURSE_NO_VENV", "1")
    assert environment.ensure(root) == sys.executable
    monkeypatch.delenv("COURSE_NO_VENV")
    monkeypatch.setenv("COLAB_RELEASE_TAG", "2026-08")
    assert environment.ensure(root) == sys.executable
    assert pip.installs == 0


def test_two_starts_at_once_install_once(root, pip, monkeypatch):
    begun, may_end = threading.Event(), threading.Event()

    def slow_install(python, where):
        pip.installs += 1
        begun.set()
        assert may_end.wait(PATIENCE)

    monkeypatch.setattr(packages, "install", slow_install)
    starts = [threading.Thread(target=environment.ensure, args=(root,)) for _ in range(2)]
    for start in starts:
        start.start()
    assert begun.wait(PATIENCE)
    may_end.set()
    for start in starts:
        start.join(PATIENCE)
    assert (pip.installs, environment.state(root)) == (1, "complete")


def test_the_lock_ends_with_its_holder(tmp_path):
    file = tmp_path / "lock"
    code = f"import os; from course_lib.common import processes\nwith processes.held({str(file)!r}, ''): os._exit(1)"
    subprocess.run(
        [sys.executable, "-c", code.replace(repr(str(file)), f"__import__('pathlib').Path({str(file)!r})")], cwd=REPO
    )
    assert file.exists()
    with processes.held(file, "busy"):
        pass


def test_folder_that_cannot_be_written_to_is_one_sentence(root, pip, monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(Problem, match="can't write into its folder .* Copy it to a folder of yours"):
        environment.ensure(root)
    assert pip.made == 0


def test_full_disk_is_told_before_anything_is_made(root, pip, monkeypatch):
    monkeypatch.setattr(packages, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(packages.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 3.9e9}))
    with pytest.raises(Problem, match="has 3.9 GB free, and the environment needs 4 GB"):
        environment.ensure(root)
    assert (pip.made, pip.installs) == (0, 0)


def test_python_without_venv_is_one_sentence(root, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Problem, match="sudo apt install python3-venv"):
        environment.make_venv(root)


def test_a_real_environment_is_made_over_a_broken_one(root):
    (root / ".venv" / "lib").mkdir(parents=True)
    (root / ".venv" / "lib" / "half").write_text("")
    environment.make_venv(root)
    assert environment.has_pip(root) and not (root / ".venv" / "lib" / "half").exists()
    assert environment.state(root) == "unfinished"  # made, and nothing installed: not to be taken for complete
    assert not environment.is_current(str(environment.interpreter(root)))


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 25)])
def test_old_python_is_one_sentence(version):
    code = (
        f"import sys; sys.version_info = {version}; import runpy; runpy.run_module('course_lib', run_name='__main__')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=REPO)
    assert ran.returncode == 1 and ran.stderr.startswith("This course needs Python 3.10 or newer, and this is Python")
    assert "Traceback" not in ran.stderr
