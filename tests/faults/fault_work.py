"""Work that is killed in the middle. Its arguments are the tasks that it will be asked for; when they are imported it says "ready".

Then, for each line `TASK SECONDS FOLDER`, it forks a child, so that a child costs no import, kills it after so many seconds
(or "never"), and answers with its exit code.
"""

import os
import random
import shutil
import sys
import time
import traceback
from argparse import Namespace
from pathlib import Path

FILES = 30  # that the pretended pip installs


def train(folder: Path) -> None:
    """See `fault_training`."""
    import fault_training

    fault_training.train(folder)


def bake(folder: Path) -> None:
    """See `fault_training`."""
    import fault_training

    fault_training.bake_clip(folder)


def build(folder: Path) -> None:
    """The toy course, from its masters to its notebooks."""
    from toy_course import MEAN

    from course_lib.authoring import build

    build.all_tasks = lambda: {MEAN.id: MEAN}
    if build.main(Namespace(lessons=[], check=False, execute=False), folder):
        raise RuntimeError("the build found a problem")


def set_up(folder: Path) -> None:
    """The set-up of `start`, with a venv and a pip that only pretend, and take their time."""
    from course_lib.cli import environment, packages

    os.environ.pop("COURSE_NO_VENV", None)
    environment.make_venv, environment.has_pip = pretended_venv, lambda root: (root / ".venv" / "pip_0").exists()
    packages.install, packages.check_space = pretended_pip, lambda root: None
    environment.ensure(folder)


def pretended_venv(root: Path) -> None:
    """Python first, then pip in three files."""
    shutil.rmtree(root / ".venv", ignore_errors=True)
    (root / ".venv" / "bin").mkdir(parents=True)
    for name in ("bin/python", "pyvenv.cfg", "pip_0", "pip_1", "pip_2"):
        time.sleep(0.01)
        (root / ".venv" / name).write_text(name)


def pretended_pip(python: str, root: Path) -> None:
    """FILES files, one after the other. Without a whole pip nothing can be installed."""
    if not (root / ".venv" / "pip_2").exists():
        raise RuntimeError("this pip is half a pip")
    for number in range(FILES):
        time.sleep(0.003)
        (root / ".venv" / f"package_{number}").write_text(f"package {number}")


WORK = {"train": train, "bake": bake, "build": build, "set_up": set_up}


def main(tasks: list[str]) -> None:
    """Fork a child for each line."""
    if {"train", "bake"} & set(tasks):
        import fault_training

        fault_training.warm_up()
    if "build" in tasks:
        from course_lib.authoring import build

        assert build
    print("ready", flush=True)
    for line in sys.stdin:
        task, seconds, folder = line.rstrip("\n").split(" ", 2)
        sys.stdout.flush()
        if (pid := os.fork()) == 0:
            child(task, Path(folder))
        if seconds != "never":
            time.sleep(float(seconds))
            os.kill(pid, 9)  # nobody has waited for it yet, so this number is no other process's
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def child(task: str, folder: Path) -> None:
    """Do it, in silence, and end without ceremony."""
    code = 1
    try:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (until the end)
        random.seed(os.getpid())  # what is made must not depend on it
        WORK[task](folder)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
