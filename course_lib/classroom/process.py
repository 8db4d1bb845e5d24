"""One submission in a process of its own: without network, in a folder of its own, stopped when it takes too much.

Limits count processor time and memory, which are the submission's doing. What may be the machine's doing (others have the
processor, the system runs out of memory) costs no points: then the report says that it has to be run again.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from course_lib.classroom.family import Family
from course_lib.classroom.runner import DESK
from course_lib.classroom.submissions import Submission
from course_lib.session import REPO

EVERY = 0.2  # seconds between two looks at a running submission
ANSWERS = "\n" * 1000  # to `input()`: nobody is there, who just presses Enter
PIP = """\
[global]
no-input = true
retries = 0
disable-pip-version-check = true
[install]
dry-run = true
[uninstall]
requirement = nothing-is-uninstalled-while-submissions-are-graded
"""  # the packages are the teacher's, and the next submission needs them, too
INHERITED = ("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "PATHEXT", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")
RULES = {"COURSE_QUICK": "1", "CI": "1", "HF_HUB_OFFLINE": "1", "MPLBACKEND": "Agg", "PYTHONUTF8": "1"}
KILLS = Path("/proc/vmstat")  # Linux counts there whom it killed for want of memory


@dataclass(frozen=True)
class Limits:
    """What one submission may take."""

    minutes: float = 40.0  # of processor time, on all cores together
    gigabytes: float = 4.0
    cell_seconds: float = 240.0  # of processor time; also how long a cell may wait without working
    patience: float = 120.0  # minutes by the clock


def run(submission: Submission, limits: Limits, secret: str) -> dict:
    """What came of it: verdicts, a note, and whether it has to be run `again`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        home = Path(scratch)
        prepare(submission, home)
        kills = out_of_memory_kills()
        process = start(submission, limits, home, secret)
        family = Family(process.pid)
        try:
            note, again = watch(process, family, limits)
        finally:
            family.kill(process)
        report = read(home / "result.json")
        if not note and not report:
            note, again = f"the grader's own process failed: {last_line(home / 'said.txt')}", True
        elif not note and not report["ended"]:
            killed = out_of_memory_kills() > kills
            note, again = "its process ended early" + ", as the memory of this computer ran out" * killed, killed
    notes = [note] if note else []
    return {
        **report,
        "again": again or report.get("waited", False),
        "note": "; ".join(notes + report.get("failed", [])),
    }


def prepare(submission: Submission, home: Path) -> None:
    """Lay out its cells, a desk with what else the student handed in, and what stands in for person and package index."""
    (home / "cells.json").write_text(json.dumps(submission.cells), encoding="utf-8")
    (home / "answers.txt").write_text(ANSWERS, encoding="utf-8")
    (home / "pip.ini").write_text(PIP, encoding="utf-8")
    desk = home / DESK
    desk.mkdir()
    for name, content in submission.beside():
        file = desk / name
        with contextlib.suppress(OSError):  # a name that this system doesn't take
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)


def start(submission: Submission, limits: Limits, home: Path, secret: str) -> subprocess.Popen:
    """The process, at the head of a session of its own."""
    command = [sys.executable, "-m", "course_lib.classroom.runner", str(home / "cells.json"), str(home / "result.json")]
    with open(home / "answers.txt", "rb") as answers, open(home / "said.txt", "wb") as said:
        return subprocess.Popen(
            [*command, str(limits.cell_seconds), submission.lesson], cwd=home, env=surroundings(str(home), secret),
            stdin=answers, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True,
        )  # fmt: skip


def surroundings(home: str, secret: str) -> dict[str, str]:
    """The environment of a submission: nothing of the teacher's but what Python needs to start."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    folders = dict.fromkeys(("HOME", "USERPROFILE", "TMPDIR", "TEMP", "TMP", "IPYTHONDIR", "COURSE_HOME"), home)
    own = {"PYTHONPATH": str(REPO), "PIP_CONFIG_FILE": str(Path(home) / "pip.ini"), "COURSE_SECRET": secret}
    threads = {
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "2")
    }  # else a large computer's time is used up waiting
    return {**inherited, **folders, **own, **threads, **RULES}


def watch(process: subprocess.Popen, family: Family, limits: Limits) -> tuple[str, bool]:
    """Wait until it ends or takes too much. Returns what it took too much of, and whether that may be the machine's doing."""
    began = time.monotonic()
    while process.poll() is None:
        if family.processor_seconds() > 60 * limits.minutes:
            return f"stopped after {limits.minutes:g} minutes of work", False
        if family.memory() > limits.gigabytes * 1e9 and family.own_memory() > limits.gigabytes * 1e9:
            return f"stopped at {limits.gigabytes:g} GB of memory", False
        if time.monotonic() - began > 60 * limits.patience:
            return (
                f"stopped after {limits.patience:g} minutes by the clock, with {limits.minutes:g} of work not used up",
                True,
            )
        time.sleep(EVERY)
    return "", False


def out_of_memory_kills() -> int:
    """How many processes this system has killed for want of memory, since it began; 0 where it does not tell."""
    try:
        return int(dict(line.split() for line in KILLS.read_text().splitlines()).get("oom_kill", 0))
    except (OSError, ValueError):
        return 0


def read(result: Path) -> dict:
    """What the process has reported; {} if it did not come so far."""
    try:
        return json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def last_line(file: Path) -> str:
    """The end of what it said."""
    return (file.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"])[-1]
