"""The cells that every lesson has and nobody writes: header, set-up, exercise headings, points."""

from course_lib.authoring.execute import is_stale
from course_lib.authoring.master import Lesson, LessonError
from course_lib.checker.task import Task, dots
from course_lib.common.text import ENGLISH, VARIABLE, language, say

SETUP = """\
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="{slug}")"""


def gpu_advice() -> str:
    """What to choose on Colab."""
    return say("On Colab choose Runtime → Change runtime type → T4 GPU before you begin. The pocket tier needs none.")


def points_text() -> str:
    """The head of the last section (markdown)."""
    head = say("Your points")
    text = say("One cell an exercise: its points if it is solved, else 0. `progress()` shows the whole course.")
    return f"## {head}\n\n{text}\n{say('(Teachers: nbgrader reads these cells.)')}"


def header(lesson: Lesson, previous: Lesson | None, following: Lesson | None, times: dict, badge: str = "") -> str:
    """Title, links to the neighbours, objectives, prerequisites, and what the lesson takes (markdown).

    `times` is the lesson's entry in data/lesson_times.json, {} as long as it was not measured; `badge` opens it on Colab.
    """
    links = [f"[← {previous.number} {previous.title}]({previous.slug}.ipynb)"] if previous else []
    links += [f"[{following.number} {following.title} →]({following.slug}.ipynb)"] if following else []
    return "\n\n".join(
        [
            f"# {lesson.number} · {lesson.title}",
            *([badge] if badge else []),
            *([" · ".join(links)] if links else []),
            f"**{say('After this lesson you can')}**\n\n" + bullets(lesson.objectives),
            f"**{say('You need')}**\n\n" + bullets(lesson.prerequisites),
            say(
                "**It takes** about {minutes} minutes of yours, and {machine}.",
                minutes=lesson.minutes,
                machine=machine_time(times, bool(times) and is_stale(times, lesson.cells)),
            ),
            *([f"**{say('Full tier:')}** {lesson.gpu} {gpu_advice()}"] if lesson.gpu else []),
        ]
    )


def machine_time(times: dict, stale: bool) -> str:
    """What the lesson costs the machine, as it was recorded; `stale`: before its code became what it is."""
    if not times:
        return say("machine time that was not measured yet")
    minutes, cores = max(1, round(times["minutes"])), times["cores"]
    spent = say("{minutes} minutes", minutes=minutes) if minutes > 1 else say("1 minute")
    where = say("{cores} cores", cores=cores) if cores > 1 else say("1 core")
    if stale:
        where = say("{where}, before the last change of its code", where=where)
    return say(
        "{spent} of the machine's in all, with {memory:.1f} GB of memory at most (measured on {where})",
        spent=spent,
        memory=times["peak_mb"] / 1000,
        where=where,
    )


def bullets(items: list[str]) -> str:
    """A markdown list."""
    return "\n".join(f"- {item}" for item in items)


def setup_source(lesson: Lesson, source: str) -> str:
    """The lesson's beginning, which follows the set-up cell; `LessonError` unless the master's is the common one.

    A translated lesson chooses its language there, so that exercises answer in it.
    """
    expected = SETUP.format(slug=lesson.slug)
    if source.strip() != expected:
        raise LessonError(f"{lesson.slug}: the cell tagged `setup` must read exactly:\n{expected}")
    chosen = language()
    return expected if chosen == ENGLISH else f'import os\n\nos.environ["{VARIABLE}"] = "{chosen}"\n\n{expected}'


def exercise_heading(lesson: Lesson, number: int, task: Task) -> str:
    """Number, title, difficulty, importance, minutes, and where help is (markdown)."""
    head = say("Exercise {number}: {title}", number=f"{int(lesson.number)}.{number}", title=task.title)
    facts = say(
        "Difficulty {difficulty} · importance {importance} · about {minutes} minutes · stuck?",
        difficulty=dots(task.difficulty),
        importance=dots(task.importance),
        minutes=task.minutes,
    )
    return f'### {head}\n\n{facts} `hint("{task.id}")`'
