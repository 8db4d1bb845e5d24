"""Runs of Lesson 05's own data generation and measuring that use what a learner writes there."""

from course_lib.instruct.evaluate.clean_samples import teacher_samples
from course_lib.instruct.evaluate.filter_scores import score_filters
from course_lib.instruct.formats import from_scene
from course_lib.instruct.resources import defect_wordings
from course_lib.instruct.run.instruction_set import instruction_set
from course_lib.instruct.run.plan import scene_jobs
from course_lib.instruct.teachers.grammar import GrammarTeacher
from course_lib.world.scenes import make_scene


def prompt() -> None:
    """The prompts of three replies."""
    for job in scene_jobs(3):
        job.messages()


def write() -> None:
    """A small instruction set."""
    instruction_set(3)


def measure() -> None:
    """Recall and precision of the word-by-word filter."""
    clean = teacher_samples(GrammarTeacher(), [from_scene(make_scene(0))])
    score_filters(clean, defect_wordings("dev"), 2)


PRODUCT = {
    "instruct.serialise": prompt,
    "instruct.build_messages": prompt,
    "instruct.parse_reply": write,
    "instruct.mix": write,
    "instruct.unsupported_nouns": measure,
}

EQUIVALENT = {  # mutants that answer as the exercise allows, see `mutants`
    "instruct.build_messages": {
        "function: `context.split('\\n\\n')` → `context.rsplit('\\n\\n')`": "without a limit both cut everywhere",
    },
    "instruct.mix": {
        "constant: `0` → `1`": "all types have one more, which changes no difference",
        "constant: `0` → `-1`": "all types have one less, which changes no difference",
    },
    "instruct.parse_reply": {
        "left out: `zip(parts[::2], parts[1::2], strict=True)` → `zip(parts[::2], parts[1::2])`": "the number of parts is even here",
        "constant: `True` → `False`": "strict: the number of parts is even here",
        "function: `part.strip()` → `part.lstrip()`": "what is left at the end goes with the head's white space",
        "function: `question.removeprefix('Question:').strip()` → `question.removeprefix('Question:').lstrip()`": "the part is stripped already",
        "function: `answer.removeprefix('Answer:').strip()` → `answer.removeprefix('Answer:').lstrip()`": "the part is stripped already",
    },
    "instruct.unsupported_nouns": {
        "left out: `set(known[token])` → `known[token]`": "the lesson calls it with sets",
        "left out: `set(supported)` → `supported`": "the lesson calls it with sets",
    },
}
