"""What `instruct write` leaves behind: no record that its own reader would refuse, and nothing lost on the way."""

import json
import os
from dataclasses import replace

import pytest

from course_lib.__main__ import main
from course_lib.instruct.evaluate.faults import small_jobs
from course_lib.instruct.formats import Sample, Turn, check_llava_format, record_problem
from course_lib.instruct.records import UNIQUE
from course_lib.instruct.run.dataset import collect_samples, filter_samples, write_dataset
from course_lib.instruct.run.generate import find_problem
from course_lib.instruct.run.journal import Entry, Journal, fingerprint
from course_lib.instruct.teachers.base import Completion

GOOD = Sample("p1", "p1.png", "detail", (Turn("What is there?", "A crab."),))
BAD = [
    replace(GOOD, id="p2", turns=(Turn("What is there?", "A crab <image>."),)),
    replace(GOOD, id="p3", turns=(Turn("Look at <image>?", "A crab."),)),
    replace(GOOD, id="p4", turns=(Turn("What?", "A crab."), Turn("And\n<image>\n?", "<image>"))),
    replace(GOOD, id="p8", turns=(Turn("What?", "<think>Hm.</think> A crab."),)),
    replace(GOOD, id="p9", turns=(Turn("What?", "Hm.</think> A crab."),)),
    replace(GOOD, id="p10", turns=(Turn("What?", "```A crab.```"),)),
    replace(GOOD, id="p11", turns=(Turn("What?", "A crab.<|im_end|>"),)),
    replace(GOOD, id="p5", turns=(Turn("What?", " "),)),
    replace(GOOD, id="p6", turns=()),
    replace(GOOD, id="p7", image=""),
]


@pytest.mark.parametrize("sample", BAD)
def test_the_writer_leaves_out_what_the_reader_would_refuse(tmp_path, sample):
    card = write_dataset([GOOD, sample], tmp_path / "a.json", {})
    records = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert records == [GOOD.to_llava()] and check_llava_format(records) == []
    assert json.loads(card.read_text(encoding="utf-8"))["out_of_format"] == {record_problem(sample.to_llava()): 1}
    clean, defects = filter_samples([(GOOD, None), (sample, None)], lambda *_: [])
    assert clean == [GOOD] and defects.total() == 1


def test_of_two_records_with_one_id_the_first_is_written(tmp_path):
    card = write_dataset([GOOD, replace(GOOD, turns=(Turn("What?", "A dog."),)), GOOD], tmp_path / "a.json", {})
    records = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert records == [GOOD.to_llava()] and check_llava_format(records) == []
    assert json.loads(card.read_text(encoding="utf-8"))["out_of_format"] == {UNIQUE: 2}


@pytest.mark.parametrize("type", [0, 1, 2])
def test_such_a_reply_is_asked_for_again(type):
    job = small_jobs(3)[type]
    text = "A crab <image>." if job.type == "detail" else "Question:\nWhat?\n===\nAnswer:\nA crab <image>.\n==="
    assert find_problem(Completion(text, 1, 1), job)
    assert not find_problem(Completion(text.replace(" <image>", ""), 1, 1), job)


def test_a_reply_of_an_older_run_that_is_refused_today_stops_no_other(tmp_path):
    jobs, entries = small_jobs(3), []
    for job, text in zip(jobs, ["Question:\nA?\n===\nAnswer:\nB.", "<think>A crab", "A crab."], strict=True):
        job = replace(job, type="conversation" if text[0] == "Q" else "detail")
        jobs[len(entries)] = job
        entries.append(Entry(*job.key("t"), fingerprint(job.messages()), text, 1, 1, 0.1))
    with Journal(tmp_path / "a.journal.jsonl") as journal:
        journal.extend(entries)
        assert [context.id for _, context in collect_samples(jobs, journal, "t")] == ["p0", "p2"]


@pytest.mark.parametrize("record", [None, [], "a", {}, {"id": 3}])
def test_the_rule_takes_anything(record):
    assert record_problem(record)


def write(out, *options):
    return main(["instruct", "write", "--count", "3", "--out", str(out), *options])


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def a_folder(folder):
    (folder / "data.json").mkdir()
    return folder / "data.json"


def no_name(folder):
    return ""


def the_folder_one_is_in(folder):
    return "."


def below_a_file(folder):
    (folder / "file").write_text("mine")
    return folder / "file" / "data.json"


def somebodys_file(folder):
    (folder / "data.json").write_text('{"images": []}')
    return folder / "data.json"


def a_journal_that_is_a_folder(folder):
    (folder / "data.journal.jsonl").mkdir()
    return folder / "data.json"


def a_card_that_is_a_folder(folder):
    (folder / "data.card.json").mkdir()
    return folder / "data.json"


def a_name_too_long(folder):
    return folder / f"{'a' * 250}.json"


def a_pipe(folder):
    if not hasattr(os, "mkfifo"):
        pytest.skip("there are no pipes here")
    os.mkfifo(folder / "data.json")
    return folder / "data.json"


def a_folder_that_is_closed(folder):
    if os.name != "posix" or os.geteuid() == 0:
        pytest.skip("nothing is closed to this user")
    folder.chmod(0o500)
    return folder / "data.json"


OUTS = [
    *(a_folder, no_name, the_folder_one_is_in, below_a_file, somebodys_file, a_journal_that_is_a_folder),
    *(a_card_that_is_a_folder, a_name_too_long, a_pipe, a_folder_that_is_closed),
]


@pytest.mark.parametrize("prepare", OUTS)
@pytest.mark.parametrize("action", ["write", "merge"])
def test_out_is_checked_before_anything_is_asked(tmp_path, capsys, monkeypatch, prepare, action):
    folder = tmp_path / "work"
    folder.mkdir()
    shard = tmp_path / "part.json"
    assert write(shard) == 0
    monkeypatch.chdir(folder)
    monkeypatch.setattr(
        "course_lib.instruct.teachers.grammar.GrammarTeacher.ask", lambda *_: pytest.fail("it was asked")
    )
    out, before = prepare(folder), contents(folder)
    capsys.readouterr()
    if action == "write":
        assert write(out) == 1
    else:
        assert (
            main(["instruct", "merge", str(shard.with_suffix(".journal.jsonl")), "--count", "3", "--out", str(out)])
            == 1
        )
    said = capsys.readouterr()
    assert "--out" in said.err and said.err.count("\n") == 1 and not said.out and contents(folder) == before
    folder.chmod(0o700)


def test_a_missing_folder_is_made(tmp_path):
    assert write(tmp_path / "a" / "b" / "data.json") == 0


def test_another_data_set_is_left_as_it_is(tmp_path, capsys):
    out = tmp_path / "data.json"
    assert write(out) == 0
    before = contents(tmp_path)
    for options in (
        ["--seed", "5"],
        ["--boxes"],
        ["--teacher", "replay", "--journal", str(tmp_path / "data.journal.jsonl")],
    ):
        assert write(out, *options) == 1
        assert "another data set" in capsys.readouterr().err and contents(tmp_path) == before
    assert write(out) == 0 and contents(tmp_path) == before, "the same one goes on"
    assert write(out, "--count", "5") == 0 and len(json.loads(out.read_text(encoding="utf-8"))) >= 3


def test_a_damaged_card_is_no_hindrance(tmp_path):
    assert write(tmp_path / "data.json") == 0
    for content in (b"", b"[]", b"\xff", b"[" * 100_000):
        (tmp_path / "data.card.json").write_bytes(content)
        assert write(tmp_path / "data.json") == 0


def test_what_was_paid_is_there_where_the_set_itself_can_not_be_written(tmp_path, capsys, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("course_lib.instruct.run.dataset.write_dataset", full)
        assert write(tmp_path / "data.json") == 1
    assert "data.journal.jsonl" in capsys.readouterr().err
    assert write(tmp_path / "data.json") == 0 and "0 to ask for" in capsys.readouterr().out
