"""What learners read can be translated; code, formulas and what is missing stay as they are."""

import json
import os

import nbformat
import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from course_lib import exercise
from course_lib.authoring import strings
from course_lib.authoring.master import masters, read_lesson
from course_lib.checker.registry import all_tasks, find_task
from course_lib.common import text as translation
from course_lib.session import REPO

LESSONS = [read_lesson(master) for master in masters(REPO / "solutions")]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty translations/, and the course in English; `translate` changes the language."""
    monkeypatch.setattr(translation, "FOLDER", tmp_path)
    monkeypatch.setattr(strings, "FOLDER", tmp_path)
    monkeypatch.setenv(translation.VARIABLE, translation.ENGLISH)
    translation.catalogue.cache_clear()
    yield tmp_path
    translation.catalogue.cache_clear()


def translate(folder, texts):
    """Write xx.po, and choose this language."""
    catalog = Catalog(charset="utf-8")
    for text, said in texts.items():
        catalog.add(text, said)
    with (folder / "xx.po").open("wb") as stream:
        write_po(stream, catalog)
    os.environ[translation.VARIABLE] = "xx"
    translation.catalogue.cache_clear()


def everything():
    """Each English text, and the same in brackets."""
    found = strings.messages(LESSONS, list(all_tasks().values()), REPO / "course_lib")
    return {text: f"«{text}»" for _, text in found}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.slug)
def test_pieces_give_the_lesson_to_the_letter(lesson):
    again = strings.translated_lesson(lesson, lambda text: text)
    assert json.dumps(again.cells) == json.dumps(lesson.cells)


@pytest.mark.parametrize(
    "source, wanted",
    [
        ("One\ntwo.\n\nThree.", "«One\ntwo.»\n\n«Three.»"),
        ("## Head\n\n- a\n- b", "## «Head»\n\n- «a»\n- «b»"),
        ("$$x = 1$$\n\n<!-- quiz -->", "$$x = 1$$\n\n<!-- quiz -->"),
        ("1. Why?\n   - [x] so :: because", "1. «Why?»\n   - [x] «so» :: «because»"),
        ("| a | b |\n|---|---|\n| c | 1 |", "«| a | b |»\n|---|---|\n«| c | 1 |»"),
        ("Run\n\n```\n- x\n\ny = 1\n```\n\nit.", "«Run»\n\n```\n- x\n\ny = 1\n```\n\n«it.»"),
    ],
)
def test_prose_is_cut_into_paragraphs_items_and_rows(source, wanted):
    assert strings.translated_markdown(source, lambda text: f"«{text}»") == wanted


def test_notebooks_are_translated_and_their_code_is_not(folder, tmp_path):
    translate(folder, everything())
    assert strings.make_notebooks("xx", tmp_path / "notebooks") == []
    for lesson in LESSONS:
        theirs = nbformat.read(tmp_path / "notebooks" / f"{lesson.slug}.ipynb", 4).cells
        ours = nbformat.read(REPO / "notebooks" / f"{lesson.slug}.ipynb", 4).cells
        for mine, other in zip(ours, theirs, strict=True):
            if mine.cell_type == "code":
                assert other.source.replace('import os\n\nos.environ["COURSE_LANGUAGE"] = "xx"\n\n', "") == mine.source
            else:
                assert "«" in other.source, other.source


def test_without_a_translation_the_notebooks_are_the_english_ones(folder, tmp_path):
    translate(folder, {"Words:": "Wörter:"})
    assert strings.make_notebooks("xx", tmp_path / "notebooks") == []
    ours = nbformat.read(REPO / "notebooks" / "02_clip.ipynb", 4).cells
    theirs = nbformat.read(tmp_path / "notebooks" / "02_clip.ipynb", 4).cells
    different = [b.source for a, b in zip(ours, theirs, strict=True) if a.source != b.source]
    assert len(different) == 2  # the first cell sets the language, and there is the word
    assert any("Wörter:" in source for source in different)


def test_exercises_answer_in_the_language(folder, capsys):
    task = find_task("clip.contrastive_loss")
    mistake = task.mistakes[0]
    translate(folder, {mistake.message: "Falsch gedacht.", "{id}: not right yet.": "{id}: noch nicht richtig."})
    exercise.exercise(task.id)(mistake.code)
    said = capsys.readouterr().out
    assert "Falsch gedacht." in said and f"{task.id}: noch nicht richtig." in said


def test_names_that_are_lost_are_named(folder, tmp_path):
    translate(folder, {"{id}: not started.": "{nummer}: offen."})
    problems = strings.make_notebooks("xx", tmp_path / "notebooks")
    assert problems == ["translations/xx.po: other {names} than in the English text: {id}: not started."]
    assert translation.say("{id}: not started.", id="a.b") == "a.b: not started."  # where it is used all the same


@pytest.mark.parametrize("content", [None, b"no gettext at all\n", b'msgid "a'])
def test_a_translation_that_cannot_be_read_is_said_once(folder, tmp_path, capsys, content):
    if content is not None:
        (folder / "xx.po").write_bytes(content)
    os.environ[translation.VARIABLE] = "xx"
    assert translation.say("a nudge") == translation.say("a nudge") == "a nudge"
    assert capsys.readouterr().out.count("translations/xx.po can't be read") == 1
    assert "can't be read" in strings.make_notebooks("xx", tmp_path / "notebooks")[0]


def test_template_can_be_read_and_has_every_text(folder, tmp_path):
    strings.make_template(tmp_path / "course.pot")
    with (tmp_path / "course.pot").open("rb") as stream:
        found = {message.id for message in read_po(stream)}
    assert set(everything()) <= found and len(found) > 1000
