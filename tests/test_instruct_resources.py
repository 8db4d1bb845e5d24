"""The data files of Lesson 05: read in order and typed, refused when damaged, and told of in their datasheet."""

import json
import re
import shutil

import pytest

from course_lib.authoring import bundle
from course_lib.common.errors import Problem
from course_lib.instruct import resources
from course_lib.instruct.formats import TYPES
from course_lib.session import REPO

READERS = {
    "clean_answers_dev.jsonl": lambda: resources.clean_answers.__wrapped__("dev"),
    "clean_answers_test.jsonl": lambda: resources.clean_answers.__wrapped__("test"),
    "clean_pictures.jsonl": resources.clean_pictures.__wrapped__,
    "photographs.jsonl": resources.photographs.__wrapped__,
    "defect_wordings_dev.json": lambda: resources.defect_wordings.__wrapped__("dev"),
    "defect_wordings_test.json": lambda: resources.defect_wordings.__wrapped__("test"),
    "synonyms.json": resources.synonyms.__wrapped__,
    "outside_nouns.json": resources.outside_nouns.__wrapped__,
    "examples.json": resources.examples.__wrapped__,
    "conversation_wordings.json": resources.conversation_wordings.__wrapped__,
    "complex_wordings.json": resources.complex_wordings.__wrapped__,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A copy of the files, which are read in place of the shipped ones."""
    copy = shutil.copytree(resources.FOLDER, tmp_path / "instruct")
    monkeypatch.setattr(resources, "FOLDER", copy)
    return copy


@pytest.mark.parametrize("name", READERS)
def test_a_missing_or_damaged_file_is_named(name, folder):
    file, read = folder / name, READERS[name]
    whole = file.read_bytes()
    assert read()
    for content in (b"", whole[: len(whole) // 2], b"\xff" + whole, b"7", b"[7]", b'{"words": 7}', b"[" * 100_000):
        file.write_bytes(content)
        with pytest.raises(Problem, match=f"^Get data/instruct/{name} again .*: it is missing or damaged.$"):
            read()
    file.unlink()
    with pytest.raises(Problem, match=name):
        read()


def test_a_text_in_place_of_a_list_is_no_list_of_letters(folder):
    for name, damage in (("synonyms.json", ("words", "dog")), ("defect_wordings_dev.json", ("wrong_relation", "left"))):
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        content[damage[0]][damage[1]] = "ab"
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
        with pytest.raises(Problem, match=name):
            READERS[name]()


def test_lists_come_as_tuples_in_the_files_order():
    first = (resources.FOLDER / "clean_answers_dev.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert resources.clean_answers("dev")[0] == tuple(json.loads(first).values())
    assert tuple(resources.examples()) == TYPES
    for table in (resources.synonyms().words, resources.outside_nouns(), resources.conversation_wordings().questions):
        assert all(isinstance(texts, tuple) for texts in table.values())


def test_the_datasheet_counts_every_file():
    sheet = (resources.FOLDER / "README.md").read_text(encoding="utf-8")
    told = {name: int(count) for name, count in re.findall(r"^\| `([\w.]+)` \| (\d+) \|", sheet, re.MULTILINE)}
    lines = {file.name: file.read_text(encoding="utf-8") for file in resources.FOLDER.glob("*.json*")}
    assert told == {
        name: len(text.splitlines() if name.endswith(".jsonl") else json.loads(text)) for name, text in lines.items()
    }
    assert set(told) == set(READERS)


def test_every_file_is_in_the_manifest_and_in_the_bundle():
    manifest = json.loads((REPO / "data" / "manifest.json").read_text(encoding="utf-8"))
    bundled = {file.relative_to(REPO).as_posix() for file in bundle.contents(REPO)}
    assert {f"data/instruct/{name}" for name in READERS} <= set(manifest) & bundled
