"""The command line: help, passing on, running lessons headless, measuring, the doctor."""

import json
import subprocess
import sys
from argparse import Namespace

import nbformat
import pytest

from course_lib import __main__ as cli
from course_lib import session
from course_lib.cli import doctor, environment, evaluate, run
from course_lib.cli import test as test_command
from course_lib.cli.registry import Room
from course_lib.common.errors import Problem
from course_lib.figures import MIME, Figure
from course_lib.session import REPO


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Commands run in this interpreter."""
    monkeypatch.setenv("COURSE_NO_VENV", "1")


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main([command, "--help"])
    assert end.value.code == 0 and cli.COMMANDS[command] in " ".join(capsys.readouterr().out.split())


def test_the_command_line_needs_nothing_but_python():
    code = "import sys; sys.argv = ['x', '--help']\nimport runpy\nrunpy.run_module('course_lib', run_name='__main__')"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(REPO)!r}); {code}"],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0 and "evaluate" in ran.stdout, ran.stderr


def test_options_of_pytest_are_passed_on(monkeypatch):
    seen = []
    monkeypatch.setattr("course_lib.cli.test.subprocess.call", lambda words, **rest: seen.append((words, rest)) or 0)
    assert cli.main(["test", "-k", "clip", "-q", "tests/test_x.py"]) == 0
    words, rest = seen[0]
    assert words[2:] == ["pytest", "-k", "clip", "-q", "tests/test_x.py"]
    assert rest["env"]["PYTHONHASHSEED"] == "0"


@pytest.mark.parametrize(
    ("cores", "words", "option"),
    [
        (2, [], ["-n", "2"]),
        (8, ["-k", "clip"], ["-n", "2"]),
        (8, ["tests/test_x.py", "tests/test_y.py"], ["-n", "2"]),
        (1, [], []),
        (2, ["tests/test_x.py"], []),
        (2, ["-n", "4"], []),
        (2, ["--pdb"], []),
        (2, ["-s"], []),
    ],
)
def test_two_workers_where_two_cores_are(monkeypatch, cores, words, option):
    monkeypatch.setattr(test_command, "cores", lambda: cores)
    assert test_command.workers(words) == option


def test_outside_the_environment_the_command_goes_on_inside(monkeypatch):
    seen = []
    monkeypatch.setattr(environment, "ensure", lambda: "/elsewhere/.venv/bin/python")
    monkeypatch.setattr(cli, "continue_in", lambda python, words: seen.append((python, words)) or 0)
    assert cli.main(["check"]) == 0 and seen == [("/elsewhere/.venv/bin/python", ["check"])]


def test_a_problem_is_a_sentence_and_not_a_traceback(capsys):
    assert cli.main(["bake", "cake"]) == 1
    said = capsys.readouterr().err
    assert said.startswith('✗ There is no checkpoint "cake"') and "Traceback" not in said


# --- run ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons; the second one fails in its third cell."""
    monkeypatch.setattr(session, "REPO", tmp_path)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "home"))
    show = f"display({{'text/plain': 'a', {MIME!r}: [{{'id': 'toy.share', 'value': 0.5, 'chance': 0.1}}]}}, raw=True)"
    lessons = {"00_good": ["import os\nassert os.environ['CI']", show], "01_bad": ["x = 1", "y = 2", "x / 0"]}
    for name, cells in lessons.items():
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
        (tmp_path / "solutions").mkdir(exist_ok=True)
        nbformat.write(notebook, tmp_path / "solutions" / f"{name}.ipynb")
    return tmp_path


def options(*lessons, **more):
    return Namespace(**{"lessons": list(lessons), "unsolved": False, "record": False, **more})


def test_run_prints_minutes_and_figures_and_records_them(course, capsys, monkeypatch):
    monkeypatch.setenv("COURSE_QUICK", "0")
    before = (course / "solutions" / "00_good.ipynb").read_bytes()
    assert run.main(options("00", record=True)) == 0
    said = capsys.readouterr().out
    assert "✓ 00_good: " in said and "| toy.share | 50.0 % | 10.0 % |" in said
    times = json.loads((course / "data" / "lesson_times.json").read_text())
    assert times["00_good"]["peak_mb"] > 10 and times["00_good"]["cores"] >= 1
    assert (course / "solutions" / "00_good.ipynb").read_bytes() == before


def test_run_stops_at_the_first_error_naming_notebook_and_cell(course):
    with pytest.raises(Problem, match=r"solutions/01_bad.ipynb, cell 3: ZeroDivisionError: division by zero"):
        run.main(options())


def test_run_knows_which_lessons_there_are(course):
    with pytest.raises(Problem, match='no lesson "07" in solutions/. There are: 00_good, 01_bad'):
        run.main(options("07"))


def test_short_runs_are_not_recorded(course, capsys):
    with pytest.raises(Problem, match="--record is for solutions in full length"):
        run.main(options("00", record=True))  # the tests run under COURSE_QUICK=1
    assert cli.main(["build", "00", "--execute"]) == 1
    assert "--execute is for solutions in full length" in capsys.readouterr().err


# --- evaluate ----------------------------------------------------------------------------------------------------


@pytest.fixture
def rooms(monkeypatch):
    """Two rooms: one knows --atlas and --live, the other has only its figures."""
    table = {name: Room(name, "", f"{__name__}:{name}_figures", ()) for name in ("plain", "rich")}
    monkeypatch.setattr(evaluate, "ROOMS", table)


def plain_figures():
    yield Figure("plain.speed", 2000.0, unit="scenes/s", bar=2000.0)


def rich_figures(live=False, atlas=None):
    if atlas == "broken":
        raise ValueError("broken is no atlas")
    yield Figure("rich.top1", 0.97, low=0.96, high=0.98, chance=1 / 160, note=f"{live} {atlas}")


def ask(*names, **more):
    return Namespace(**{"rooms": list(names), "json": True, "atlas": None, "live": False, **more})


def test_evaluate_prints_a_line_of_json_a_figure(rooms, capsys):
    assert evaluate.main(ask()) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["id"] for line in lines] == ["plain.speed", "rich.top1"]
    assert list(lines[1]) == [
        "id",
        "value",
        "low",
        "high",
        "n",
        "chance",
        "control",
        "baseline",
        "ceiling",
        "bar",
        "unit",
        "note",
    ]
    assert lines[1]["n"] is None and lines[1]["chance"] == 1 / 160


def test_an_atlas_is_given_to_the_rooms_that_know_atlases(rooms, capsys):
    assert evaluate.main(ask(atlas="mine.webp", live=True)) == 0
    assert [json.loads(line)["note"] for line in capsys.readouterr().out.splitlines()] == ["True mine.webp"]
    with pytest.raises(Problem, match="broken is no atlas"):
        evaluate.main(ask(atlas="broken"))
    with pytest.raises(Problem, match='There is no room "cellar". There are: plain, rich'):
        evaluate.main(ask("cellar"))


# --- doctor ------------------------------------------------------------------------------------------------------


def test_the_doctor_finds_this_environment_healthy(capsys):
    assert doctor.main(Namespace()) == 0
    said = capsys.readouterr().out
    assert "✓ packages: torch" in said and "Everything is as it should be" in said


def test_the_doctor_names_the_command_that_mends_what_is_missing(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("COURSE_NO_VENV")
    monkeypatch.setattr(session, "REPO", tmp_path)
    assert doctor.main(Namespace()) == 1
    said = capsys.readouterr().out
    assert "✗ environment .venv: not made yet" in said and "To mend it: python -m course_lib start" in said


def test_the_doctor_notices_a_missing_and_an_untested_package(monkeypatch):
    have = {**doctor.installed(environment.Path(sys.executable)), "numpy": "1.0"}
    del have["peft"]
    monkeypatch.setattr(doctor, "installed", lambda python: have)
    found = doctor.versions(REPO, environment.Path(sys.executable), exact=True)
    assert not found.ok and "missing: peft" in found.says and "numpy 1.0 (tested: 2" in found.says
    assert found.mend == doctor.REBUILD
