"""SmolLM2's recorded replies: they answer what is asked today, and without a record the lesson goes on."""

from course_lib.instruct.evaluate import recorded


def test_the_recorded_replies_answer_todays_prompts():
    teacher = recorded.recorded_teacher()
    for job in recorded.recorded_jobs():
        assert teacher.ask(job.messages()).text.strip()


def test_without_a_record_one_sentence_says_how_to_make_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(recorded, "RECORD", tmp_path / "none.jsonl")
    assert recorded.recorded_teacher() is None
    assert "python -m course_lib.instruct.evaluate.recorded" in capsys.readouterr().out
