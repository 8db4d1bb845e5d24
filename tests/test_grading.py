"""A class hands in all that classes hand in: every kind gets the points it deserves, and none stops the others."""

import csv
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from classroom import BOX, BOX_RIGHT, LOOP, OVERLAP, OVERLAP_RIGHT, OVERLAP_TWICE, UNTOUCHED, hand_in, memorised

from course_lib.checker.checking import check
from course_lib.checker.registry import find_task
from course_lib.classroom import gradebook, network, process
from course_lib.classroom.process import Limits
from course_lib.classroom.submissions import find
from course_lib.cli import check as command
from course_lib.common.errors import Problem
from course_lib.session import REPO

REACHES_OUT = """\
import socket, subprocess, sys
outside = 0
try:
    outside += bool(socket.create_connection(("192.0.2.1", 80), timeout=3))
except OSError as error:
    said = str(error)
server = socket.create_server(("127.0.0.1", 0))
inside = bool(socket.create_connection(server.getsockname(), timeout=3))
assert inside and not outside and "no network" in said"""

STUBBORN = """\
while True:
    try:
        while True:
            pass
    except BaseException:
        pass"""

NOTEBOOK_HABITS = """\
%matplotlib notebook
%matplotlib qt
!pip install torch
from google.colab import drive
drive.mount("/content/drive")
name = input("Your name? ")
exit()
"""
SOLVED = {"state": "solved", "points": 1, "mistake": ""}
READS_ITS_FILES = "import helper\nassert helper.ANSWER == 42 and open('data/numbers.txt').read() == '1 2 3'"

KINDS = {  # name: (how to write it, points for both exercises, states, what the note says)
    "right": ({}, 3, ("solved", "solved"), ""),
    "untouched": (UNTOUCHED, 0, ("not started", "not started"), ""),
    "known_mistake": ({"overlap": OVERLAP_TWICE}, 1, ("solved", "wrong"), ""),
    "raises": ({"overlap": OVERLAP_RIGHT.replace("shared /", "nobody /")}, 1, ("solved", "wrong"), ""),
    "syntax_error": ({"overlap": OVERLAP_RIGHT.replace("return", "retrun it")}, 1, ("solved", "missing"), "SyntaxError"),
    "deleted_cell": ({"overlap": None}, 1, ("solved", "missing"), "NameError"),
    "deleted_set_up": ({"without": "from course_lib.exercise"}, 3, ("solved", "solved"), ""),
    "copied_cell": ({"after": [OVERLAP_RIGHT]}, 3, ("solved", "solved"), ""),
    "copied_then_spoiled": ({"after": [OVERLAP_TWICE]}, 1, ("solved", "wrong"), ""),
    "endless_function": ({"overlap": LOOP}, 1, ("solved", "wrong"), ""),  # by the exercise itself, after its 20 seconds
    "endless_cell": ({"between": ["while True:\n    pass"]}, 3, ("solved", "solved"), "stopped after 60 seconds of work"),
    "sleeps": ({"between": ["import time\ntime.sleep(10**6)"]}, 3, ("solved", "solved"), "stopped after 60 seconds of waiting"),
    "endless_and_stubborn": ({"between": [STUBBORN]}, 1, ("solved", "missing"), "stopped after 2 minutes of work"),
    "memory": ({"between": ["hoard = []\nwhile True:\n    hoard.append(bytearray(10_000_000))"]}, 1, ("solved", "missing"), "stopped at 1.6 GB of memory"),
    "leaves": ({"between": ["import os\nos._exit(0)"]}, 1, ("solved", "missing"), "ended early"),
    "exits": ({"between": ["import sys\nsys.exit('enough')"]}, 3, ("solved", "solved"), "SystemExit"),
    "restarts": ({"between": ["import os\nos.kill(os.getpid(), 9)"]}, 1, ("solved", "missing"), "ended early"),
    "habits_of_a_notebook": ({"box": NOTEBOOK_HABITS + BOX_RIGHT, "overlap": "%%time\n%matplotlib widget\n" + OVERLAP_RIGHT}, 3, ("solved", "solved"), "ModuleNotFoundError, NameError"),
    "reads_its_files": ({"between": [READS_ITS_FILES]}, 3, ("solved", "solved"), ""),
    "memorised": ({"overlap": memorised()}, 1, ("solved", "wrong"), ""),
    "reaches_out": ({"between": [REACHES_OUT]}, 3, ("solved", "solved"), ""),
    "wants_the_full_tier": ({"between": ["assert session.tier == 'pocket'"], "without": "nothing"}, 3, ("solved", "solved"), ""),
}  # fmt: skip


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All kinds in one folder, graded together: (student → row), details by (student, exercise).

    Time is processor time, so that a busy computer takes no good answer for an endless one.
    """
    folder = tmp_path_factory.mktemp("class")
    for name, (how, *_) in KINDS.items():
        hand_in(folder / "in" / name / "00_welcome.ipynb", **how)
    helper, numbers = (
        folder / "in" / "reads_its_files" / "helper.py",
        folder / "in" / "reads_its_files" / "data" / "numbers.txt",
    )
    helper.write_text("ANSWER = 42")
    numbers.parent.mkdir()
    numbers.write_text("1 2 3")
    text = (folder / "in" / "wants_the_full_tier" / "00_welcome.ipynb").read_text(encoding="utf-8")
    (folder / "in" / "wants_the_full_tier" / "00_welcome.ipynb").write_text(
        text.replace('TIER = \\"\\"', 'TIER = \\"full\\"'), encoding="utf-8"
    )
    hand_in(folder / "in" / "flat_00_welcome.ipynb")
    sleeps = OVERLAP_RIGHT.replace("    shared =", "    import time\n    time.sleep(10**6)\n    shared =")
    hand_in(folder / "in" / "sleeping_function" / "00_welcome.ipynb", overlap=sleeps)
    (folder / "in" / "=torn").mkdir()
    (folder / "in" / "=torn" / "00_welcome.ipynb").write_text('{"cells": [')
    nbformat.write(nbformat.v4.new_notebook(), folder / "in" / "right" / "diary.ipynb")
    details = gradebook.grade(folder / "in", folder / "gradebook.csv", Limits(2.0, 1.6, 60.0))
    rows = {row["student"]: row for row in read(folder / "gradebook.csv")}
    return rows, {(row["student"], row["exercise"]): row for row in read(details)}


def read(file: Path) -> list[dict]:
    """The rows of a CSV file."""
    with open(file, encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_submission_gets_what_it_deserves(graded, kind):
    _, points, states, note = KINDS[kind]
    rows, details = graded
    mine = [details[kind, BOX], details[kind, OVERLAP]]
    assert tuple(row["state"] for row in mine) == states, mine
    assert rows[kind]["00_welcome"] == str(points) and sum(int(row["points"]) for row in mine) == points
    assert note in mine[0]["note"] if note else not mine[0]["note"], mine[0]["note"]


@pytest.mark.slow
def test_a_known_mistake_is_named_and_files_of_other_kinds_do_no_harm(graded):
    rows, details = graded
    assert details["known_mistake", OVERLAP]["known mistake"] == "shared part counted twice"
    assert rows["flat"]["sum"] == "3"
    assert details["'=torn", BOX]["note"] == "not a notebook"
    assert details["right", ""]["note"] == "of no lesson of this course" and rows["right"]["sum"] == "3"


@pytest.mark.slow
def test_an_answer_that_waits_for_something_is_left_to_the_teacher(graded):
    rows, details = graded
    assert details["sleeping_function", BOX]["points"] == "1"
    waits = details["sleeping_function", OVERLAP]
    assert (waits["state"], waits["points"], rows["sleeping_function"]["00_welcome"]) == ("not graded", "", "")
    assert "run again" in waits["note"] and "stopped after 60 seconds of waiting" in waits["note"]


def test_secret_draws_are_added_to_the_public_ones(monkeypatch):
    task, scope = find_task(OVERLAP), {"exercise": lambda name: lambda written: written}
    exec(memorised(), scope)
    assert check(task, scope["overlap"]).state == "solved"
    monkeypatch.setenv("COURSE_SECRET", "nobody knows")
    assert check(task, scope["overlap"]).state == "wrong"
    assert all(check(task, right).state == "solved" for right in task.alternatives)


@pytest.mark.parametrize("address", [("example.org", 80), ("192.0.2.1", 443), (b"example.org", 80), ("2001:db8::1", 80, 0, 0)])  # fmt: skip
def test_the_hook_refuses_other_computers(address):
    with pytest.raises(ConnectionError, match="no network while submissions are graded"):
        network.refuse_strangers("socket.connect", (None, address))


def test_the_hook_lets_the_own_computer_pass():
    for address in (("127.0.0.1", 80), ("localhost", 80), ("::1", 80, 0, 0), "/tmp/a.socket"):
        network.refuse_strangers("socket.connect", (None, address))


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_a_namespace_cuts_off_other_programs_too():
    code = (
        "from course_lib.classroom.network import cut_network as cut; print(cut()); print(open('/proc/net/dev').read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(REPO)}, capture_output=True, text=True
    )
    if done.stdout.startswith("refused to Python"):
        pytest.skip("this system allows no namespaces")
    devices = [line.split(":")[0].strip() for line in done.stdout.splitlines() if ":" in line]
    assert devices == ["lo"]


def test_an_empty_or_missing_folder_is_a_sentence(tmp_path):
    with pytest.raises(Problem, match="no notebook below"):
        gradebook.grade(tmp_path, tmp_path / "g.csv", Limits())
    with pytest.raises(Problem, match="no folder"):
        gradebook.grade(tmp_path / "nowhere", tmp_path / "g.csv", Limits())


def test_the_tables_say_what_was_taken_and_what_could_not_be_graded(tmp_path, monkeypatch, capsys):
    """Points that are not known are no points at all: neither 0 in the book nor a sum, and the exit status says so."""
    reports = {
        "ada": {"note": "", "verdicts": {BOX: SOLVED, OVERLAP: SOLVED | {"points": 2}}},
        "bob": {"note": "stopped after 120 minutes by the clock", "again": True, "verdicts": {BOX: SOLVED}},
        "cyd": {"note": "", "verdicts": {BOX: SOLVED, OVERLAP: {"state": "wrong", "points": 0, "mistake": ""}}},
    }
    for name in ("ada", "bob", "cyd", "dee"):
        hand_in(tmp_path / "in" / "handed in" / name / "00_welcome.ipynb")
    (tmp_path / "in" / "handed in" / "dee" / "00_welcome.ipynb").write_text("{")
    (tmp_path / "in" / "handed in" / "eve").mkdir()
    monkeypatch.setattr(gradebook, "run", lambda submission, *_: reports[submission.student])
    book = tmp_path / "gradebook.csv"
    arguments = SimpleNamespace(
        submissions=tmp_path / "in", out=book, minutes=20, gigabytes=4, cell_seconds=120, patience=120
    )
    assert command.main(arguments) == command.RUN_AGAIN
    rows = {row["student"]: row for row in read(book)}
    assert {name: (row["00_welcome"], row["sum"]) for name, row in rows.items()} == {
        "ada": ("3", "3"), "bob": ("", ""), "cyd": ("1", "1"), "dee": ("", ""), "eve": ("", ""),
    }  # fmt: skip
    assert "could not be graded, run again; stopped after 120 minutes" in rows["bob"]["not graded"]
    assert "not a notebook" in rows["dee"]["not graded"] and "no notebook" in rows["eve"]["not graded"]
    assert not rows["ada"]["not graded"] and not rows["cyd"]["not graded"]
    mine = [
        (row["state"], row["points"]) for row in read(tmp_path / "gradebook_details.csv") if row["student"] == "bob"
    ]
    assert mine == [("solved", "1"), ("not graded", "")]
    said = capsys.readouterr().out.splitlines()
    assert "  ada: 00_welcome: handed in/ada/00_welcome.ipynb" in said
    assert "  eve: not graded, no notebook, nothing at all: handed in/eve" in said
    assert said[-1] == "✗ Could not be graded, run again: bob, 00_welcome"


def test_what_this_computer_fails_at_costs_no_points_and_stops_nobody(tmp_path, monkeypatch):
    def run(submission, *_):
        if submission.student == "ada":
            raise OSError(28, "No space left on device")
        return {"note": "", "verdicts": {BOX: SOLVED}}

    monkeypatch.setattr(gradebook, "run", run)
    for name in ("ada", "bob"):
        hand_in(tmp_path / "in" / name / "00_welcome.ipynb")
    details = gradebook.grade(tmp_path / "in", tmp_path / "g.csv", Limits())
    ada, bob = read(tmp_path / "g.csv")
    assert ada["00_welcome"] == "" and "run again; No space left on device" in ada["not graded"]
    assert bob["00_welcome"] == "1" and gradebook.not_graded(details) == ["ada, 00_welcome"]


def test_ctrl_c_keeps_what_was_graded(tmp_path, monkeypatch):
    def run(submission, *_):
        if submission.student == "bob":
            raise KeyboardInterrupt
        return {"note": "", "verdicts": {BOX: SOLVED}}

    monkeypatch.setattr(gradebook, "run", run)
    for name in ("ada", "bob", "cyd"):
        hand_in(tmp_path / "in" / name / "00_welcome.ipynb")
    details = gradebook.grade(tmp_path / "in", tmp_path / "g.csv", Limits())
    assert [row["00_welcome"] for row in read(tmp_path / "g.csv")] == ["1", "", ""]
    assert gradebook.not_graded(details) == ["bob, 00_welcome", "cyd, 00_welcome"]


def test_where_the_tables_go_is_asked_before_anything_is_graded(tmp_path, monkeypatch):
    hand_in(tmp_path / "in" / "ada" / "00_welcome.ipynb")
    monkeypatch.setattr(gradebook, "run", lambda *_: pytest.fail("it began to grade"))
    (tmp_path / "file").touch()
    for out, words in ((tmp_path / "in", "is a folder"), (tmp_path / "file" / "g.csv", "Nothing can be written into")):
        with pytest.raises(Problem, match=words):
            gradebook.grade(tmp_path / "in", out, Limits())


def test_a_table_that_a_spreadsheet_has_open_is_written_beside_it(tmp_path, monkeypatch):
    real = gradebook.write_atomically

    def locked(file, content):
        if file.name == "g.csv":
            raise PermissionError(13, "it is open in another program")
        real(file, content)

    monkeypatch.setattr(gradebook, "write_atomically", locked)
    monkeypatch.setattr(gradebook, "run", lambda *_: {"note": ""})
    hand_in(tmp_path / "in" / "ada" / "00_welcome.ipynb")
    gradebook.grade(tmp_path / "in", tmp_path / "g.csv", Limits())
    assert read(tmp_path / "g_new.csv")[0]["student"] == "ada"


LIMITED = [  # what limits a submission that does nothing wrong, what the note says, and whether it must be run again
    (Limits(minutes=0.01), "stopped after 0.01 minutes of work", False),
    (Limits(gigabytes=0.001), "stopped at 0.001 GB of memory", False),
    (Limits(patience=0.001), "stopped after 0.001 minutes by the clock", True),
]


@pytest.mark.parametrize(("limits", "note", "again"), LIMITED, ids=["work", "memory", "clock"])
def test_only_the_clock_may_be_the_computers_doing(tmp_path, limits, note, again):
    hand_in(tmp_path / "ada" / "00_welcome.ipynb")
    (submission,) = find(tmp_path, ["00_welcome"])
    report = process.run(submission, limits, "secret")
    assert note in report["note"] and report["again"] == again


def test_a_grader_that_fails_itself_costs_no_points(tmp_path, monkeypatch):
    monkeypatch.setattr(process, "REPO", tmp_path)  # where no course_lib is
    hand_in(tmp_path / "ada" / "00_welcome.ipynb")
    (submission,) = find(tmp_path, ["00_welcome"])
    report = process.run(submission, Limits(), "secret")
    assert report["again"] and "No module named 'course_lib'" in report["note"]


def test_a_table_holds_nothing_that_a_spreadsheet_would_run(tmp_path):
    gradebook.write(tmp_path / "g.csv", [("=1+1", "+1", "-1", "@a", "\t=1"), ("ada", 3, "", "Zoë", "李")])
    text = (tmp_path / "g.csv").read_text(encoding="utf-8-sig").splitlines()
    assert text[0].split(",") == ["'=1+1", "'+1", "'-1", "'@a", "'\t=1"] and text[1] == "ada,3,,Zoë,李"


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"patience": -1}, {"cell_seconds": float("nan")}, {"gigabytes": 0}])
def test_a_limit_that_makes_no_sense_is_a_sentence(tmp_path, wrong):
    usual = {"submissions": tmp_path, "out": tmp_path / "g.csv", "minutes": 1, "gigabytes": 1}
    with pytest.raises(Problem, match=f"--{next(iter(wrong)).replace('_', '-')} must be more than 0"):
        command.main(SimpleNamespace(**usual | {"cell_seconds": 1, "patience": 1} | wrong))


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "a.txt").touch()
    with pytest.raises(Problem, match="neither a folder nor an archive"):
        gradebook.grade(tmp_path / "a.txt", tmp_path / "g.csv", Limits())
