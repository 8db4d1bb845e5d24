"""Work that is killed in the middle: training, baking, building notebooks, setting up. Run as a program, it forks a child
for each line `TASK FOLDER` that it reads, so that a child costs no import; it answers with its pid, then its exit code."""

import os
import random
import shutil
import sys
import time
import traceback
from argparse import Namespace
from functools import partial
from pathlib import Path

import torch
from torch import nn

from course_lib import checkpoints, training
from course_lib.authoring import build
from course_lib.clip import learn
from course_lib.commands import bake, environment, packages

TOYS = Path(__file__).resolve().parents[1] / "toy_course" / "solutions"
STEPS = 40
FILES = 30  # that the pretended pip installs
CLIP = learn.ClipRecipe(steps=4, batch_size=4)


def tiny_model() -> nn.Module:
    """Small, with dropout, so that the random state matters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.GELU(), nn.Linear(16, 1))


def fit(model: nn.Module, file: Path | None, steps: int = STEPS, **options) -> training.Progress:
    """Learn the sum of eight numbers; saved after every step."""

    def batch(step: int) -> torch.Tensor:
        return torch.randn(32, 8, generator=torch.Generator().manual_seed(step))

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return (model(x)[:, 0] - x.sum(dim=1)).square().mean()

    return training.fit(model, batch, loss, state_file=file, save_every=0, **{"steps": steps, **options})


def train(folder: Path) -> None:
    """Training with a state file, as a lesson has it; then the weights are written down."""
    model = tiny_model()
    fit(model, folder / "state.safetensors")
    checkpoints.save(folder / "result.safetensors", model, {"seed": 0})


def bake_clip(folder: Path) -> None:
    """The bake of the pocket CLIP, cut down to four steps, with all that the command does around it."""
    bake.BAKES["clip"] = "fault_work:clip"
    bake.bake_one("clip", folder)


def clip(folder: Path) -> None:
    """What `bake clip` calls here."""
    learn.bake(folder, CLIP)


def build_notebooks(folder: Path) -> None:
    """The toy course, from its masters to its notebooks."""
    from toy_course import MEAN

    build.all_tasks = lambda: {MEAN.id: MEAN}
    if build.main(Namespace(lessons=[], check=False, execute=False), folder):
        raise RuntimeError("the build found a problem")


def set_up(folder: Path) -> None:
    """The set-up of `start`, with a venv and a pip that only pretend, and take their time."""
    environment.make_venv, environment.has_pip = pretended_venv, lambda root: (root / ".venv" / "pip_0").exists()
    packages.install, packages.check_space = pretended_pip, lambda root: None
    environment.ensure(folder)


def pretended_venv(root: Path) -> None:
    """Python first, then pip in three files."""
    shutil.rmtree(root / ".venv", ignore_errors=True)
    environment.interpreter(root).parent.mkdir(parents=True)
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


WORK = {"train": train, "bake": bake_clip, "build": build_notebooks, "set_up": set_up}


def main() -> None:
    """Fork a child for each line. All that is imported late is imported here, once."""
    import safetensors.torch
    from tqdm.auto import tqdm

    assert safetensors.torch and tqdm
    torch.optim.AdamW(
        tiny_model().parameters()
    ).zero_grad()  # imports torch's compiler (no step: children must make the first)
    learn.fit = partial(training.fit, save_every=0)
    learn.make_batch(0, CLIP)  # draws the sprites, once for all children
    for line in sys.stdin:
        task, folder = line.rstrip("\n").split(" ", 1)
        sys.stdout.flush()
        if (pid := os.fork()) == 0:
            child(task, Path(folder))
        print(pid, flush=True)
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
    sys.modules["fault_work"] = sys.modules["__main__"]
    main()
