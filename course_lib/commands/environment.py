"""The course's own Python environment: made once, pinned, repaired when it was left half done."""

import hashlib
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
VENV = REPO / ".venv"
STAMP = VENV / "course-environment.txt"
FILES = ("requirements.txt", "requirements-local.txt", "constraints.txt")
OLDEST_PYTHON = (3, 10)
SPACE_NEEDED = 4.0  # GB
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"  # PyTorch's own index of builds without CUDA


class SetupError(Exception):
    """Something that the person at the keyboard can mend; the message says what happened and what to do."""


def check_python() -> None:
    """Raise SetupError on a Python that is too old."""
    if sys.version_info < OLDEST_PYTHON:
        have, need = (".".join(map(str, v[:2])) for v in (sys.version_info, OLDEST_PYTHON))
        raise SetupError(f"This is Python {have}; the course needs {need} or newer (it was tested with 3.11).")


def is_current() -> bool:
    """Is this interpreter the course's environment, or one that we were told to use (Colab, COURSE_NO_VENV=1)?"""
    told = os.environ.get("COURSE_NO_VENV") == "1" or "COLAB_RELEASE_TAG" in os.environ
    return told or Path(sys.prefix).resolve() == VENV.resolve()


def interpreter() -> Path:
    """The environment's python."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint() -> str:
    """What the environment was made from: Python's version and the three lists of packages."""
    texts = [(REPO / name).read_bytes().replace(b"\r\n", b"\n") for name in FILES]
    digest = hashlib.sha256(b"\0".join(texts)).hexdigest()
    return f"python {sys.version_info.major}.{sys.version_info.minor} {digest}"


def is_ready() -> bool:
    """Was the environment finished, with these very lists?"""
    return interpreter().exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == fingerprint()


def run_inside(arguments: list[str]) -> int:
    """`python -m course_lib …` in the environment; returns its exit code."""
    try:
        return subprocess.call([str(interpreter()), "-m", "course_lib", *arguments], cwd=REPO)
    except KeyboardInterrupt:
        return 130


def ensure() -> None:
    """Make the environment if it is missing, unfinished or out of date. Raises SetupError."""
    if is_ready():
        return
    _check_space()
    with _alone():
        if is_ready():  # another start finished it while we waited
            return
        STAMP.unlink(missing_ok=True)
        _make_venv()
        _install()
        STAMP.write_text(fingerprint(), encoding="utf-8")
    print("The environment is ready.\n")


def _check_space() -> None:
    free = shutil.disk_usage(REPO).free / 1e9
    if free < SPACE_NEEDED and not VENV.exists():
        raise SetupError(
            f"Only {free:.1f} GB are free where the course lies ({REPO}); setting it up needs {SPACE_NEEDED:.0f} GB. "
            "Free some space, then run the same command again."
        )


@contextmanager
def _alone():
    """Two set-ups at once would spoil each other: the second one waits. The lock ends with the process, however it ends."""
    try:
        lock = open(REPO / ".venv.lock", "w")  # noqa: SIM115 (held for the length of the with block)
    except OSError as error:
        raise SetupError(
            f"The course's folder can't be written to ({error.strerror}: {REPO}). Move it to a folder of your own."
        ) from None
    with lock:
        if os.name == "nt":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_venv() -> None:
    """A working, empty environment; a broken one is removed first."""
    works = interpreter().exists() and _quiet([str(interpreter()), "-m", "pip", "--version"])
    if works and _same_python():
        print("Going on with the environment that was begun (.venv) …")
        return
    shutil.rmtree(VENV, ignore_errors=True)
    print("Making the environment (.venv) …")
    if not _quiet([sys.executable, "-m", "venv", str(VENV)]):
        raise SetupError(
            "Python could not make a virtual environment. On Debian or Ubuntu: sudo apt install python3-venv; "
            "elsewhere, install Python from python.org. Then run the same command again."
        )


def _same_python() -> bool:
    code = "import sys; print(*sys.version_info[:2])"
    seen = subprocess.run([str(interpreter()), "-c", code], capture_output=True, text=True, check=False).stdout.split()
    return seen == [str(part) for part in sys.version_info[:2]]


def _quiet(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _install() -> None:
    """torch first and exactly, or another package pulls a build of several gigabytes; then the rest."""
    print("Installing torch (step 1 of 2) …")
    _pip([_pinned("torch"), *_cpu_index()])
    print("Installing the other packages (step 2 of 2), a few minutes …")
    _pip(["-r", "requirements.txt", "-r", "requirements-local.txt", _pinned("torch")])


def _pinned(package: str) -> str:
    """The line of constraints.txt for a package, such as torch==2.13.0."""
    lines = (REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.startswith(f"{package}=="))


def _cpu_index() -> list[str]:
    """PyTorch's index of CPU builds, where it helps: no NVIDIA GPU, not a Mac, and the index answers."""
    if sys.platform == "darwin" or shutil.which("nvidia-smi"):
        return []
    try:
        urllib.request.urlopen(CPU_WHEELS, timeout=4).close()
    except (urllib.error.URLError, OSError):
        return []
    return ["--extra-index-url", CPU_WHEELS]


def _pip(arguments: list[str]) -> None:
    """pip install under the pinned versions; SetupError with pip's last words when it fails."""
    command = [str(interpreter()), "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2"]
    command += ["-c", "constraints.txt", "--progress-bar", "off", *arguments]
    words: list[str] = []
    with subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout:
            words.append(line)
            if line.startswith(("Collecting", "Installing")):
                print(f"  {line.strip()[:72]}", flush=True)
    if pip.returncode:
        raise SetupError(_why("".join(words[-40:])))


def _why(words: str) -> str:
    """One sentence for pip's complaint."""
    if "No space left" in words or "[Errno 28]" in words:
        return "The disk is full. Free about 4 GB, then run the same command again: it goes on where it stopped."
    if any(sign in words for sign in ("NewConnectionError", "ConnectTimeout", "Temporary failure", "ReadTimeout")):
        return "The package index can't be reached. Check the network, then run the same command again: it goes on where it stopped."
    last = [line for line in words.splitlines() if line.strip()][-3:]
    return (
        "Installing failed; pip said:\n  "
        + "\n  ".join(last)
        + "\nRun the same command again, or: python -m course_lib doctor"
    )
