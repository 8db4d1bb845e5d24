"""Many submissions in, two tables out: points by student and lesson, and every exercise with its verdict."""

import csv
import io
import secrets
import tempfile
from pathlib import Path

from course_lib.checker.table import in_order
from course_lib.checker.task import Task
from course_lib.classroom.folders import ARCHIVES, Unreadable
from course_lib.classroom.process import Limits, run
from course_lib.classroom.submissions import Submission, find
from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.common.text import readable

DETAILS = ("student", "lesson", "exercise", "state", "points", "of", "known mistake", "note")
NOT_GRADED, AGAIN = "not graded", "could not be graded, run again"
STOPPED = {"note": "you stopped the grading", "again": True}


def grade(folder: Path, out: Path, limits: Limits) -> Path:
    """Grade all notebooks below `folder`; writes `out` and, beside it, the details, whose path is returned."""
    check_places(folder, out)
    lessons: dict[str, list[Task]] = {}
    for lesson, task in in_order():
        lessons.setdefault(lesson, []).append(task)
    submissions = handed_in(folder, [lesson for lesson in lessons if lesson[0].isdigit()])
    print("Of each student and lesson the readable notebook counts that was changed last:")
    for submission in submissions:
        print(described(submission, folder))
    rows, secret, stopped = [], secrets.token_hex(8), False  # draws that nobody has seen, the same for all
    for number, submission in enumerate(submissions, start=1):
        try:
            report = STOPPED if stopped else graded(submission, limits, secret)
        except KeyboardInterrupt:  # what was graded is kept
            report, stopped = STOPPED, True
        new = details(submission, lessons.get(submission.lesson, []), report)
        rows += new
        print(
            f"{number}/{len(submissions)} {submission.student}, {submission.lesson or submission.file.name}: {in_short(new)}"
        )
    beside = write(out.with_name(f"{out.stem}_details.csv"), [DETAILS, *rows])
    book = write(out, summary(rows))
    print(f"✓ {book}, and every exercise in {beside}")
    return beside


def check_places(folder: Path, out: Path) -> None:
    """Can it be read, can the tables be written? Asked now, and not when all is graded."""
    if not folder.exists():
        raise Problem(f"There is no folder {folder}.")
    if not (folder.is_dir() or folder.name.lower().endswith(ARCHIVES)):
        raise Problem(f"{folder} is neither a folder nor an archive ({', '.join(ARCHIVES)}).")
    if out.is_dir() or not out.name:
        raise Problem(f"--out {out} is a folder: name a file in it, such as {out / 'gradebook.csv'}.")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise Problem(f"Nothing can be written into {out.parent} ({error.strerror}): choose another --out.") from None


def handed_in(folder: Path, lessons: list[str]) -> list[Submission]:
    """What there is to grade."""
    try:
        submissions = find(folder, lessons)
    except Unreadable as error:
        raise Problem(f"{folder} is {error}.") from None
    if not any(submission.cells or ".ipynb" in submission.file.name.lower() for submission in submissions):
        seen = ", ".join(f"{one.student}: {one.problem}" for one in submissions[:5])
        found = f" Found: {seen}." if submissions else ""
        raise Problem(f"There is no notebook below {folder}.{found} Expected: {folder}/STUDENT/02_clip.ipynb")
    return submissions


def described(submission: Submission, folder: Path) -> str:
    """What was taken for whom, and what was not."""
    inside = submission.file.relative_to(folder).as_posix() if submission.file != folder else folder.name
    taken = f"{NOT_GRADED}, {submission.problem}: " if submission.problem else f"{submission.lesson}: "
    lines = [
        f"  {submission.student}: {taken}{inside}",
        *(f"    {NOT_GRADED}: {one}" for one in submission.passed_over),
    ]
    return readable("\n".join(lines))


def graded(submission: Submission, limits: Limits, secret: str) -> dict:
    """The report on one submission, whatever happens to it."""
    if submission.problem:
        return {"note": submission.problem}
    try:
        return run(submission, limits, secret)
    except Exception as error:  # of this computer: its disk is full, it has too many processes
        return {"note": getattr(error, "strerror", None) or f"{type(error).__name__}: {error}", "again": True}


def details(submission: Submission, tasks: list[Task], report: dict) -> list[tuple]:
    """A row for each exercise of the lesson, solved or not; one row if the lesson is unknown.

    Without points where they are not known: the notebook can't be read, or what happened may be this computer's doing.
    """
    missing = {"state": "missing", "points": 0, "mistake": ""}
    verdicts = {task.id: report.get("verdicts", {}).get(task.id, missing) for task in tasks}
    again = report.get("again", False) and any(verdict["state"] != "solved" for verdict in verdicts.values())
    parts = [AGAIN] * again + [report["note"]] + [f"{NOT_GRADED}: {one}" for one in submission.passed_over]
    head, note = (submission.student, submission.lesson), "; ".join(filter(None, parts))
    if not tasks:
        return [(*head, "", NOT_GRADED, "", "", "", note)]
    rows = []
    for task in tasks:
        verdict = verdicts[task.id]
        if submission.problem or (again and verdict["state"] != "solved"):
            verdict = {"state": NOT_GRADED, "points": "", "mistake": ""}
        points = verdict["points"] and min(verdict["points"], task.difficulty)
        rows.append((*head, task.id, verdict["state"], points, task.difficulty, verdict["mistake"], note))
    return rows


def in_short(rows: list[tuple]) -> str:
    """ "5 of 8 points", and what went wrong."""
    note = f" ({rows[0][7]})" if rows[0][7] else ""
    if any(row[4] == "" for row in rows):
        return f"{NOT_GRADED}{note}"
    return f"{sum(row[4] for row in rows)} of {sum(row[5] for row in rows)} points{note}"


def summary(rows: list[tuple]) -> list[tuple]:
    """Students down, lessons across, points in the cells, a sum, and what was not graded.

    "" where nothing was handed in, and where points are not known; then there is no sum either.
    """
    lessons = sorted({row[1] for row in rows if row[1]})
    lines = []
    for name in dict.fromkeys(row[0] for row in rows):
        points: dict[str, list] = {}
        reasons: dict[str, None] = {}
        for _, lesson, _, state, each, *_, note in (row for row in rows if row[0] == name):
            if lesson:
                points.setdefault(lesson, []).append(each)
            if state == NOT_GRADED:
                reasons[f"{lesson}: {note}" if lesson else note] = None
        sums = {lesson: "" if "" in each else sum(each) for lesson, each in points.items()}
        known = bool(sums) and "" not in sums.values()
        lines.append(
            (
                name,
                *(sums.get(lesson, "") for lesson in lessons),
                sum(sums.values()) if known else "",
                "; ".join(reasons),
            )
        )
    return [("student", *lessons, "sum", NOT_GRADED), *lines]


def write(file: Path, rows: list[tuple]) -> Path:
    """A CSV file that spreadsheets read: commas, UTF-8 with a mark, nothing that they would take for a formula.

    Returns where it is: beside `file` if that is locked, as by a spreadsheet that has it open.
    """
    text = io.StringIO(newline="")
    formula = ("=", "+", "-", "@", "\t", "\r")
    csv.writer(text).writerows([f"'{x}" if str(x).startswith(formula) else x for x in row] for row in rows)
    content = text.getvalue().encode("utf-8-sig", "replace")  # half a letter in a name is no reason to write nothing
    try:
        write_atomically(file, content)
    except PermissionError:
        file = file.with_stem(f"{file.stem}_new")
        write_atomically(file, content)
    return file


def not_graded(table: Path) -> list[str]:
    """What the table of details says could not be graded and has to be run again: "ada, 02_clip"."""
    with open(table, encoding="utf-8-sig", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["note"].startswith(AGAIN) and row["points"] == ""]
    return list(dict.fromkeys(f"{row['student']}, {row['lesson']}" for row in rows))
