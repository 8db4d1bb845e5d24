"""Filling the environment with pip: torch first, in its CPU build where there is no GPU for the other; then the proof."""

import platform
import re
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from pathlib import Path

from course_lib.common import pip_settings
from course_lib.common.errors import Problem
from course_lib.common.pip_errors import explain
from course_lib.session import REPO

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GB = 1e9
NEEDED = {"cpu": 4 * GB, "gpu": 12 * GB}  # environment and downloads; torch for GPUs brings NVIDIA's libraries


def check_space(root: Path) -> None:
    """`Problem` unless the disk has room for the environment."""
    needed, free = NEEDED["gpu" if has_nvidia_gpu() else "cpu"], shutil.disk_usage(root).free
    if free < needed:
        raise Problem(
            f"The disk of {root} has {free / GB:.1f} GB free, and the environment needs {needed / GB:.0f} GB. "
            "Free some space, then start again."
        )


def has_nvidia_gpu() -> bool:
    """Is there a driver for an NVIDIA GPU?"""
    return shutil.which("nvidia-smi") is not None


def install(python: str, root: Path) -> None:
    """Install what the three lists say into the environment of `python`. `Problem` if pip can't."""
    constraints = root / "constraints.txt"
    pins = [f"{name}=={pinned(constraints, name)}" for name in ("torch", "torchvision")]
    index = ["--extra-index-url", CPU_INDEX] if wants_cpu_build() and answers(f"{CPU_INDEX}/torch/") else []
    step(python, f"1/2 {pins[0]}", ["-c", str(constraints), *index, *pins], root)
    lists = [word for name in ("requirements.txt", "requirements-local.txt") for word in ("-r", str(root / name))]
    step(python, "2/2 JupyterLab, transformers and the rest", ["-c", str(constraints), *lists], root)
    prove(python, root)


def pinned(constraints: Path, name: str) -> str:
    """The version that the constraints file demands."""
    return re.search(rf"^{name}==([^\s;]+)", constraints.read_text(encoding="utf-8"), re.MULTILINE)[1]


def wants_cpu_build() -> bool:
    """PyPI's torch for Linux is made for NVIDIA GPUs, several GB; for macOS there is only one build."""
    return platform.system() in ("Linux", "Windows") and not has_nvidia_gpu()


def answers(url: str, seconds: float = 6.0) -> bool:
    """Does the address answer in time? (In a thread, since looking up a name can't be timed out.)"""
    result = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(url, timeout=seconds) as reply:
                result.append(reply.status == 200)
        except (OSError, ValueError):  # URLError, timeouts, a proxy setting that makes no sense
            result.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return result == [True]


def step(python: str, title: str, arguments: list[str], root: Path) -> None:
    """One run of pip, with a line for each large download. `Problem` in the learner's words if it fails."""
    print(f"Installing {title} …", flush=True)
    started, tail, surroundings = time.perf_counter(), deque(maxlen=200), pip_settings.variables(python)
    command = [
        *pip_settings.pip(python),
        "install",
        "--disable-pip-version-check",
        "--no-input",
        "--progress-bar",
        "off",
    ]
    with subprocess.Popen(
        command + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=surroundings,
        text=True, encoding="utf-8", errors="replace", close_fds=False,  # pip inherits the lock
    ) as pip:  # fmt: skip
        for line in pip.stdout:
            tail.append(line.rstrip())
            if said := worth_saying(line):
                print(f"  {said}", flush=True)
    if pip.returncode < 0:
        tail.append(f"ERROR: pip was ended by signal {-pip.returncode}")
    if pip.returncode:
        output = "\n".join(tail)
        raise Problem(explain(output, root, search(python, arguments, output, surroundings)))
    print(f"  done in {time.perf_counter() - started:.0f} s", flush=True)


def search(python: str, arguments: list[str], output: str, surroundings: dict[str, str]) -> str:
    """Where pip found nothing of a package: its whole talk while it looks for it again. "" where it failed otherwise."""
    match = re.search(r"No matching distribution found for ([\w.-]+)", output)
    if not match:
        return ""
    index = arguments[arguments.index("--extra-index-url") :][:2] if "--extra-index-url" in arguments else []
    options = ["-vv", "--disable-pip-version-check", "--no-input", "--retries", "0", *index]
    command = [*pip_settings.pip(python), "index", "versions", *options, match[1]]
    talk = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=surroundings,
        text=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    return talk.stdout


def prove(python: str, root: Path) -> None:
    """Import all that the lists name, in a fresh process of the environment. `Problem` with what is missing or does not start."""
    print("Trying whether all of it starts …", flush=True)
    lists = [str(root / name) for name in ("requirements.txt", "requirements-local.txt")]
    code = f"import sys; sys.path.insert(0, {str(REPO)!r}); from course_lib import surroundings; surroundings.try_all({lists!r})"
    ran = subprocess.run(
        [python, "-I", "-X", "utf8", "-c", code], capture_output=True,
        stdin=subprocess.DEVNULL, text=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    lines = ran.stdout.splitlines()
    faults = [line.removeprefix("✗ ") for line in lines if line.startswith("✗ ")]
    if ran.returncode:
        last = ran.stderr.strip().splitlines()[-1:] or [f"Python ended with {ran.returncode}"]
        faults.append(f"{lines[-1] if lines else 'Python'} ({last[0]})")
    if faults:
        raise Problem(
            f"pip installed the packages, but not all of them work: {'; '.join(faults)}. "
            "Make the environment anew: `python -m course_lib start --rebuild`."
        )


def worth_saying(line: str) -> str | None:
    """What of pip's talk tells a waiting person that things go on: downloads of 10 MB and more, and the unpacking."""
    if match := re.match(r"\s*Downloading (\S+) \(([\d.]+) (MB|GB)\)", line):
        name, size, unit = match[1].rsplit("/", 1)[-1], float(match[2]), match[3]
        return f"downloading {name} ({size:.0f} {unit})" if unit == "GB" or size >= 10 else None
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return None
