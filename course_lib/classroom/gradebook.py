"""Many submissions in, two tables out: points by student and lesson, and every exercise with its verdict."""

import contextlib
import csv
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from course_lib.checker.table import in_order
from course_lib.checker.task import Task
from course_lib.classroom.submissions import Submission, find
from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.common.processes import resident
from course_lib.session import REPO

EVERY = 0.2  # seconds between two looks at a running submission
DETAILS = ("student", "lesson", "exercise", "state", "points", "of", "known mistake", "note")


@dataclass(frozen=True)
class Limits:
    """What one submission may take."""

    minutes: float = 20.0
    gigabytes: float = 4.0
    cell_seconds: float = 120.0


def grade(folder: Path, out: Path, limits: Limits) -> Path:
    """Grade all notebooks below `folder`; writes `out` and, beside it, the details, whose path is returned."""
    if not folder.is_dir():
        raise Problem(f"There is no folder {folder}.")
    lessons: dict[str, list[Task]] = {}
    for lesson, task in in_order():
        lessons.setdefault(lesson, []).append(task)
    submissions = find(folder, list(lessons))
    if not submissions:
        raise Problem(f"There is no notebook below {folder}. Expected: {folder}/STUDENT/02_clip.ipynb")
    rows, secret = [], secrets.token_hex(8)  # draws that nobody has seen, the same for all
    for number, submission in enumerate(submissions, start=1):
        report = run(submission, limits, secret) if not submission.problem else {"note": submission.problem}
        new = details(submission, lessons.get(submission.lesson, []), report)
        rows += new
        print(
            f"{number}/{len(submissions)} {submission.student}, {submission.lesson or submission.file.name}: {in_short(new)}"
        )
    beside = out.with_name(f"{out.stem}_details.csv")
    write(beside, [DETAILS, *rows])
    write(out, summary(rows))
    return beside


def run(submission: Submission, limits: Limits, secret: str) -> dict:
    """One submission in its own process: without network, in an empty folder, killed when it takes too much."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        result = Path(scratch) / "result.json"
        command = [sys.executable, "-m", "course_lib.classroom.runner", str(submission.file.resolve()), str(result)]
        process = subprocess.Popen(
            [*command, str(limits.cell_seconds), submission.lesson], cwd=scratch, env=surroundings(scratch, secret),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            note = watch(process, limits)
        finally:
            end(process)
        report = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    notes = [note] if note else [] if report.get("ended") else ["its process ended early"]
    return {**report, "note": "; ".join([*notes, *report.get("failed", [])])}


def surroundings(home: str, secret: str) -> dict[str, str]:
    """The environment of a submission: nothing of the teacher's but what Python needs to start."""
    inherited = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "LANG", "OMP_NUM_THREADS") if key in os.environ}
    folders = {"PYTHONPATH": str(REPO), "HOME": home, "TMPDIR": home, "IPYTHONDIR": home, "COURSE_HOME": home}
    rules = {"COURSE_QUICK": "1", "CI": "1", "COURSE_SECRET": secret, "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg"}
    return {**inherited, **folders, **rules, "PYTHONUTF8": "1"}


def watch(process: subprocess.Popen, limits: Limits) -> str:
    """Wait until it ends, or takes too much; returns what it took too much of."""
    started = time.monotonic()
    while process.poll() is None:
        if time.monotonic() - started > 60 * limits.minutes:
            return f"stopped after {limits.minutes:g} minutes"
        if memory(process.pid) > limits.gigabytes * 1e9:
            return f"stopped at {limits.gigabytes:g} GB of memory"
        time.sleep(EVERY)
    return ""


def memory(pid: int) -> int:
    """Bytes that a process and its children hold."""
    try:
        process = psutil.Process(pid)
        return sum(map(resident, [process, *process.children(recursive=True)]))
    except psutil.Error:
        return 0


def end(process: subprocess.Popen) -> None:
    """Kill it and whatever it started."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # its own session: the group outlives its leader
    elif process.poll() is None:
        process.kill()
    process.wait()


def details(submission: Submission, tasks: list[Task], report: dict) -> list[tuple]:
    """A row for each exercise of the lesson, solved or not; one row if the lesson is unknown."""
    head, note = (submission.student, submission.lesson), report["note"]
    if not tasks:
        return [(*head, "", "not graded", 0, 0, "", note)]
    rows = []
    for task in tasks:
        verdict = report.get("verdicts", {}).get(task.id, {"state": "missing", "points": 0, "mistake": ""})
        of = task.difficulty
        rows.append((*head, task.id, verdict["state"], min(verdict["points"], of), of, verdict["mistake"], note))
    return rows


def in_short(rows: list[tuple]) -> str:
    """ "5 of 8 points", and what went wrong."""
    note = f" ({rows[0][7]})" if rows[0][7] else ""
    return f"{sum(row[4] for row in rows)} of {sum(row[5] for row in rows)} points{note}"


def summary(rows: list[tuple]) -> list[tuple]:
    """Students down, lessons across, points in the cells ("" where nothing was handed in), a sum at the end."""
    lessons = sorted({row[1] for row in rows if row[1]})
    sums: dict[str, dict[str, int]] = {}
    for student, lesson, _, _, points, *_ in rows:
        points_by_lesson = sums.setdefault(student, {})
        points_by_lesson[lesson] = points_by_lesson.get(lesson, 0) + points
    lines = [
        (name, *(points_by_lesson.get(lesson, "") for lesson in lessons), sum(points_by_lesson.values()))
        for name, points_by_lesson in sums.items()
    ]
    return [("student", *lessons, "sum"), *lines]


def write(file: Path, rows: list[tuple]) -> None:
    """A CSV file that spreadsheets read: commas, UTF-8 with a mark, nothing that they would take for a formula."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([f"'{x}" if str(x)[:1] in ("=", "+", "-", "@") else x for x in row] for row in rows)
    write_atomically(file, text.getvalue().encode("utf-8-sig"))
