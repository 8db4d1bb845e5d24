"""Filling the environment with pip: torch first, in its CPU build where there is no GPU for the other."""

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

from course_lib.common.errors import Problem

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
GB = 1e9
NEEDED = {"cpu": 4 * GB, "gpu": 12 * GB}  # environment and downloads; torch for GPUs brings NVIDIA's libraries
NO_NETWORK = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "Max retries exceeded", "ProxyError")


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
    started, tail = time.perf_counter(), deque(maxlen=200)
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    with subprocess.Popen(
        command + arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        text=True, encoding="utf-8", errors="replace", close_fds=False,  # pip inherits the lock
    ) as pip:  # fmt: skip
        for line in pip.stdout:
            tail.append(line.rstrip())
            if said := worth_saying(line):
                print(f"  {said}", flush=True)
    if pip.returncode:
        raise Problem(explain("\n".join(tail), root))
    print(f"  done in {time.perf_counter() - started:.0f} s", flush=True)


def worth_saying(line: str) -> str | None:
    """What of pip's talk tells a waiting person that things go on: downloads of 10 MB and more, and the unpacking."""
    if match := re.match(r"\s*Downloading (\S+) \(([\d.]+) (MB|GB)\)", line):
        name, size, unit = match[1].rsplit("/", 1)[-1], float(match[2]), match[3]
        return f"downloading {name} ({size:.0f} {unit})" if unit == "GB" or size >= 10 else None
    if line.startswith("Installing collected packages:"):
        return f"unpacking {line.count(',') + 1} packages"
    return None


def explain(output: str, root: Path) -> str:
    """Why pip failed, in one sentence, and what to do; pip's own last words where the reason is none of the known."""
    if "No space left on device" in output:
        return f"The disk of {root} is full. Free some space, then start again."
    if any(sign in output for sign in NO_NETWORK):
        return "The package index can't be reached. Check the network (or the proxy settings), then start again."
    if match := re.search(r"No matching distribution found for (\S+)", output):
        where = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
        return f"There is no build of {match[1]} for this computer ({where}). Try Python 3.11 or 3.12, 64 bit."
    last = [line for line in output.splitlines() if line.startswith("ERROR")] or output.splitlines()[-3:]
    return "pip could not install the packages; docs/TROUBLESHOOTING.md may help. It said:\n  " + "\n  ".join(last)
