"""The course's own Python environment, `.venv`: made once, complete or made again."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.cli import packages
from course_lib.common import processes
from course_lib.common.errors import Problem
from course_lib.common.files import write_atomically
from course_lib.session import REPO, on_colab

STAMP = "course_stamp.txt"  # in .venv: what was installed, or one of these
UNFINISHED = "unfinished"  # killed on the way, unless somebody is at it now
PAUSED = "paused"  # pip gave up in good order: it goes on where it was
ELSEWHERE = ("PYTHONPATH", "PYTHONHOME", "__PYVENV_LAUNCHER__")  # they say where a Python has its packages
LISTS = ("requirements.txt", "requirements-local.txt", "constraints.txt")


def ensure(root: Path = REPO, rebuild: bool = False) -> str:
    """The interpreter to run the course with. Makes and fills `.venv` first, unless it is complete already.

    On Colab, and with COURSE_NO_VENV=1, that is the current interpreter, and nothing is installed.
    """
    if uses_current():
        return sys.executable
    if rebuild or state(root) != "complete":
        with processes.held(root / ".venv.lock", "Another window is preparing the environment; waiting for it …"):
            if rebuild or state(root) != "complete":  # the other window may have done it
                make(root, rebuild)
    return str(interpreter(root))


def uses_current() -> bool:
    """Is the current interpreter to be used as it is?"""
    return on_colab() or os.environ.get("COURSE_NO_VENV") == "1"


def is_current(python: str) -> bool:
    """Does this process run in the environment of that interpreter already?"""
    return python == sys.executable or Path(sys.prefix).resolve() == Path(python).absolute().parents[1].resolve()


def state(root: Path = REPO) -> str:
    """ "complete", "missing", "unfinished" (interrupted, or its Python is gone) or "outdated" (the lists have changed)."""
    stamp = read_stamp(root)
    if not (root / ".venv").is_dir():
        return "missing"
    if stamp in ("", UNFINISHED) or not interpreter(root).exists():
        return "unfinished"
    return "complete" if stamp == fingerprint(root) else "outdated"


def make(root: Path, rebuild: bool) -> None:
    """Make `.venv` where it is missing or unfinished, then install. Killed at any moment, the next call begins anew."""
    if rebuild or state(root) in ("missing", "unfinished") or not has_pip(root):
        packages.check_space(root)
        make_venv(root)
    write_stamp(root, UNFINISHED)
    try:
        packages.install(str(interpreter(root)), root)
    except Problem:
        write_stamp(root, PAUSED)
        raise
    write_stamp(root, fingerprint(root))
    print("✓ The environment is complete.", flush=True)


def make_venv(root: Path) -> None:
    """An empty environment with pip, in place of whatever was there."""
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        raise Problem(
            "This Python comes without its venv module. On Debian and Ubuntu, `sudo apt install python3-venv` adds it; "
            "elsewhere use the Python of https://www.python.org/downloads/."
        )
    print(f"Making a Python {sys.version_info[0]}.{sys.version_info[1]} environment in .venv …", flush=True)
    shutil.rmtree(root / ".venv", ignore_errors=True)
    base = getattr(sys, "_base_executable", None) or sys.executable  # not the .venv that is being replaced
    command = [base, "-m", "venv", str(root / ".venv")]
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if result.returncode:
        last = (result.stderr or result.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise Problem(f"The environment {root / '.venv'} could not be made: {last[0]}")


def has_pip(root: Path) -> bool:
    """Does the environment's Python start, and has it pip?"""
    command = [str(interpreter(root)), "-I", "-c", "import pip"]
    return subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False).returncode == 0


def interpreter(root: Path = REPO) -> Path:
    """Where the environment's Python is, or would be."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(root: Path) -> str:
    """A hash of what decides the content of the environment: the three lists, and its Python."""
    files = [root / name for name in LISTS] + [root / ".venv" / "pyvenv.cfg"]
    content = b"".join(file.read_bytes().replace(b"\r\n", b"\n") for file in files if file.exists())
    return hashlib.sha256(content).hexdigest()


def read_stamp(root: Path) -> str:
    """What the stamp says; "" if there is none."""
    file = root / ".venv" / STAMP
    return file.read_text(encoding="utf-8").strip() if file.exists() else ""


def write_stamp(root: Path, text: str) -> None:
    """Say what `.venv` holds."""
    write_atomically(root / ".venv" / STAMP, f"{text}\n".encode())


def variables(**more: str) -> dict[str, str]:
    """The environment variables of a child: ours, the course importable from anywhere, UTF-8 on Windows too.

    In the course's own environment, PYTHONPATH and PYTHONHOME do not say which packages are imported.
    """
    inherited = dict(os.environ) if uses_current() else {k: v for k, v in os.environ.items() if k not in ELSEWHERE}
    path = os.pathsep.join(part for part in (str(REPO), inherited.get("PYTHONPATH")) if part)
    return {**inherited, "PYTHONPATH": path, "PYTHONUTF8": "1", **more}
