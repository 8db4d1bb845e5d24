"""`python -m course_lib build [LESSON…] [--check] [--execute]`: masters → notebooks/ and solutions/."""

from argparse import Namespace
from functools import partial
from pathlib import Path

from nbformat import NotebookNode

from course_lib.authoring import colab, execute, guide, lint, parts
from course_lib.authoring.execute import FAILURES, Watch, carry_over, clean, stored
from course_lib.authoring.master import Lesson, LessonError, masters, read_lesson
from course_lib.authoring.notebook import lay_out, solution_notebook, student_notebook, to_text
from course_lib.checker.registry import all_tasks
from course_lib.checker.task import Task
from course_lib.common.files import write_atomically
from course_lib.session import REPO


def main(args: Namespace, root: Path = REPO) -> int:
    """Build all lessons, or those of `args.lessons` ("02" or "02_clip"). Returns the exit code.

    `args.check` writes nothing and compares; `args.execute` runs the solutions, stores their outputs and records what they took.
    """
    try:
        lessons = [read_lesson(master) for master in masters(root / "solutions")]
        chosen = choose(lessons, args.lessons)
        tasks = all_tasks()
        problems = []
        for lesson in chosen:
            problems += build_lesson(root, lesson, lessons, tasks, args)
        problems += strays(root, lessons) if args.check else []
        problems += pages(root, lessons, tasks, args.check)
        tell_stale(root, chosen)
    except LessonError as error:
        problems = [str(error)]
    for problem in problems:
        print(f"✗ {problem}")
    if args.check and not problems:
        print(f"✓ {len(chosen)} lessons: notebooks/ and solutions/ are what the masters say.")
    return 1 if problems else 0


def choose(lessons: list[Lesson], names: list[str]) -> list[Lesson]:
    """The lessons of these names or numbers; all if there are none."""
    for name in names:
        if not any(name in (lesson.slug, lesson.number) for lesson in lessons):
            raise LessonError(
                f'There is no lesson "{name}". There are: {", ".join(lesson.slug for lesson in lessons)}.'
            )
    return [lesson for lesson in lessons if not names or lesson.slug in names or lesson.number in names]


def build_lesson(
    root: Path, lesson: Lesson, lessons: list[Lesson], tasks: dict[str, Task], args: Namespace
) -> list[str]:
    """Build or check one lesson; returns what is wrong with it."""
    student, solution = both(root, lesson, lessons, tasks)
    if problems := lint.problems(lesson, to_text(student), lessons):
        return problems
    student_file, solution_file = (root / folder / f"{lesson.slug}.ipynb" for folder in ("notebooks", "solutions"))
    if args.check:
        return check_files(lesson, student, student_file, solution, solution_file)
    old = stored(solution_file)
    if args.execute:
        try:
            old = executed(root, lesson, solution)
        except FAILURES as error:
            return [f"{lesson.slug}: a cell failed.\n{error}"]
        student, solution = both(root, lesson, lessons, tasks)  # with the minutes of this run in the header
    fresh = old is not None and carry_over(old, solution)
    write(student_file, to_text(student))
    write(solution_file, to_text(solution))
    stale = "" if fresh else " Code cells have changed: run `build --execute` for their outputs."
    print(f"✓ {lesson.slug}.{stale}")
    return []


def both(
    root: Path, lesson: Lesson, lessons: list[Lesson], tasks: dict[str, Task]
) -> tuple[NotebookNode, NotebookNode]:
    """The student's notebook and the solved one, not run yet."""
    cells = lay_out(lesson, lesson_header(root, lesson, lessons), tasks)
    return student_notebook(cells), solution_notebook(cells)


def executed(root: Path, lesson: Lesson, solution: NotebookNode) -> NotebookNode:
    """Run a solved notebook in place, and record what it took: outputs and header are of one and the same run."""
    watch = Watch(lesson.slug, solution)
    home = root / ".course" / "build"  # not the author's own: their progress is none of the lesson's
    watch.execute(root / "solutions", home)
    clean(solution)
    execute.record(root, lesson.slug, lesson.cells, watch.minutes, watch.peak_mb)
    return solution


def tell_stale(root: Path, lessons: list[Lesson]) -> None:
    """Name the lessons whose minutes are those of older code: no fault, and nobody need measure before the code has settled."""
    times = execute.measured(root)
    for lesson in lessons:
        if lesson.slug in times and execute.is_stale(times[lesson.slug], lesson.cells):
            command = f"python -m course_lib run {lesson.number} --record"
            print(f"• {lesson.slug}: its minutes were recorded before its code changed; `{command}` measures anew.")


def lesson_header(root: Path, lesson: Lesson, lessons: list[Lesson]) -> str:
    """The lesson's header, with its neighbours and its measured times."""
    times = execute.measured(root)
    place = lessons.index(lesson)
    previous = lessons[place - 1] if place else None
    following = lessons[place + 1] if place + 1 < len(lessons) else None
    return parts.header(
        lesson, previous, following, times.get(lesson.slug, {}), colab.badge(colab.release(), lesson.slug)
    )


def check_files(
    lesson: Lesson, student: NotebookNode, student_file: Path, solution: NotebookNode, solution_file: Path
) -> list[str]:
    """Which of the two files differ from the master: the student's by every byte, the solution's by all but outputs."""
    advice = f"is not what solutions/{lesson.slug}.py says. Run: python -m course_lib build {lesson.slug}"
    problems = []
    if not student_file.exists() or student_file.read_bytes() != to_text(student).encode():
        problems.append(f"notebooks/{student_file.name} {advice}")
    old = stored(solution_file)
    if old is None or without_outputs(old) != to_text(solution):
        problems.append(f"solutions/{solution_file.name} {advice} --execute")
    return problems


def without_outputs(notebook: NotebookNode) -> str:
    """The text of a notebook as if it had never been run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return to_text(notebook)


def strays(root: Path, lessons: list[Lesson]) -> list[str]:
    """Notebooks that no master stands behind."""
    slugs = {lesson.slug for lesson in lessons}
    files = [file for folder in ("notebooks", "solutions") for file in sorted((root / folder).glob("*.ipynb"))]
    return [f"{file.relative_to(root)} has no master in solutions/." for file in files if file.stem not in slugs]


def pages(root: Path, lessons: list[Lesson], tasks: dict[str, Task], check: bool) -> list[str]:
    """Bring what is generated in README and the pages for teachers up to date, or say what is not."""
    fill = partial(guide.fill, lessons=lessons, tasks=tasks, times=execute.measured(root))
    make = {
        "README.md": lambda text: fill(colab.readme(text, colab.release(), lessons)),
        "docs/INSTRUCTORS.md": fill,
        "docs/SERVER.md": fill,
    }
    old = {name: (root / name).read_text(encoding="utf-8") for name in make if (root / name).exists()}
    stale = {name: new for name, text in old.items() if (new := make[name](text)) != text}
    if not check:
        for name, text in stale.items():
            write(root / name, text)
    return [f"{name} has parts that are old. Run: python -m course_lib build" for name in stale if check]


def write(file: Path, text: str) -> None:
    """Write a file, whole or not at all (outputs take hours to make), with line feeds on every system."""
    write_atomically(file, text.encode())
