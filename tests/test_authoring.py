"""From master to notebooks: what is generated, what is refused, and that the repository's notebooks are up to date."""

import shutil
from argparse import Namespace

import nbformat
import pytest
from toy_course import FOLDER, MEAN

from course_lib.authoring import build, lint
from course_lib.authoring.master import LessonError, blanked, masters, read_lesson
from course_lib.session import REPO

REAL = masters(REPO / "solutions")


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course of the two toy lessons that may be changed."""
    shutil.copytree(FOLDER / "solutions", tmp_path / "solutions")
    monkeypatch.setattr(build, "all_tasks", lambda: {MEAN.id: MEAN})
    return tmp_path


def run(root, *lessons, check=False, execute=False):
    return build.main(Namespace(lessons=list(lessons), check=check, execute=execute), root)


def edit(file, old, new):
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def cells(root, folder, slug="07_toy"):
    return nbformat.read(root / folder / f"{slug}.ipynb", 4).cells


def test_blank_keeps_the_indentation_and_all_around_it():
    source = "def f(x):\n    a = 1\n    ### BEGIN SOLUTION\n    b = 2\n    ### END SOLUTION\n    return a"
    assert blanked(source) == "def f(x):\n    a = 1\n    ...\n    return a"
    assert blanked("a = 1\n\nb = 2") == "a = 1\n\nb = 2"


@pytest.mark.parametrize("source", ["### BEGIN SOLUTION", "### END SOLUTION", "### BEGIN SOLUTION\n### BEGIN SOLUTION"])
def test_unpaired_marks_are_an_error(source):
    with pytest.raises(LessonError, match="no counterpart"):
        blanked(source)


def test_student_has_blanks_and_solution_has_solutions(root):
    assert run(root) == 0
    student, solution = cells(root, "notebooks"), cells(root, "solutions")
    assert len(student) == len(solution)
    assert [a.id for a in student] == [b.id for b in solution]
    different = [(a, b) for a, b in zip(student, solution, strict=True) if a.source != b.source]
    assert len(different) == 1
    assert "    ...\n" in different[0][0].source + "\n" and "total_of_all" in different[0][1].source
    assert not any(cell.get("outputs") for cell in student)


def test_header_heading_and_set_up_are_generated(root):
    run(root)
    text = [cell.source for cell in cells(root, "notebooks")]
    assert text[0].startswith("# 07 · A toy lesson") and "(08_plain.ipynb)" in text[0] and "- take a mean" in text[0]
    assert "about 5 minutes" in text[0] and "not measured yet" in text[0]
    assert "sys.path" in text[1] and text[2].endswith('session = begin(lesson="07_toy")')
    assert "### Exercise 7.1: The mean" in text[3] and "●○○○○" in text[3] and 'hint("toy.mean")' in text[3]
    assert "[← 07 A toy lesson](07_toy.ipynb)" in cells(root, "notebooks", "08_plain")[0].source


def test_a_lesson_that_wants_a_gpu_says_so_before_it_begins(root):
    edit(root / "solutions" / "07_toy.py", "minutes: 5", 'minutes: 5\n# gpu: "It trains a large model."')
    run(root)
    header = cells(root, "notebooks")[0].source
    assert "It trains a large model. On Colab choose Runtime → Change runtime type → T4 GPU before you begin." in header
    assert "Change runtime" not in cells(root, "notebooks", "08_plain")[0].source


def test_readme_is_brought_up_to_date(root, capsys):
    (root / "README.md").write_text("a\n<!-- colab:begin -->\n<!-- colab:end -->\nb\n")
    assert run(root, check=True) == 1 and "README.md has parts that are old" in capsys.readouterr().out
    assert run(root) == 0 and "**On Colab**" in (root / "README.md").read_text(encoding="utf-8")
    assert run(root, check=True) == 0


def test_measured_times_stand_in_the_header(root):
    (root / "data").mkdir()
    (root / "data" / "lesson_times.json").write_text('{"07_toy": {"minutes": 3.6, "peak_mb": 812, "cores": 2}}')
    run(root)
    header = cells(root, "notebooks")[0].source
    assert "4 minutes of the machine's" in header and "0.8 GB" in header and "2 cores" in header


def test_nbgrader_metadata_is_complete(root):
    run(root)
    for folder in ("notebooks", "solutions"):
        graded = [cell for cell in cells(root, folder) if "nbgrader" in cell.metadata]
        blank, score = (cell.metadata["nbgrader"] for cell in graded)
        assert blank == {
            "grade": False, "grade_id": "toy-mean", "locked": False, "schema_version": 3,
            "solution": True, "task": False,
        }  # fmt: skip
        assert score == {
            "grade": True, "grade_id": "toy-mean-points", "locked": True, "points": 1, "schema_version": 3,
            "solution": False, "task": False,
        }  # fmt: skip
        assert graded[1].source == 'points("toy.mean")'


def test_check_finds_every_drift(root, capsys):
    run(root)
    assert run(root, check=True) == 0
    edit(root / "notebooks" / "07_toy.ipynb", "...", "....")
    assert run(root, check=True) == 1 and "notebooks/07_toy.ipynb" in capsys.readouterr().out
    run(root)
    edit(root / "solutions" / "07_toy.py", "Write the mean", "Write a mean")
    assert run(root, check=True) == 1 and "solutions/07_toy.ipynb" in capsys.readouterr().out
    run(root)
    shutil.copy(root / "notebooks" / "07_toy.ipynb", root / "notebooks" / "09_old.ipynb")
    assert run(root, check=True) == 1 and "09_old.ipynb has no master" in capsys.readouterr().out


def test_building_twice_gives_the_same_bytes(root):
    run(root)
    before = {file: file.read_bytes() for file in root.rglob("*.ipynb")}
    run(root)
    assert before == {file: file.read_bytes() for file in root.rglob("*.ipynb")} and len(before) == 4


def test_outputs_survive_a_change_of_text(root):
    run(root)
    file = root / "solutions" / "07_toy.ipynb"
    notebook = nbformat.read(file, 4)
    notebook.cells[-1].outputs = [nbformat.v4.new_output("stream", text="kept\n")]
    nbformat.write(notebook, file)
    edit(root / "solutions" / "07_toy.py", "Write the mean", "Write a mean")
    assert run(root) == 0
    assert cells(root, "solutions")[-1].outputs[0].text == "kept\n"
    assert run(root, check=True) == 0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("title: A toy lesson", "titel: A toy lesson", "front matter must hold"),
        ("minutes: 5", "minutes: five", "must be a whole number"),
        ("- take a mean", "- take a mean: the sum", "with a colon stands in quotes"),
        ("# <!-- exercise: toy.mean -->", "#", "needs one `<!-- exercise"),
        ('@exercise("toy.mean")', '@exercise("toy.median")', "no room has the exercise toy.median"),
        ('begin(lesson="07_toy")', 'begin(lesson="07_toys")', "must read exactly"),
        ('tags=["check"]', 'tags=["chekc"]', "unknown cell tag chekc"),
        ("    ### END SOLUTION\n", "", "no counterpart"),
        ("Write the mean", "![](a.png) Write the mean", "no alt text"),
        ("Write the mean", "<img src='a.png'> Write the mean", "no alt text"),
        ("Write the mean", "word " * 5001, "words"),
        ("mean([1, 2, 6])", "plt.plot([1, 2, 6])", "draws without alt text"),
        ("mean([1, 2, 6])", "x = '" + "x" * 60_000 + "'", "bytes"),
    ],
)
def test_a_lesson_that_breaks_a_rule_is_refused_in_words(root, capsys, old, new, words):
    edit(root / "solutions" / "07_toy.py", old, new)
    assert run(root) == 1
    assert words in capsys.readouterr().out
    assert not (root / "notebooks" / "07_toy.ipynb").exists()


def test_unknown_lesson_is_a_sentence(root, capsys):
    assert run(root, "99") == 1 and 'no lesson "99"' in capsys.readouterr().out
    assert run(root, "08") == 0 and not (root / "notebooks" / "07_toy.ipynb").exists()


def test_execution_leaves_outputs_but_no_trace_of_machine_or_hour(root, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    assert run(root, "08", execute=True) == 0
    notebook = nbformat.read(root / "solutions" / "08_plain.ipynb", 4)
    text = str([cell.get("outputs") for cell in notebook.cells])
    assert "one" in text and "42" in text and "a warning" not in text
    assert notebook.metadata.language_info == {"name": "python"} and "widgets" not in notebook.metadata
    assert all("execution" not in cell.metadata for cell in notebook.cells)
    assert run(root, "08", check=True) == 0
    assert not cells(root, "notebooks", "08_plain")[2].outputs


def test_a_planted_leak_is_found(root):
    run(root)
    lessons = [read_lesson(master) for master in masters(root / "solutions")]
    file = root / "notebooks" / "07_toy.ipynb"
    assert lint.leaks(file.read_text(encoding="utf-8"), lessons) == []
    notebook = nbformat.read(file, 4)
    notebook.cells[0].metadata["note"] = "return total_of_all / len(values)"
    assert "total_of_all / len" in lint.leaks(nbformat.writes(notebook), lessons)[0]


def test_figures_need_alt_texts(monkeypatch):
    monkeypatch.setattr(lint.show, "picture", lambda image, alt: None, raising=False)
    assert lint.figures_without_alt("show.picture(x, alt='a cat')") == []
    assert "`show.picture(…)` in line 2" in lint.figures_without_alt("x = 1\nshow.picture(x)")[0]


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        ({"image/png": "iVBORw0KGgo="}, 1),
        ({"text/html": "<img src='data:'>"}, 1),
        ({"text/html": "<img alt='' src='data:'>"}, 1),
        ({"text/html": "<img alt='a cat' src='data:'>", "image/png": "iVBORw0KGgo="}, 0),
        ({"text/plain": "no picture"}, 0),
    ],
)
def test_stored_pictures_need_alt_texts(data, problems):
    cell = nbformat.v4.new_code_cell("x", outputs=[nbformat.v4.new_output("display_data", data)])
    assert len(lint.outputs_without_alt(nbformat.v4.new_notebook(cells=[cell]))) == problems


def test_the_course_has_lessons():
    assert [master.stem for master in REAL][:1] == ["00_welcome"]


def test_the_repositorys_notebooks_are_what_the_masters_say(capsys):
    assert run(REPO, check=True) == 0, capsys.readouterr().out


@pytest.mark.parametrize("master", REAL, ids=lambda master: master.stem)
def test_no_solution_leaks_into_what_learners_get(master):
    lessons = [read_lesson(path) for path in REAL]
    for file in sorted((REPO / "notebooks").glob("*.ipynb")):
        assert lint.leaks(file.read_text(encoding="utf-8"), lessons) == []
