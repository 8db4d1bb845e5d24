"""The cells that every lesson has and nobody writes: header, set-up, exercise headings, points."""

from course_lib.exercises.task import Task, dots

from .master import Lesson, LessonError

SETUP = """\
from course_lib.exercise import exercise, hint, points, progress
from course_lib.session import begin

session = begin(lesson="{slug}")"""

# Put before SETUP in the notebooks: there, course_lib is found from the folder that the notebook lies in.
BOOTSTRAP = """\
# Set-up: run this first. It finds the course's folder and says what it will run on.
import importlib.util
import sys
from pathlib import Path

here = Path.cwd()
sys.path[:0] = [str(folder) for folder in (here, *here.parents) if (folder / "course_lib").is_dir()][:1]
if importlib.util.find_spec("course_lib") is None:
    sys.exit("course_lib is not here: open this notebook from the course's folder, as README.md says.")

"""

POINTS_TEXT = """\
## Your points

One cell an exercise: its points if it is solved, else 0. `progress()` shows the whole course.
(Teachers: nbgrader reads these cells.)"""


def header(lesson: Lesson, previous: Lesson | None, following: Lesson | None, times: dict) -> str:
    """Title, links to the neighbours, objectives, prerequisites, and what the lesson takes (markdown).

    `times` is the lesson's entry in data/lesson_times.json, {} as long as it was not measured.
    """
    links = [f"[← {previous.number} {previous.title}]({previous.slug}.ipynb)"] if previous else []
    links += [f"[{following.number} {following.title} →]({following.slug}.ipynb)"] if following else []
    return "\n\n".join(
        [
            f"# {lesson.number} · {lesson.title}",
            *([" · ".join(links)] if links else []),
            "**After this lesson you can**\n\n" + bullets(lesson.objectives),
            "**You need**\n\n" + bullets(lesson.prerequisites),
            f"**It takes** about {lesson.minutes} minutes of yours, and {machine_time(times)}.",
        ]
    )


def machine_time(times: dict) -> str:
    """What the lesson costs the machine, as `python -m course_lib run --record` measured it."""
    if not times:
        return "machine time that was not measured yet"
    minutes = max(1, round(times["minutes"]))
    return (
        f"{minutes} minute{'s' * (minutes > 1)} of the machine's in all, "
        f"with {times['peak_mb'] / 1000:.1f} GB of memory at most (measured on {times['cores']} cores)"
    )


def bullets(items: list[str]) -> str:
    """A markdown list."""
    return "\n".join(f"- {item}" for item in items)


def setup_source(lesson: Lesson, source: str) -> str:
    """The set-up cell of the notebooks; `LessonError` unless the master's is the common one."""
    expected = SETUP.format(slug=lesson.slug)
    if source.strip() != expected:
        raise LessonError(f"{lesson.slug}: the cell tagged `setup` must read exactly:\n{expected}")
    return BOOTSTRAP + expected


def exercise_heading(lesson: Lesson, number: int, task: Task) -> str:
    """Number, title, difficulty, importance, minutes, and where help is (markdown)."""
    return (
        f"### Exercise {int(lesson.number)}.{number}: {task.title}\n\n"
        f"Difficulty {dots(task.difficulty)} · importance {dots(task.importance)} · about {task.minutes} minutes · "
        f'stuck? `hint("{task.id}")`'
    )
