"""What learning platforms, teachers and students make of a folder: every notebook finds its student, or is named with the reason."""

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from course_lib.classroom import folders, notebooks
from course_lib.classroom.submissions import find

LESSONS = ["00_welcome", "02_clip", "06_llava_connect"]


def notebook(lesson: str = "02_clip", **more) -> bytes:
    source = f'session = begin(lesson="{lesson}")'
    return json.dumps({"cells": [{"cell_type": "code", "source": source}], **more}).encode()


CLIP, WELCOME = notebook(), notebook("00_welcome")


def zipped(**files: bytes) -> bytes:
    with zipfile.ZipFile(content := io.BytesIO(), "w") as archive:
        for name, each in files.items():
            archive.writestr(name, each)
    return content.getvalue()


def tarred(**files: bytes) -> bytes:
    with tarfile.open(fileobj=(content := io.BytesIO()), mode="w:gz") as archive:
        for name, each in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(each)
            archive.addfile(member, io.BytesIO(each))
        link = tarfile.TarInfo("link/02_clip.ipynb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return content.getvalue()


def lay_out(root: Path, files: dict[str, bytes]) -> Path:
    """Write the files (a name that ends in "/" is an empty folder), each a second later than the one before."""
    for age, (name, content) in enumerate(files.items()):
        file = root / "class" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            file.mkdir()
            continue
        file.write_bytes(content)
        os.utime(file, (1e9 + age, 1e9 + age))
    return root / "class"


THREE = ["ada 02_clip", "bob 02_clip", "cyd 02_clip", "dee -"]
LAYOUTS = {  # name: (what was collected, the students and their lessons; "-" where there is none to grade)
    "a folder each": ({"ada/02_clip.ipynb": CLIP, "bob/a/b/02_clip.ipynb": CLIP, "cyd/02_clip.ipynb": CLIP, "dee/": b""}, THREE),
    "one folder around all": ({"export/ada/02_clip.ipynb": CLIP, "export/bob/02_clip.ipynb": CLIP, "export/cyd/02_clip.ipynb": CLIP, "export/dee/": b""}, THREE),
    "several folders around all": ({f"2026/ml/all/{name}/02_clip.ipynb": CLIP for name in ("ada", "bob", "cyd")} | {"2026/ml/all/dee/": b""}, THREE),
    "one folder, named after the lesson": ({"02_clip/ada/02_clip.ipynb": CLIP, "02_clip/bob/02_clip.ipynb": CLIP, "02_clip/cyd/02_clip.ipynb": CLIP, "02_clip/dee/": b""}, THREE),
    "one folder, a template in it": ({"all/02_clip.ipynb": CLIP, "all/ada/02_clip.ipynb": CLIP, "all/bob/02_clip.ipynb": CLIP}, ["02_clip 02_clip", "ada 02_clip", "bob 02_clip"]),
    "one of two is empty": ({"export/ada/02_clip.ipynb": CLIP, "export/bob/": b""}, ["ada 02_clip", "bob -"]),
    "a folder each lesson": ({"00_welcome/ada/00_welcome.ipynb": WELCOME, "02_clip/ada/02_clip.ipynb": CLIP, "02_clip/bob/02_clip.ipynb": CLIP}, ["ada 00_welcome", "ada 02_clip", "bob 02_clip"]),
    "a folder each week": ({"Week 1/ada/00_welcome.ipynb": WELCOME, "Week 2/ada/02_clip.ipynb": CLIP, "Week 2/bob/02_clip.ipynb": CLIP}, ["ada 00_welcome", "ada 02_clip", "bob 02_clip"]),
    "groups, with namesakes": ({"Group A/anna/02_clip.ipynb": CLIP, "Group A/ben/02_clip.ipynb": CLIP, "Group B/anna/02_clip.ipynb": CLIP, "Monday/cyd/02_clip.ipynb": CLIP, "Monday/dee/02_clip.ipynb": CLIP}, ["Group A/anna 02_clip", "Group B/anna 02_clip", "ben 02_clip", "cyd 02_clip", "dee 02_clip"]),
    "groups that hand in together": ({"Group A/02_clip.ipynb": CLIP, "Group B/02_clip.ipynb": CLIP}, ["Group A 02_clip", "Group B 02_clip"]),
    "late ones beside the folder": ({"ada/02_clip.ipynb": CLIP, "export/bob/02_clip.ipynb": CLIP, "export/cyd/02_clip.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip", "cyd 02_clip"]),
    "a student's own folders": ({"ada/mine/02_clip.ipynb": CLIP, "ada/with Bob/06_llava.ipynb": notebook("06_llava_connect"), "bob/02_clip.ipynb": CLIP}, ["ada 02_clip", "ada 06_llava_connect", "bob 02_clip"]),
    "a student's pictures": ({"ada/02_clip.ipynb": CLIP, "ada/pics/a.png": b"1", "ada/empty/": b"", "ada/more/": b""}, ["ada 02_clip"]),
    "one student's folder, pictures in it": ({"02_clip.ipynb": CLIP, "pics/a.png": b"1"}, ["class 02_clip"]),
    "a student's versions, deep down": ({"ada/project/one way/02_clip.ipynb": CLIP, "ada/project/other way/02_clip.ipynb": CLIP, "bob/02_clip.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip"]),
    "numbers for names": ({"1/02_clip.ipynb": CLIP, "2/02_clip.ipynb": CLIP, "4711/02_clip.ipynb": CLIP}, ["1 02_clip", "2 02_clip", "4711 02_clip"]),
    "the names in the files": ({"ada_02_clip.ipynb": CLIP, "02_clip - Bob Bobson.ipynb": CLIP, "Zoë 02 clip (1).ipynb": CLIP}, ["Bob Bobson 02_clip", "Zoë 02_clip", "ada 02_clip"]),
    "the names in the files of one folder": ({"export/ada_02_clip.ipynb": CLIP, "export/bob_02_clip.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip"]),
    "from mails": ({"02_clip.ipynb": CLIP, "02_clip (1).ipynb": CLIP}, ["02_clip 02_clip", "02_clip (1) 02_clip"]),
    "one student's folder": ({"02_clip.ipynb": CLIP, "00_welcome.ipynb": WELCOME}, ["class 00_welcome", "class 02_clip"]),
    "nbgrader": ({"submitted/ada/02_clip/02_clip.ipynb": CLIP, "submitted/ada/02_clip/timestamp.txt": b"1", "submitted/bob/02_clip/02_clip.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip"]),
    "nbgrader's exchange": ({"inbound/ada+02_clip+2026-11-03 10:10:10 UTC+Hx/02_clip.ipynb": CLIP, "inbound/bob+02_clip+2026-11-03 10:10:10 UTC+Hy/02_clip.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip"]),
    "Moodle": ({"Ada L_12_assignsubmission_file_/02_clip.ipynb": CLIP, "Ada L_99_assignsubmission_file_/my.ipynb": CLIP, "Zoë_7_assignsubmission_file/s/02_clip.ipynb": CLIP, "Zoë_7_assignsubmission_onlinetext/onlinetext.html": b"<p>"}, ["Ada L_12 02_clip", "Ada L_99 02_clip", "Zoë 02_clip"]),
    "Moodle, without folders": ({"Ada L_12_assignsubmission_file_02_clip.ipynb": CLIP, "Bob_99_assignsubmission_file_my.ipynb": CLIP}, ["Ada L 02_clip", "Bob 02_clip"]),
    "Canvas": ({"lovelaceada_12345_67890_02_clip.ipynb": CLIP, "hopper_LATE_22345_67891_02_clip-1.ipynb": CLIP, "turing_3456_7777_report.pdf": b"%PDF", "boole_333_444_work.zip": zipped(**{"x/02_clip.ipynb": CLIP})}, ["boole 02_clip", "hopper 02_clip", "lovelaceada 02_clip", "turing -"]),
    "Canvas, in a folder": ({"ml2026/lovelaceada_12345_67890_02_clip.ipynb": CLIP, "ml2026/hopper_LATE_22345_67891_02_clip-1.ipynb": CLIP}, ["hopper 02_clip", "lovelaceada 02_clip"]),
    "Blackboard": ({"Lesson 2_ada_attempt_2026-11-03-10-10-10_02_clip.ipynb": CLIP, "Lesson 2_ada_attempt_2026-11-03-10-10-10.txt": b"text", "Lesson 2_bob_attempt_2026-11-03-10-10-11_Untitled.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip"]),
    "Brightspace": ({"12345-67890 - Ada L - Nov 3, 2026 1012 AM - 02_clip.ipynb": CLIP, "12346-67890 - Bob - Nov 3, 2026 1012 AM/02_clip.ipynb": CLIP, "index.html": b"<html>"}, ["Ada L 02_clip", "Bob 02_clip"]),
    "Sakai": ({"Lesson 2/Lovelace, Ada(ada)/Submission attachment(s)/02_clip.ipynb": CLIP, "Lesson 2/Bob(bob)/Submission attachment(s)/02_clip.ipynb": CLIP, "Lesson 2/grades.csv": b"x"}, ["Bob(bob) 02_clip", "Lovelace, Ada(ada) 02_clip"]),
    "GitHub": ({"02-clip-submissions/02-clip-ada/02_clip.ipynb": CLIP, "02-clip-submissions/02-clip-bob/02_clip.ipynb": CLIP, "02-clip-submissions/02-clip-bob/.git/x.ipynb": CLIP}, ["ada 02_clip", "bob 02_clip"]),
    "Gradescope": ({"assignment_1_export/submission_1234/02_clip.ipynb": CLIP, "assignment_1_export/submission_1235/02_clip.ipynb": CLIP, "assignment_1_export/submission_metadata.yml": b"x"}, ["submission_1234 02_clip", "submission_1235 02_clip"]),
    "homes of a hub": ({"ada/multimodal_from_scratch/notebooks/02_clip.ipynb": CLIP, "bob/multimodal_from_scratch/notebooks/00_welcome.ipynb": WELCOME}, ["ada 02_clip", "bob 00_welcome"]),
    "an archive of the class": ({"class.zip": zipped(**{"class/ada/02_clip.ipynb": CLIP, "class/bob/02_clip.ipynb": CLIP, "class/cyd/notes.html": b"x"})}, ["ada 02_clip", "bob 02_clip", "cyd -"]),
    "an archive each": ({"ada.zip": zipped(**{"02_clip.ipynb": CLIP, "__MACOSX/._02_clip.ipynb": b"\0"}), "bob.tar.gz": tarred(**{"w/02_clip.ipynb": CLIP})}, ["ada 02_clip", "bob 02_clip"]),
    "an archive in an archive": ({"ML-02_clip-47.zip": zipped(**{"Ada_12_assignsubmission_file_/x.zip": zipped(**{"02_clip.ipynb": CLIP}), "Bob_9_assignsubmission_file_/02_clip.ipynb": CLIP})}, ["Ada 02_clip", "Bob 02_clip"]),
    "a notebook that is an archive": ({"ada/02_clip.ipynb": zipped(**{"02_clip.ipynb": CLIP}), "bob/02_clip.ipynb.zip": zipped(**{"02_clip.ipynb": CLIP})}, ["ada 02_clip", "bob 02_clip"]),
    "odd endings": ({"ada/02_clip.IPYNB": CLIP, "bob/02_clip.ipynb.txt": CLIP, "cyd/02_clip.json": CLIP, "dee/02_clip": CLIP, "eve/02_clip.ipynb.json": CLIP}, [f"{name} 02_clip" for name in ("ada", "bob", "cyd", "dee", "eve")]),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_notebook_finds_its_student(tmp_path, name):
    files, expected = LAYOUTS[name]
    found = find(lay_out(tmp_path, files), LESSONS)
    assert [f"{one.student} {one.lesson if not one.problem else '-'}" for one in found] == expected
    assert all(one.cells for one in found if not one.problem)


COPIES = {  # what a student has, the one that counts last
    "a browser's": ["02_clip.ipynb", "02_clip (1).ipynb"],
    "Jupyter's": ["02_clip.ipynb", "02_clip-Copy1.ipynb"],
    "in folders": ["first/02_clip.ipynb", "second/02_clip.ipynb"],
    "from a checkpoint": [".ipynb_checkpoints/02_clip-checkpoint.ipynb", "02_clip.ipynb"],
    "beside an archive": ["old.zip", "02_clip.ipynb"],
    "three": ["02_clip.ipynb", "final/02_clip.ipynb", "02_clip_new.ipynb"],
}


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("others", [{}, {"bob/02_clip.ipynb": CLIP}], ids=["alone", "among others"])
def test_of_several_copies_the_one_changed_last_counts_and_the_others_are_named(tmp_path, name, others):
    *older, newest = COPIES[name]
    files = {
        f"ada/{one}": zipped(**{"02_clip.ipynb": CLIP}) if one.endswith(".zip") else CLIP for one in [*older, newest]
    }
    folder = lay_out(tmp_path, files | others)
    if name == "beside an archive":
        os.utime(folder / "ada" / newest, (4e9, 4e9))  # its member's time counts, which is of today
    (mine,) = [one for one in find(folder, LESSONS) if one.student == "ada"]
    assert mine.file == folder / "ada" / newest and len(mine.passed_over) == len(older)
    for one in older:
        assert any(
            f"ada/{one}" in text and ("changed earlier" in text or "Jupyter's" in text) for text in mine.passed_over
        )


def test_a_damaged_copy_does_not_hide_an_older_one_that_can_be_read(tmp_path):
    (mine,) = find(lay_out(tmp_path, {"ada/02_clip.ipynb": CLIP, "ada/02_clip (1).ipynb": b'{"cells": ['}), LESSONS)
    assert mine.file.name == "02_clip.ipynb" and mine.passed_over == ("ada/02_clip (1).ipynb (not a notebook)",)


def test_the_courses_own_solutions_are_nobodys_answers(tmp_path):
    copy = "ada/course"
    files = {
        f"{copy}/notebooks/02_clip.ipynb": CLIP,
        f"{copy}/solutions/02_clip.ipynb": CLIP,
        f"{copy}/course_lib/a.py": b"",
    }
    (mine,) = find(lay_out(tmp_path, files), LESSONS)
    assert mine.file.parent.name == "notebooks" and "the course's own solution" in mine.passed_over[0]


ODD = {  # file, content, the reason that is given
    "empty": ("02_clip.ipynb", b"", "an empty file"),
    "zeros": ("02_clip.ipynb", b"\0" * 99, "an empty file"),
    "torn": ("02_clip.ipynb", b'{"cells": [', "not a notebook"),
    "a list": ("02_clip.ipynb", b"[]", "not a notebook"),
    "without cells": ("02_clip.ipynb", b'{"cells": null}', "not a notebook"),
    "a web page": ("02_clip.ipynb", b"\n<!DOCTYPE html><html>", "a web page"),
    "a PDF": ("02_clip.ipynb", b"%PDF-1.7", "a PDF"),
    "a pointer": ("02_clip.ipynb", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
    "a conflict": ("02_clip.ipynb", b'{"cells": [\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> b\n]}', "merge conflict"),
    "of another course": ("diary.ipynb", b'{"cells": []}', "of no lesson of this course"),
    "a script": ("02_clip.py", b"print()", "no notebook, but 02_clip.py"),
    "printed": ("02_clip.pdf", b"%PDF", "no notebook, but 02_clip.pdf"),
    "rar": ("work.rar", b"Rar!", "work.rar (an archive that the course can't open: unpack it)"),
    "a damaged zip": ("work.zip", b"PK\3\4 nothing", "work.zip (a damaged archive)"),
    "half a zip": ("work.zip", zipped(**{"02_clip.ipynb": CLIP})[:40], "work.zip (a damaged archive)"),
    "a zip of nothing": ("work.zip", zipped(), "no notebook, nothing at all"),
    "only a checkpoint": (".ipynb_checkpoints/02_clip-checkpoint.ipynb", CLIP, "Jupyter's own copy"),
}


@pytest.mark.parametrize("name", ODD)
def test_what_can_not_be_graded_has_a_row_with_the_reason_and_stops_nobody(tmp_path, name):
    file, content, reason = ODD[name]
    ada, bob = find(lay_out(tmp_path, {f"ada/{file}": content, "bob/02_clip.ipynb": CLIP}), LESSONS)
    assert ada.student == "ada" and reason in ada.problem
    assert bob.student == "bob" and not bob.problem


def test_a_locked_archive_is_named(tmp_path):
    content = bytearray(zipped(**{"02_clip.ipynb": CLIP}))
    for mark, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(mark) + place] |= 1  # the bit that says "encrypted"
    ada, _ = find(lay_out(tmp_path, {"ada/work.zip": bytes(content), "bob/02_clip.ipynb": CLIP}), LESSONS)
    assert ada.problem == "locked with a password" and ada.lesson == "02_clip"


@pytest.mark.skipif(os.name != "posix", reason="links and pipes of POSIX")
def test_links_and_pipes(tmp_path):
    folder = lay_out(tmp_path, {"ada/02_clip.ipynb": CLIP, "../home/gil/02_clip.ipynb": CLIP})
    for name in ("bob", "cyd", "dee", "eve"):
        (folder / name).mkdir()
    (folder / "bob" / "02_clip.ipynb").symlink_to(folder / "nowhere.ipynb")
    (folder / "cyd" / "02_clip.ipynb").symlink_to(folder / "ada" / "02_clip.ipynb")
    (folder / "dee" / "round").symlink_to(folder / "dee")
    os.mkfifo(folder / "eve" / "02_clip.ipynb")
    (folder / "fay").symlink_to(folder / "fay")
    (folder / "gil").symlink_to(tmp_path / "home" / "gil")  # the teacher's own link
    (folder / "ada" / "again.ipynb").symlink_to(folder / "ada" / "02_clip.ipynb")
    found = {one.student: one for one in find(folder, LESSONS)}
    assert not found["ada"].problem and not found["gil"].problem
    assert "leads nowhere" in found["bob"].problem and "leads nowhere" in found["fay"].problem
    assert "was not handed in with it" in found["cyd"].problem
    assert "leads in a circle" in found["dee"].problem
    assert "a device or a pipe" in found["eve"].problem


def test_what_the_disk_does_not_give_is_named(tmp_path, monkeypatch):
    folder = lay_out(tmp_path, {"ada/02_clip.ipynb": CLIP, "bob/02_clip.ipynb": CLIP, "cyd/02_clip.ipynb": CLIP})
    real = os.scandir

    def scandir(path):
        if Path(path).name == "bob":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(folders.os, "scandir", scandir)
    found = {one.student: one.problem for one in find(folder, LESSONS)}
    assert found == {"ada": "", "bob": "no notebook, but bob (can't be read (Permission denied))", "cyd": ""}


CODE = "x = 1\ny = 2"
FORMS = {
    "as it should be": {"cells": [{"cell_type": "code", "source": CODE}]},
    "lines": {"cells": [{"cell_type": "code", "source": ["x = 1\n", "y = 2"]}]},
    "lines without ends": {"cells": [{"cell_type": "code", "source": ["x = 1", "y = 2"]}]},
    "lines with null": {"cells": [{"cell_type": "code", "source": ["x = 1\n", None, "y = 2"]}]},
    "Windows' lines": {"cells": [{"cell_type": "code", "source": "x = 1\r\ny = 2"}]},
    "another case": {"cells": [{"cell_type": "Code", "source": CODE}]},
    "without a type": {"cells": [{"source": CODE}, {"source": "## Some words, and more."}]},
    "without a type, with outputs": {"cells": [{"source": CODE, "outputs": []}]},
    "nbformat 3": {"nbformat": 3, "worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n", "y = 2"]}]}]},
    "nbformat 3, in two": {"worksheets": [{"cells": None}, None, {"cells": [{"cell_type": "code", "input": CODE}]}]},
    "nbformat 1": {"cells": [{"cell_type": "code", "code": CODE}]},
    "among odd cells": {"cells": [None, 3, [], {"cell_type": "markdown"}, {"cell_type": "raw", "source": "a"}, {"cell_type": "code", "source": CODE}]},
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_the_code_is_found_in_every_form_of_notebook(name):
    assert notebooks.code_cells(json.dumps(FORMS[name]).encode()) == [CODE]


def test_a_cell_without_a_type_may_hold_magics():
    cells = [{"source": "%matplotlib inline\n!pip list\nx = 1"}, {"source": "100% of all students"}]
    assert len(notebooks.code_cells(json.dumps({"cells": cells}).encode())) == 1


@pytest.mark.parametrize("source", [None, 3, {}, [], [3]])
def test_a_code_cell_without_a_source_is_empty(source):
    cells = [{"cell_type": "code", "source": source}, {"cell_type": "code"}, {"cell_type": "code", "source": CODE}]
    assert notebooks.code_cells(json.dumps({"cells": cells}).encode()) == ["", "", CODE]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
def test_every_encoding_is_read(encoding):
    text = json.dumps({"cells": [{"cell_type": "code", "source": "x = 'Zoë'"}]}, ensure_ascii=False)
    assert notebooks.code_cells(text.encode(encoding)) == ["x = 'Zoë'"]


def test_names_in_an_archive_lead_nowhere_else(tmp_path):
    content = zipped(**{"../../outside/02_clip.ipynb": CLIP, "/etc/02_clip.ipynb": CLIP, "a\\b\\02_clip.ipynb": CLIP})
    folder = lay_out(tmp_path, {"ada/work.zip": content, "bob/02_clip.ipynb": CLIP})
    ada, _ = find(folder, LESSONS)
    assert ada.file.is_relative_to(folder / "ada" / "work.zip") and len(ada.passed_over) == 2
    assert sorted(tmp_path.iterdir()) == [folder]


def test_a_students_own_files_go_with_the_notebook_and_nobody_elses(tmp_path):
    files = {"ada/02_clip.ipynb": CLIP, "ada/helper.py": b"x = 1", "ada/data/a.txt": b"1", "bob_02_clip.ipynb": CLIP}
    ada, bob = find(lay_out(tmp_path, files | {"secret.txt": b"bob's"}), LESSONS)
    beside = {"helper.py": b"x = 1", os.path.join("data", "a.txt"): b"1", "02_clip.ipynb": CLIP}
    assert dict(ada.beside()) == beside
    assert not dict(bob.beside())


def test_the_lesson_is_told_by_what_begins_else_by_the_exercises_else_by_the_name(tmp_path):
    def with_cells(*sources):
        return json.dumps({"cells": [{"cell_type": "code", "source": source} for source in sources]}).encode()

    files = {
        "ada/06_llava_connect.ipynb": with_cells("session = begin('02_clip')"),
        "bob/Untitled.ipynb": with_cells('@exercise("clip.classify")\ndef classify(): ...'),
        "cyd/02-CLIP (final).ipynb": with_cells("print('mine')"),
        "dee/02_clip/work.ipynb": with_cells("print('mine')"),
    }
    assert [one.lesson for one in find(lay_out(tmp_path, files), LESSONS)] == ["02_clip"] * 4


def test_an_archive_can_be_given_in_place_of_a_folder(tmp_path):
    archive = tmp_path / "class.zip"
    archive.write_bytes(zipped(**{"all/ada/02_clip.ipynb": CLIP, "all/bob/02_clip.ipynb": CLIP}))
    assert [(one.student, one.problem) for one in find(archive, LESSONS)] == [("ada", ""), ("bob", "")]


@pytest.mark.skipif(os.name != "posix", reason="names of bytes that are no text")
def test_names_that_are_no_text_are_written_with_question_marks(tmp_path):
    folder = tmp_path / os.fsdecode(b"Zo\xeb")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this disk takes no such names")
    (folder / "02_clip.ipynb").write_bytes(CLIP)
    (only,) = find(tmp_path, LESSONS)
    assert only.student == "Zo?" and not only.problem


def test_accents_of_macos_and_of_others_are_the_same_name(tmp_path):
    files = {"00_welcome/Zoe\u0308/00_welcome.ipynb": WELCOME, "02_clip/Zo\u00eb/02_clip.ipynb": CLIP}
    assert [one.student for one in find(lay_out(tmp_path, files), LESSONS)] == ["Zo\u00eb", "Zo\u00eb"]


def test_an_archive_that_can_not_be_opened_is_named_beside_a_notebook_too(tmp_path):
    files = {"ada/02_clip.ipynb": CLIP, "ada/more.rar": b"Rar!", "bob/02_clip.ipynb": CLIP}
    ada, bob = find(lay_out(tmp_path, files), LESSONS)
    assert not ada.problem and ada.passed_over == ("more.rar (an archive that the course can't open: unpack it)",)
    assert not bob.passed_over
