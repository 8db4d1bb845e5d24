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
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.imagebind.data.augment import augment
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

    steps: int = 600
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


def batch_of_pairs(step: int, maps: Tensor, targets: Tensor, recipe: BindRecipe, sounds: bool) -> tuple[Tensor, Tensor]:
    """The pairs of a step: rows at random, both of a row from one scene. A pure function of the step's number."""
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    rows = torch.randint(len(maps), (recipe.batch_size,), generator=generator)
    chosen = maps[rows]
    return augment(chosen, generator) if sounds else chosen, targets[rows]


def train_tower(
    tower: Tower,
    maps: Tensor,
    targets: Tensor,
    recipe: BindRecipe,
    *,
    sounds: bool = True,
    callbacks: Iterable = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place: maps [N, H, W], targets [N, 128], row by row of one scene: the frozen tower's features of its picture.

    sounds: change the maps at random as one may change sounds.
    """

    def loss(tower: Tower, batch: tuple[Tensor, Tensor]) -> Tensor:
        return info_nce(tower(batch[0]), batch[1], recipe.temperature)

    return fit(
        tower,
        lambda step: batch_of_pairs(step, maps, targets, recipe, sounds),
        loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        callbacks=callbacks,
        state_file=state_file,
    )


def bake(out_folder: Path, recipe: BindRecipe = BAKED) -> None:
    """Train the shipped towers and two controls, one after the other. Interrupted, each goes on where it was when called again."""
    clip, pairs = load_clip(), make_pairs(recipe.scenes)
    seen, mels, depths = (
        image_features(clip, pairs.images),
        torch.from_numpy(pairs.mels),
        torch.from_numpy(pairs.depths),
    )
    other_scenes = torch.randperm(len(seen), generator=torch.Generator().manual_seed(1))
    runs = {  # the tower → its maps, and what they are paired with
        "audio": (mels, seen),
        "depth": (depths, seen),
        "shuffled": (mels, seen[other_scenes]),
        "supervised": (mels, named(clip, pairs)),
    }
    towers, minutes, losses = nn.ModuleDict(), 0.0, []
    for name, (maps, targets) in runs.items():
        sounds = name != "depth"
        towers[name] = build_tower("audio" if sounds else "depth", maps, recipe.seed)
        state_file = out_folder / f"imagebind.{name}.training.safetensors"
        progress = train_tower(towers[name], maps, targets, recipe, sounds=sounds, state_file=state_file)
        if progress.stopped:
            return
        minutes += progress.seconds / 60
        losses = losses or progress.losses  # of the sounds
    data = "pairs of picture and sound, and of picture and disparity, of the sticker world's stream train; no word, no label"
    card = checkpoints.card("imagebind", data, recipe, minutes, losses, stored_as="float16")
    checkpoints.save(out_folder / CHECKPOINT.name, towers.half(), card)


@torch.no_grad()
def named(clip, pairs: Pairs) -> Tensor:
    """For the ceiling alone: the text features of what sounds in each scene, "a dog": [N, 128] of length 1."""
    names = classifier(clip, list(SOUNDING), ("{}",)).T
    return names[[SOUNDING.index(noun) for noun in pairs.nouns]]


def load_bind(file: Path = CHECKPOINT) -> PocketBind:
    """The towers that we made earlier, beside the CLIP that they were aligned with. Raises CheckpointError when there is none."""
    model = PocketBind(load_clip())
    for name, tower in (("audio", model.audio), ("depth", model.depth)):
        tower.load_state_dict(_weights(name, file))
    return model.eval()


@torch.no_grad()
def text_embedding(model: PocketBind, text: str) -> Tensor:
    """Any text → [1, 128] of length 1."""
    return model.encode_text(get_tokenizer()([text]))


def load_controls(file: Path = CHECKPOINT) -> dict[str, Tower]:
    """The audio towers of the proofs: "shuffled" learned from other scenes' pictures, "supervised" from the nouns' names."""
    controls = {name: Tower(GRIDS["audio"]).eval() for name in ("shuffled", "supervised")}
    for name, tower in controls.items():
        tower.load_state_dict(_weights(name, file))
    return controls


def _weights(name: str, file: Path) -> dict[str, Tensor]:
    """The weights of one tower of the checkpoint."""
    weights, _ = checkpoints.load(file)
    return {key.removeprefix(f"{name}."): value for key, value in weights.items() if key.startswith(f"{name}.")}
