"""Training and baking that is killed in the middle: small, but by the very functions that the lessons call."""

from functools import partial
from pathlib import Path

import torch
from torch import nn

from course_lib import checkpoints, training
from course_lib.cli import bake
from course_lib.cli.registry import BAKES, Bake
from course_lib.clip import train as clip_train

STEPS = 40
CLIP = clip_train.ClipRecipe(steps=4, batch_size=4)


def tiny_model() -> nn.Module:
    """Small, with dropout, so that the random state matters."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 16), nn.Dropout(0.5), nn.GELU(), nn.Linear(16, 1))


def fit(model: nn.Module, file: Path | None, steps: int | None = STEPS, **options) -> training.Progress:
    """Learn the sum of eight numbers; saved after every step."""

    def batch(step: int) -> torch.Tensor:
        return torch.randn(32, 8, generator=torch.Generator().manual_seed(step))

    def loss(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
        return (model(x)[:, 0] - x.sum(dim=1)).square().mean()

    return training.fit(model, batch, loss, steps=steps, state_file=file, save_every=0, **options)


def train(folder: Path) -> None:
    """Training with a state file, as a lesson has it; then the weights are written down."""
    model = tiny_model()
    fit(model, folder / "state.safetensors")
    checkpoints.save(folder / "result.safetensors", model, {"seed": 0})


def bake_clip(folder: Path) -> None:
    """The bake of the pocket CLIP, cut down to four steps, with all that the command does around it."""
    BAKES["clip"] = Bake("fault_training:clip", ("clip_tokenizer",))
    bake.bake_one("clip", folder)


def clip(folder: Path) -> None:
    """What `bake clip` calls here."""
    clip_train.bake(folder, CLIP)


def warm_up() -> None:
    """Import what is imported late, and draw the sprites: once, before children are forked off."""
    import safetensors.torch
    from tqdm.auto import tqdm

    assert safetensors.torch and tqdm
    clip_train.fit = partial(training.fit, save_every=0)
    clip_train.make_batch(0, CLIP)
    torch.optim.AdamW(
        tiny_model().parameters()
    ).zero_grad()  # imports torch's compiler; the first step is the children's
