"""A journal keeps every whole line, whatever happens to the process that writes it; so does a merge of several."""

import json
import os
import threading
from dataclasses import replace

import pytest

from course_lib.common.errors import Problem
from course_lib.instruct.run import journal
from course_lib.instruct.run.journal import Entry, Journal, Key
from course_lib.instruct.run.shards import Merged, merge

GOOD = Entry("p1", "detail", "1", "t", "f" * 16, "Two taxis – “big” ones.\nAnd a crab.", 10, 5, 0.5)
FAILED = Entry("p1", "detail", "1", "t", "f" * 16, "", 10, 5, 0.5, problem="the reply is empty")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deep" / "a.journal.jsonl"


def entry(number: int) -> Entry:
    return Entry(f"p{number}", "detail", "1", "t", str(number), "x" * number, 1, 1, 0.0)


def test_what_is_appended_is_found_again(file):
    with Journal(file) as opened:
        opened.append(FAILED)
        opened.append(GOOD)
        assert opened.replies == {Key("p1", "detail", "1", "t"): GOOD}
    with Journal(file) as opened:
        assert opened.entries == [FAILED, GOOD] == journal.read(file)
        assert opened.replies == {GOOD.key: GOOD}
    assert file.read_bytes().count(b"\n") == 2


def test_a_line_torn_at_any_byte_is_cut_off_and_nothing_else(file):
    with Journal(file) as opened:
        opened.append(entry(1))
        opened.append(GOOD)
    whole = file.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole)):
        file.write_bytes(whole[:end])
        assert journal.read(file) == [entry(1)]
        with Journal(file) as opened:
            assert opened.entries == [entry(1)]
            opened.append(entry(2))
        assert journal.read(file) == [entry(1), entry(2)]


def test_garbage_at_the_end_is_cut_off(file):
    with Journal(file) as opened:
        opened.append(entry(1))
    with open(file, "ab") as stream:
        stream.write(b"\0\0\0\0\n")  # what some file systems leave after a power cut
    with Journal(file) as opened:
        assert opened.entries == [entry(1)]


def test_damage_in_the_middle_is_reported_and_not_overwritten(file):
    with Journal(file) as opened:
        opened.append(entry(1))
        opened.append(entry(2))
    damaged = file.read_bytes().replace(b'{"id": "p1"', b'{"id", "p1"')
    file.write_bytes(damaged)
    with pytest.raises(Problem, match="Line 1 of a.journal.jsonl"):
        Journal(file)
    assert file.read_bytes() == damaged
    file.write_bytes(damaged.split(b"\n", 1)[1])
    Journal(file).close()  # and the refusal did not keep the file locked


def test_the_first_reply_of_a_key_counts(file):
    again = Entry(*GOOD.key, GOOD.fingerprint, "something else", 1, 1, 0.0)
    with Journal(file) as opened:
        opened.append(GOOD)
        opened.append(again)
        assert opened.replies[GOOD.key] == GOOD
    with Journal(file) as opened:
        assert opened.replies[GOOD.key] == GOOD and len(opened.entries) == 2


def test_only_one_process_may_write(file):
    with Journal(file), pytest.raises(Problem, match="Another process"):
        Journal(file)
    Journal(file).close()


def test_threads_do_not_mix_their_lines(file):
    with Journal(file) as opened:
        work = [
            threading.Thread(target=lambda part: [opened.append(entry(n)) for n in range(part, 200, 8)], args=(part,))
            for part in range(8)
        ]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()
    assert sorted(int(found.fingerprint) for found in journal.read(file)) == list(range(200))


def test_each_line_is_on_the_disk_before_append_returns(file, monkeypatch):
    synced = []
    monkeypatch.setattr(journal.os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    with Journal(file) as opened:
        opened.append(GOOD)
        assert synced == [file.stat().st_size] and json.loads(file.read_text(encoding="utf-8"))["id"] == "p1"


def test_a_full_disk_leaves_no_half_line(file, monkeypatch):
    with Journal(file) as opened:
        opened.append(entry(1))
        size = file.stat().st_size
        monkeypatch.setattr(journal.os, "fsync", lambda number: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space"):
            opened.append(entry(2))
        assert file.stat().st_size == size and len(opened.entries) == 1


def written(file, *entries):
    """A journal with these entries, closed."""
    with Journal(file) as opened:
        opened.extend(entries)
    return file


@pytest.fixture
def parts(tmp_path):
    """Two shards' journals: of replies 1 and 2, and of 2 in other words, 3 and p1, which failed twice in the same way."""
    return [
        written(tmp_path / "part1.journal.jsonl", entry(1), entry(2)),
        written(tmp_path / "part2.journal.jsonl", replace(entry(2), text="other"), FAILED, FAILED, entry(3)),
    ]


MERGED = [entry(1), entry(2), FAILED, FAILED, entry(3)]


def test_a_merge_keeps_the_order_and_the_first_reply(parts, file):
    assert merge([*parts, parts[0]], file) == Merged(replies=3, doubles=2, conflicts=1, teacher="t")
    assert journal.read(file) == MERGED


def test_what_was_written_between_two_merges_stays(parts, file):
    merge(parts, file)
    with Journal(file) as opened:
        opened.append(entry(4))
        opened.append(replace(FAILED, seconds=9.0))
    before = file.read_bytes()
    late = written(file.with_name("late.journal.jsonl"), replace(entry(4), text="late"), entry(5))
    assert merge([late, *parts], file) == Merged(replies=5, doubles=0, conflicts=2, teacher="t")
    assert journal.read(file) == [*MERGED, entry(4), replace(FAILED, seconds=9.0), entry(5)]
    assert file.read_bytes().startswith(before)


def test_merging_again_changes_nothing(parts, file):
    first, content = merge([*parts, parts[0]], file), file.read_bytes()
    assert merge([*parts, parts[0]], file) == first and file.read_bytes() == content
    assert merge([file], file) == replace(first, doubles=0, conflicts=0), "its own journal among the files is no double"
    assert merge([parts[1], file], file).conflicts == 1 and file.read_bytes() == content


def test_a_merge_that_was_killed_goes_on(parts, file):
    written(file, entry(9))
    held = file.stat().st_size
    merge(parts, file)
    content = file.read_bytes()
    for end in range(held, len(content), 5):
        file.write_bytes(content[:end])
        merge(parts, file)
        assert file.read_bytes() == content


def test_nothing_is_merged_into_a_journal_that_somebody_holds(parts, file):
    with Journal(file) as opened:
        opened.append(entry(7))
        before = file.read_bytes()
        with pytest.raises(Problem, match="Another process is writing a.journal.jsonl"):
            merge(parts, file)
        assert file.read_bytes() == before
        opened.append(entry(8))
    assert journal.read(file) == [entry(7), entry(8)]
    assert merge(parts, file).replies == 5


def test_a_refused_merge_leaves_the_journal_as_it_was(parts, file):
    stranger = written(file.with_name("stranger.journal.jsonl"), replace(entry(6), teacher="u"))
    for files, why in (([*parts, stranger], "2 teachers, not of one: t, u"), ([file], "There is no ")):
        with pytest.raises(Problem, match=why):
            merge(files, file)
        assert not file.exists()
    merge([stranger], file)
    before = file.read_bytes()
    with pytest.raises(Problem, match="a.journal.jsonl would hold replies of 2 teachers"):
        merge(parts, file)
    assert file.read_bytes() == before


def test_a_disk_that_fills_up_while_many_lines_are_written_leaves_none_of_them(file, monkeypatch):
    with Journal(file) as opened:
        opened.append(entry(1))
        size = file.stat().st_size
        monkeypatch.setattr(journal.os, "fsync", lambda number: (_ for _ in ()).throw(OSError("no space left")))
        with pytest.raises(OSError, match="no space"):
            opened.extend([entry(2), entry(3)])
        assert file.stat().st_size == size and opened.entries == [entry(1)]
