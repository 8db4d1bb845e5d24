"""What `instruct write` leaves behind: no record that its own reader would refuse, and nothing lost on the way."""

import json
from dataclasses import replace

import pytest

from course_lib.instruct.evaluate.faults import small_jobs
from course_lib.instruct.formats import Sample, Turn, check_llava_format, record_problem
from course_lib.instruct.run.dataset import collect_samples, filter_samples, write_dataset
from course_lib.instruct.run.generate import find_problem
from course_lib.instruct.run.journal import Entry, Journal, fingerprint
from course_lib.instruct.teachers.base import Completion

GOOD = Sample("p1", "p1.png", "detail", (Turn("What is there?", "A crab."),))
BAD = [
    replace(GOOD, id="p2", turns=(Turn("What is there?", "A crab <image>."),)),
    replace(GOOD, id="p3", turns=(Turn("Look at <image>?", "A crab."),)),
    replace(GOOD, id="p4", turns=(Turn("What?", "A crab."), Turn("And\n<image>\n?", "<image>"))),
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
