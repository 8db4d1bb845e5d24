"""How the new towers learn: from pairs with pictures, whose features are computed once; and the bake of the shipped ones.

Beside the two towers the bake keeps the controls that the proofs need, each with the same budget: a tower that learned from sounds
with pictures of other scenes, one that was told the nouns, and one for each rung of the ladder of image towers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib import checkpoints
from course_lib.clip.data.testsets import image_features
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.clip.pretrained import load_clip
from course_lib.imagebind.data.pairs import Pairs, make_pairs
from course_lib.imagebind.data.voices import SOUNDING
from course_lib.imagebind.loss import TEMPERATURE, info_nce
from course_lib.imagebind.model import GRIDS, PocketBind, Tower
from course_lib.session import quick
from course_lib.training import Progress, fit

CHECKPOINT = checkpoints.FOLDER / "imagebind.safetensors"


@dataclass(frozen=True)
class BindRecipe:
    """A training run of one tower."""

    steps: int = 1200
    scenes: int = 8192
    batch_size: int = 128
    learning_rate: float = 3e-3
    temperature: float = TEMPERATURE
    seed: int = 0


BAKED = BindRecipe()
LIVE = BindRecipe(steps=400, scenes=3000)


def live_recipe() -> BindRecipe:
    """The lesson's own run: LIVE, or a few steps where a test only wants to see that the lesson runs."""
    return replace(LIVE, steps=8, scenes=96, batch_size=32) if quick() else LIVE


def build_tower(modality: str, maps: Tensor, seed: int = 0) -> Tower:
    """An untrained tower for "audio" or "depth" that knows the mean and the spread of its maps [N, H, W]."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        tower = Tower(GRIDS[modality])
    tower.mean.fill_(maps.mean())
    tower.std.fill_(maps.std())
    return tower.eval()


def batch_of_pairs(step: int, maps: Tensor, targets: Tensor, recipe: BindRecipe) -> tuple[Tensor, Tensor]:
    """The pairs of a step: rows at random, both of a row from one scene. A pure function of the step's number."""
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    rows = torch.randint(len(maps), (recipe.batch_size,), generator=generator)
    return maps[rows], targets[rows]


def train_tower(
    tower: Tower,
    maps: Tensor,
    targets: Tensor,
    recipe: BindRecipe,
    *,
    callbacks: Iterable = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place: maps [N, H, W], targets [N, 128], row by row of one scene: the frozen tower's features of its picture."""

    def loss(tower: Tower, batch: tuple[Tensor, Tensor]) -> Tensor:
        return info_nce(tower(batch[0]), batch[1], recipe.temperature)

    return fit(
        tower,
        lambda step: batch_of_pairs(step, maps, targets, recipe),
        loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        callbacks=callbacks,
        state_file=state_file,
    )
