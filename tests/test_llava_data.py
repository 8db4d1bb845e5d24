"""LLaVA's JSON for full-size training: checked before any model is loaded; what is bad is named, and stops nothing else."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from scale_lab import RECIPE, command, write_tiny_models_and_data

from course_lib.__main__ import main
from course_lib.llava.full import PretrainedParts, scale
from course_lib.llava.full.data import FORMAT_PROMPT, MAX_LISTED, DataError, InstructionData, read_records, read_turns
from course_lib.llava.full.model import assemble
from course_lib.llava.full.scale import Distributed

TURNS = [{"from": "human", "value": "<image>\nwhat is it?"}, {"from": "gpt", "value": "a cat"}]
TEXT = [{"from": "human", "value": "what is two and two?"}, {"from": "gpt", "value": "four"}]


@pytest.fixture(scope="module", autouse=True)
def here():
    """Commands run in this interpreter."""
    with pytest.MonkeyPatch.context() as patch:
        yield patch.setenv("COURSE_NO_VENV", "1")


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Path:
    return write_tiny_models_and_data(tmp_path_factory.mktemp("data"))


@pytest.fixture
def folder(shared, tmp_path) -> Path:
    """Pictures that a test may damage, and no models."""
    for file in shared.glob("*.png"):
        shutil.copy(file, tmp_path)
    return tmp_path


def record(image: object = "0.png", turns: object = TURNS, **more) -> dict:
    return {"id": "a", "image": image, "conversations": turns, **more}


def answered(value: object) -> dict:
    return record(turns=[TURNS[0], {"from": "gpt", "value": value}])


def read(folder: Path, records: object) -> InstructionData:
    file = folder / "data.json"
    file.write_bytes(records if isinstance(records, bytes) else json.dumps(records).encode())
    return InstructionData(file, folder)


def cut(picture: Path) -> None:
    """Leave the header, and half of the rest."""
    picture.write_bytes(picture.read_bytes()[: picture.stat().st_size // 2])


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (answered(""), "conversations[1] is empty"),
        (answered(" \n"), "conversations[1] is empty"),
        (answered(None), 'conversations[1] has None as its "value"'),
        (answered(["a cat"]), "conversations[1] has ['a cat']"),
        (record(turns=[]), '"conversations" is []'),
        (record(turns="hello"), "\"conversations\" is 'hello'"),
        (record(turns=TURNS[:1]), "gpt has the last word"),
        (record(turns=TURNS[::-1]), "human begins"),
        (
            record(turns=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]),
            'LLaVA says "from"',
        ),
        (record(turns=TEXT), "<image> stands once"),
        (record(turns=[{**TURNS[0], "value": "<image><image> what?"}, TURNS[1]]), "<image> stands once"),
        (record(turns=[*TEXT, *TURNS]), "<image> stands once"),
        (record(None), "<image> stands once"),
        (record(["0.png", "1.png"]), "its image is the name of a file"),
        (record(7), "its image is the name of a file"),
        ({"id": "a", "messages": []}, 'the record has "id", "messages"'),
        ("hello", "a record is an object"),
        (None, "a record is an object"),
    ],
)
def test_a_bad_record_is_left_out_with_its_number_and_field(folder, bad, says):
    data = read(folder, [record("1.png"), bad, record("2.png")])
    assert data.names == ["1.png", "2.png"]
    (what,) = data.left_out
    assert what.startswith("Record 1") and says in what
    assert data.summary.splitlines()[0].startswith("data.json: 2 of 3 records, about 2 pictures")
    with pytest.raises(DataError, match="no record with a picture|must be a list of records") as error:
        read(folder, [bad])
    assert says in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("none.png", "there is no such file."),
        ("no/such/0.png", "there is no such file."),
        ("sub", "there is no such file."),  # a folder
        ("X.PNG", 'there is no such file, but "x.png".'),
        ("https://a.b/0.png", "this is an address"),
        ("empty.png", "no picture that can be read"),
        ("text.png", "no picture that can be read"),
        ("a\0b.png", "there is no such file."),
        ("a" * 5000, "there is no such file."),
    ],
)
def test_a_picture_that_is_none_is_left_out_before_training(folder, name, says):
    (folder / "sub").mkdir()
    (folder / "empty.png").write_bytes(b"")
    (folder / "text.png").write_text("not found")
    (folder / "0.png").rename(folder / "x.png")
    if name == "X.PNG" and (folder / name).is_file():
        pytest.skip("upper and lower case are the same on this disk")
    data = read(folder, [record(name), record("1.png"), record(name)])
    assert data.names == ["1.png"] and len(data.left_out) == 1 and says in data.left_out[0]


def test_names_as_other_systems_write_them(folder):
    (folder / "sub").mkdir()
    (folder / "0.png").rename(folder / "sub" / "0.png")
    names = ["sub\\0.png", "sub/0.png", "sub/../1.png", str(folder / "2.png")]
    assert read(folder, [record(name) for name in names]).names == sorted(names)


def test_texts_without_a_picture_stand_beside_pictures_and_are_no_fault(folder):
    texts = [record(image, TEXT) for image in (None, "")] + [{"conversations": TEXT}]
    data = read(folder, [*texts, record(), record("1.png")])
    assert (data.left_out, data.names, len(data.text_beside)) == ([], ["0.png", "1.png"], 2)
    first, second = data.summary.splitlines()
    assert (
        "4 of 5 records, about 2 pictures, and 2 texts without" in first
        and "of the texts without a picture 1," in second
    )
    with pytest.raises(DataError, match="no record with a picture"):
        read(folder, texts)


def human(*values: str) -> list[dict]:
    """Turns of a person, each answered by "a cat"."""
    return [turn for value in values for turn in ({"from": "human", "value": value}, TURNS[1])]


@pytest.mark.parametrize(
    ("turns", "asked"),
    [
        (TURNS, f"what is it?\n{FORMAT_PROMPT}"),
        (human("<image>\nwhat is it?", "and this?"), f"what is it?\n{FORMAT_PROMPT}"),  # once, as LLaVA-1.5 has it
        (human(f"<image>\nwhat is it?\n{FORMAT_PROMPT}"), f"what is it?\n{FORMAT_PROMPT}"),
        ([TURNS[0], {"from": "gpt", "value": "It is a cat."}], "what is it?"),
        ([TURNS[0], {"from": "gpt", "value": "a cat that sleeps"}], "what is it?"),
        ([*TURNS, TEXT[0], {"from": "gpt", "value": "Two and two are four."}], "what is it?"),
    ],
)
def test_short_answers_are_asked_for(folder, turns, asked):
    ((first, *others),) = read(folder, [record(turns=turns)]).conversations["0.png"]
    assert first[0] == asked and not any(FORMAT_PROMPT in question for question, _ in others)


def test_files_as_other_systems_write_them(folder):
    records = [record("0.png"), record("1.png")]
    lines = "\r\n".join(map(json.dumps, records))
    for content in (
        lines,
        lines + "\n\n",
        json.dumps(records),
        "\n".join(json.dumps(one, indent=1) for one in records),
    ):
        for coding in ("utf-8", "utf-8-sig", "utf-16"):
            assert read(folder, content.encode(coding)).names == ["0.png", "1.png"]
    assert read(folder, json.dumps(records[0]).encode()).names == ["0.png"]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "can't be read as JSON"),
        (b"", "is empty"),
        (b"[]", "must be a list of records.*it is empty"),
        (b"[" * 100_000, "can't be read as JSON"),
        (b'{"a": 1}', "must be a list of records"),
        (b'{"data": []}', 'the record has "data"'),
        (b'[{"image": "0.png"}]', "must be a list of records"),
        (b'[{"messages": [{"role": "user", "content": "hi"}]}]', 'the record has "messages", as OpenAI has it'),
        (json.dumps(record()).encode() + b'\n{"id": ', "can't be read as JSON: .* at line 2"),
    ],
)
def test_a_file_of_another_kind_is_refused_in_a_sentence(tmp_path, content, says):
    (tmp_path / "data.json").write_bytes(content)
    with pytest.raises(DataError, match=says):
        read_records(tmp_path / "data.json")
    with pytest.raises(DataError, match="can't be read"):
        read_records(tmp_path)


def test_turns_lose_the_mark_of_the_picture():
    behind = [{"from": "human", "value": "what is it?\n<image>"}, TURNS[1]]
    assert read_turns(record(turns=behind), 0) == read_turns(record(), 0) == [("what is it?", "a cat")]


def test_of_very_many_faults_the_first_are_listed(folder):
    data = read(folder, [record(), *[answered("")] * 50])
    assert data.summary.count("✗") == MAX_LISTED + 1 and data.summary.endswith(f"{50 - MAX_LISTED} more.")


def test_data_are_refused_before_a_model_is_loaded(folder, capsys):
    for records, images in (([answered("")], folder), ([record("none.png")], folder), ([record()], folder / "nowhere")):
        (folder / "data.json").write_text(json.dumps(records))
        assert main(command(folder, folder / "out", images=images)) == 1  # there is no model in this folder
        said = capsys.readouterr().err
        assert said.startswith("✗ ") and said.count("\n") == 1


@pytest.fixture
def trained(shared, folder):
    """Train on the records of `shared` in `folder`; returns what was printed, with cuts after these steps."""

    def train(steps: int, stop_after: int | None = None) -> list[float]:
        parts = PretrainedParts(str(shared / "vision"), str(shared / "language"), lora_rank=4)
        model, processor = assemble(parts, Distributed().device)
        data = InstructionData(shared / "data.json", folder, model.tokenizer, processor, model.num_patches)
        losses = []

        def after_step(step, loss):
            losses.append(loss)
            if step == stop_after:
                raise ConnectionError("the notebook is gone")

        scale.train(model, data, replace(RECIPE, steps=steps), folder / "state.safetensors", Distributed(), after_step)
        return losses

    return train


def test_a_picture_that_is_damaged_behind_its_header_ends_no_run_nor_the_resumed_one(folder, trained, capsys):
    for number in (0, 1, 2):
        cut(folder / f"{number}.png")
    with pytest.raises(ConnectionError):
        trained(4, stop_after=2)
    assert capsys.readouterr().out.count("✗ Left out: ") == 3
    assert len(trained(4)) == 2 and capsys.readouterr().out.count("is damaged or was cut off") == 3


def test_a_step_of_damaged_pictures_alone_learns_nothing(folder, trained, capsys):
    for picture in folder.glob("*.png"):
        cut(picture)
    assert trained(1) == [0.0] and capsys.readouterr().out.count("✗") == 4


def test_a_picture_that_vanishes_or_a_question_without_end_is_left_out_of_its_step(shared, folder, capsys):
    model, processor = assemble(PretrainedParts(str(shared / "vision"), str(shared / "language")), Distributed().device)
    endless = [{"from": "human", "value": "<image>\n" + "why? " * 3000}, TURNS[1]]
    data = read(folder, [record("0.png", endless), record("1.png", endless), record("1.png"), record("2.png")])
    data.tokenizer, data.processor, data.num_patches = model.tokenizer, processor, model.num_patches
    (folder / "2.png").unlink()
    batch = data.batch(["0.png", "1.png", "2.png"])
    assert batch.input_ids.shape[0] == batch.pixel_values.shape[0] == 1
    said = capsys.readouterr().out
    assert "a question about 0.png" in said and "2.png" in said and said.count("\n") == 3
    assert data.batch(["2.png"]) is None and capsys.readouterr().out == "", "what was said is not said again"
