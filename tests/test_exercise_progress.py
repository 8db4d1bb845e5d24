"""The progress file survives restarts, two processes at once, damage, and a disk that can't be written."""

import json
import os
import subprocess
import sys

import pytest

from course_lib.checker import page, progress, table
from course_lib.checker.task import Task


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_once_solved_stays_solved():
    assert progress.load() == ({}, "")
    progress.record("toy.a", False)
    assert progress.load()[0]["toy.a"]["state"] == "tried"
    progress.record("toy.a", True)
    progress.record("toy.a", False)
    entry = progress.load()[0]["toy.a"]
    assert (entry["state"], entry["tries"]) == ("solved", 2) and len(entry["when"]) == len("2026-01-31 12:00")


def test_two_processes_lose_nothing(home):
    code = "import sys; from course_lib.checker import progress\n"
    code += "for i in range(40): assert progress.record(f'toy.{sys.argv[1]}{i}', True) == ''"
    both = [subprocess.Popen([sys.executable, "-c", code, name]) for name in "ab"]
    assert [process.wait(600) for process in both] == [0, 0]
    assert len(progress.load()[0]) == 80
    assert sorted(os.listdir(home)) == ["progress.json"]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b'{"a": 1}'])
def test_a_damaged_file_is_kept_aside_and_said(home, damage):
    home.mkdir()
    (home / "progress.json").write_bytes(damage)
    note = progress.record("toy.a", True)
    (aside,) = home.glob("progress.damaged-*.json")
    assert aside.name in note and aside.read_bytes() == damage
    assert list(json.loads((home / "progress.json").read_text())) == ["toy.a"]


def test_a_lock_left_behind_does_not_block(home):
    home.mkdir()
    (home / "progress.lock").touch()
    os.utime(home / "progress.lock", (0, 0))
    assert progress.record("toy.a", True) == ""


def test_a_folder_that_cannot_be_written_is_a_sentence(home):
    home.write_text("a file where the folder should be")
    assert "could not be saved" in progress.record("toy.a", True)
    assert "could not be read" in table.progress_table()


def task(name):
    return Task(f"toy.{name}", f"<{name}>", 2, 5, 10, abs, lambda rng: (1,), (), (), ("", "", ""))


def test_table_has_every_exercise_and_its_state(monkeypatch):
    monkeypatch.setattr(table, "all_tasks", lambda: {f"toy.{name}": task(name) for name in "abc"})
    progress.record("toy.a", True)
    progress.record("toy.b", False)
    head, a, b, c, total = table.progress_table().splitlines()
    assert head.split() == list(table.HEAD)
    assert "✓ solved" in a and "●●○○○" in a and "●●●●●" in a
    assert "✗ tried" in b and "○ not started" in c and total == "1 of 3 solved"


def test_the_page_says_it_by_lesson(monkeypatch):
    tasks = [task(name) for name in "abc"]
    monkeypatch.setattr(page, "in_order", lambda: iter(zip(("00_x", "00_x", "02_y"), tasks, strict=True)))
    progress.record("toy.a", True)
    progress.record("toy.b", False)
    shown = page.ProgressPage()._repr_html_()
    assert "The course: 1 of 3 exercises, 2 of 6 points" in shown and "Next: <code>toy.b</code>" in shown
    assert "<details open><summary>00_x: 1 of 2 exercises, 2 of 4 points" in shown
    assert (
        '<details><summary>02_y: 0 of 1 exercises, 0 of 2 points <progress value="0" max="1" aria-label="02_y">'
        in shown
    )
    assert shown.count("✓ solved") == shown.count("✗ tried") == shown.count("○ not started") == 1
    assert "&lt;a&gt;" in shown and "<a>" not in shown
    for name in "bc":
        progress.record(f"toy.{name}", True)
    assert "All is solved." in page.ProgressPage()._repr_html_()
