"""What nobody types in docs/INSTRUCTORS.md and docs/SERVER.md: lessons with measured times, goals, exercises, known mistakes."""

import re
from collections.abc import Callable

from course_lib.authoring.master import Lesson
from course_lib.authoring.notebook import exercises_of
from course_lib.checker.task import Task, dots

CLASS = 30  # students
LINK = re.compile(r"\((\d\d)_\w+\.ipynb\)")


def fill(text: str, lessons: list[Lesson], tasks: dict[str, Task], times: dict[str, dict]) -> str:
    """The guide with its generated parts made anew, each between `<!-- NAME:begin -->` and `<!-- NAME:end -->`."""
    chosen = {lesson.slug: [tasks[task_id] for task_id in exercises_of(lesson, tasks)] for lesson in lessons}
    tables: dict[str, Callable[[], list[str]]] = {
        "lessons": lambda: lesson_table(lessons, chosen, times),
        "goals": lambda: goal_lists(lessons),
        "exercises": lambda: exercise_table(chosen),
        "mistakes": lambda: mistake_lists(chosen),
        "server": lambda: server_table(lessons, times),
    }
    for name, make in tables.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        text = re.sub(f"(?<={begin}).*?(?={end})", lambda _, make=make: "\n".join(make()) + "\n", text, flags=re.DOTALL)
    return text


def lesson_table(lessons: list[Lesson], chosen: dict[str, list[Task]], times: dict[str, dict]) -> list[str]:
    """What each lesson builds on, takes of a person and of a machine, and gives in points."""
    lines = [
        "| lesson | builds on | a person's minutes | the machine's | memory | points |",
        "|---|---|---|---|---|---|",
    ]
    for lesson in lessons:
        needs = ", ".join(LINK.findall(" ".join(lesson.prerequisites))) or "–"
        mine, measured = chosen[lesson.slug], times.get(lesson.slug)
        machine = (
            f"{measured['minutes']:.1f} min on {measured['cores']} core{'s' * (measured['cores'] > 1)} | {measured['peak_mb'] / 1000:.1f} GB"
            if measured
            else "not measured yet | not measured yet"
        )
        points = sum(task.difficulty for task in mine)
        lines.append(f"| {lesson.number} {lesson.title} | {needs} | {lesson.minutes} | {machine} | {points} |")
    return lines


def goal_lists(lessons: list[Lesson]) -> list[str]:
    """What a learner can do after each lesson, and what it takes for granted."""
    lines = []
    for lesson in lessons:
        needs = "; ".join(re.sub(r"\[(.*?)\]\(.*?\)", r"\1", need) for need in lesson.prerequisites)
        goals = [f"- {goal}" for goal in lesson.objectives]
        lines += ["", f"**{lesson.number} {lesson.title}** (needs {needs})", "", *goals]
    return [*lines, ""]


def exercise_table(chosen: dict[str, list[Task]]) -> list[str]:
    """Every exercise: how hard, how important, how long, how many wrong answers it knows."""
    head = "| lesson | exercise | | difficulty = points | importance | minutes | known mistakes | other right answers |"
    lines = [head, "|---|---|---|---|---|---|---|---|"]
    for slug, mine in chosen.items():
        for task in mine:
            effort = f"{dots(task.difficulty)} | {dots(task.importance)} | {task.minutes}"
            known = f"{len(task.mistakes)} | {len(task.alternatives)}"
            lines.append(f"| {slug[:2]} | `{task.id}` | {task.title} | {effort} | {known} |")
    return lines


def mistake_lists(chosen: dict[str, list[Task]]) -> list[str]:
    """What people get wrong, and what they are told."""
    lines = []
    for slug, mine in chosen.items():
        for task in mine:
            lines += ["", f"**{slug[:2]}, {task.title}** (`{task.id}`)", ""]
            lines += [f"- *{mistake.name}*: {mistake.message}" for mistake in task.mistakes]
    return [*lines, ""]


def server_table(lessons: list[Lesson], times: dict[str, dict]) -> list[str]:
    """What a class needs of a server: memory for all at once, and the cores that keep up with how fast people work."""
    lines = [
        f"| lesson | memory each | memory of {CLASS} | core-minutes each | cores of {CLASS}, on average |",
        "|---|---|---|---|---|",
    ]
    for lesson in lessons:
        if measured := times.get(lesson.slug):
            memory, work = measured["peak_mb"] / 1000, measured["minutes"] * measured["cores"]
            needs = f"{memory:.1f} GB | {CLASS * memory:.0f} GB | {work:.1f} | {CLASS * work / lesson.minutes:.1f}"
        else:
            needs = " | ".join(["not measured yet"] * 4)
        lines.append(f"| {lesson.number} {lesson.title} | {needs} |")
    return lines
