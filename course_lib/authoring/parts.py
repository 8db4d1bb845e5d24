"""The cells that every lesson has and nobody writes: header, set-up, exercise headings, points."""

from course_lib.exercises.task import Task, dots

from .master import Lesson, LessonError

SETUP = """\
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="{slug}")"""

GPU_ADVICE = "On Colab choose Runtime → Change runtime type → T4 GPU before you begin. The pocket tier needs none."

POINTS_TEXT = """\
## Your points

One cell an exercise: its points if it is solved, else 0. `progress()` shows the whole course.
(Teachers: nbgrader reads these cells.)"""


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
            "**After this lesson you can**\n\n" + bullets(lesson.objectives),
            "**You need**\n\n" + bullets(lesson.prerequisites),
            f"**It takes** about {lesson.minutes} minutes of yours, and {machine_time(times)}.",
            *([f"**Full tier:** {lesson.gpu} {GPU_ADVICE}"] if lesson.gpu else []),
        ]
    )


def machine_time(times: dict) -> str:
    """What the lesson costs the machine, as `python -m course_lib run --record` measured it."""
    if not times:
        return "machine time that was not measured yet"
    minutes = max(1, round(times["minutes"]))
    return (
        f"{minutes} minute{'s' * (minutes > 1)} of the machine's in all, "
        f"with {times['peak_mb'] / 1000:.1f} GB of memory at most (measured on {times['cores']} core{'s' * (times['cores'] > 1)})"
    )


def bullets(items: list[str]) -> str:
    """A markdown list."""
    return "\n".join(f"- {item}" for item in items)


def setup_source(lesson: Lesson, source: str) -> str:
    """The lesson's beginning, which follows the set-up cell; `LessonError` unless the master's is the common one."""
    expected = SETUP.format(slug=lesson.slug)
    if source.strip() != expected:
        raise LessonError(f"{lesson.slug}: the cell tagged `setup` must read exactly:\n{expected}")
    return expected


def exercise_heading(lesson: Lesson, number: int, task: Task) -> str:
    """Number, title, difficulty, importance, minutes, and where help is (markdown)."""
    return (
        f"### Exercise {int(lesson.number)}.{number}: {task.title}\n\n"
        f"Difficulty {dots(task.difficulty)} · importance {dots(task.importance)} · about {task.minutes} minutes · "
        f'stuck? `hint("{task.id}")`'
    )
