"""What JupyterHub starts for a student: `python -m course_lib.student_server`. It lays the lessons into their home, and serves them.

The course's folder is the teacher's, and students only read it: package, data, checkpoints, environment. What they write lies in
their own home: notebooks, progress, runs.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from course_lib.authoring.bundle import OF_THE_TEACHER
from course_lib.cli.environment import variables
from course_lib.session import REPO

DESK = "multimodal_from_scratch"  # the folder in a student's home
COPIED = ("notebooks", "docs")


QUIET = {  # towards the network, as under `start`
    "LabApp.extension_manager": "readonly",
    "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
}


def main(arguments: list[str]) -> None:
    """Become the student's server; `arguments` are JupyterHub's arguments for it."""
    desk = lay_out(REPO, Path.home())
    os.chdir(desk)
    surroundings = variables(
        COURSE_HOME=str(desk / ".course"), JUPYTERHUB_ROOT_DIR=str(desk), JUPYTER_PREFER_ENV_PATH="1"
    )
    settings = [f"--{name}={value}" for name, value in QUIET.items()]
    os.execve(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *settings, *arguments], surroundings)


def lay_out(course: Path, home: Path) -> Path:
    """Copy the lessons that the student does not have yet; what is there already is theirs, and stays. Returns the folder."""
    desk = home / DESK
    for file in lessons(course):
        target = desk / file.relative_to(course)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            beside = target.with_name(f"{target.name}.part")
            shutil.copyfile(file, beside)  # without the rights of the original, which is read-only
            beside.replace(target)
    return desk


def lessons(course: Path) -> Iterator[Path]:
    """What a student gets a copy of."""
    for folder in COPIED:
        for file in sorted((course / folder).rglob("*")):
            hidden = any(part.startswith(".") for part in file.relative_to(course).parts)
            if file.is_file() and not hidden and not any(fnmatch(file.name, name) for name in OF_THE_TEACHER):
                yield file


if __name__ == "__main__":
    main(sys.argv[1:])
