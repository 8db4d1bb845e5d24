"""doctor: what this environment is, and the one command that mends what is wrong with it."""

import os
import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

from course_lib import session
from course_lib.commands import environment

WATCHED = ("torch", "torchvision", "transformers", "open_clip_torch", "peft", "diffusers", "numpy", "pillow")
WATCHED += ("matplotlib", "ipywidgets", "anywidget", "jupyterlab", "pytest", "nbval")


def add_arguments(parser) -> None:
    """No options."""


def main(options) -> int:
    """Print the report; exit code 1 when something is to be mended."""
    if not environment.is_current():
        if environment.is_ready():
            return environment.run_inside(["doctor"])
        print("✗ The environment is missing, unfinished or out of date. Mend it: python -m course_lib start")
        return 1
    _say("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    free = shutil.disk_usage(environment.REPO).free / 1e9
    _say("disk", f"{free:.1f} GB free")
    session.begin("doctor")  # prints tier, device and folder, with the reasons
    wrong, mend = [complaint for package in WATCHED if (complaint := _check(package))], _mend()
    if not (environment.REPO / "data" / "checkpoints" / "clip.safetensors").exists():
        wrong.append("the shipped checkpoints are missing")
        mend = "git checkout -- data/checkpoints"
    if wrong:
        print(f"\n✗ {'; '.join(wrong)}.\n  Mend it: {mend}")
        return 1
    print("\n✓ Everything is as it should be.")
    return 0


def _mend() -> str:
    """The one command that helps."""
    if environment.is_current() and os.environ.get("COURSE_NO_VENV") == "1":
        return f"{os.path.basename(sys.executable)} -m pip install -r requirements.txt -c constraints.txt"
    return "delete the folder .venv, then: python -m course_lib start"


def _check(package: str) -> str | None:
    """Print the version; returns a complaint when there is one."""
    tested = _pins().get(package.lower().replace("_", "-"))
    try:
        have = version(package).split("+")[0]
    except PackageNotFoundError:
        _say(package, "✗ missing")
        return f"{package} is missing"
    _say(package, have if have == tested else f"{have} (tested with {tested})")
    return None


def _pins() -> dict[str, str]:
    lines = (environment.REPO / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {name.strip().lower().replace("_", "-"): pin.split(";")[0].strip() for name, pin in pairs}


def _say(what: str, value: str) -> None:
    print(f"{what:16} {value}")
