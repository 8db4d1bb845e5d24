"""How the new towers learn: from pairs with pictures, whose features are computed once; and the bake of the shipped ones.

Beside the two towers the bake keeps the controls that the proofs need, each with the same budget: a tower that learned from sounds
with pictures of other scenes, one that was told the nouns, and one for each rung of the ladder of image towers.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib import checkpoints
from course_lib.clip.data.testsets import image_features
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.clip.pretrained import load_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.imagebind.data.augment import change_sounds, move
from course_lib.imagebind.data.pairs import Pairs, close_ups, make_pairs
from course_lib.imagebind.data.voices import SOUNDING
from course_lib.imagebind.loss import TEMPERATURE, info_nce
from course_lib.imagebind.model import GRIDS, PocketBind, Tower
from course_lib.session import quick
from course_lib.training import Progress, fit

CHECKPOINT = checkpoints.FOLDER / "imagebind.safetensors"


@dataclass(frozen=True)
class BindRecipe:
    """A training run of one tower."""

    steps: int = 500
    scenes: int = 8192
    batch_size: int = 128
    learning_rate: float = 3e-3
    temperature: float = TEMPERATURE
    seed: int = 0


SOUNDS = BindRecipe()
BAKED = SOUNDS, BindRecipe(steps=1500)  # sounds, disparities
LIVE = BindRecipe(steps=400, scenes=3000)
CLOSE_UP_FRAC = 0.4  # of the steps: disparities of close-ups only


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


Batch = Callable[
    [int], tuple[Tensor, Tensor]
]  # step → maps [B, H, W] and, row by row, features of their pictures [B, 128]


def sound_batches(mels: Tensor, features: Tensor, recipe: BindRecipe) -> Batch:
    """Sounds [N, 64, 49] with the frozen features [N, 128] of their scenes' pictures: what each step shows.

    Rows at random, both of a row from one scene. A pure function of the step's number, so that a run can go on.
    """

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rows, generator = _draw(step, len(mels), recipe)
        return change_sounds(mels[rows], generator), features[rows]

    return batch


def depth_batches(whole: tuple[Tensor, Tensor], near: tuple[Tensor, Tensor], recipe: BindRecipe) -> Batch:
    """Disparities with the features of their pictures: of close-ups alone in the first steps, then in turn with whole scenes."""

    def batch(step: int) -> tuple[Tensor, Tensor]:
        depths, features = near if step < CLOSE_UP_FRAC * recipe.steps or step % 2 else whole
        rows, generator = _draw(step, len(depths), recipe)
        return move(depths[rows], generator), features[rows]

    return batch


def _draw(step: int, count: int, recipe: BindRecipe) -> tuple[Tensor, torch.Generator]:
    """The rows of a step, and what else of it is random."""
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    return torch.randint(count, (recipe.batch_size,), generator=generator), generator


def train_tower(
    tower: Tower,
    batch: Batch,
    recipe: BindRecipe,
    *,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place. See `training.fit` for stopping and resuming."""

    def loss(tower: Tower, pairs: tuple[Tensor, Tensor]) -> Tensor:
        return info_nce(tower(pairs[0]), pairs[1], recipe.temperature)

    return fit(
        tower,
        batch,
        loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        callbacks=callbacks,
        state_file=state_file,
    )


def train_audio(mels: Tensor, features: Tensor, recipe: BindRecipe) -> Tower:
    """A new tower, trained on sounds [N, 64, 49] with the features [N, 128] of their scenes' pictures."""
    tower = build_tower("audio", mels, recipe.seed)
    train_tower(tower, sound_batches(mels, features, recipe), recipe)
    return tower


def bake(out_folder: Path, recipes: tuple[BindRecipe, BindRecipe] = BAKED) -> None:
    """Train the shipped towers and two controls, one after the other. Interrupted, each goes on where it was when called again."""
    (sounds, depths), clip = recipes, load_clip()
    pairs = make_pairs(sounds.scenes)
    images, windows = close_ups(pairs)
    mels, seen = torch.from_numpy(pairs.mels), image_features(clip, pairs.images)
    whole, near = torch.from_numpy(pairs.depths), torch.from_numpy(windows)
    other_scenes = torch.randperm(len(seen), generator=torch.Generator().manual_seed(1))
    runs = {  # the tower → its maps, and what each step shows
        "audio": (mels, sound_batches(mels, seen, sounds), sounds),
        "shuffled": (mels, sound_batches(mels, seen[other_scenes], sounds), sounds),
        "supervised": (mels, sound_batches(mels, named(clip, pairs), sounds), sounds),
        "depth": (whole, depth_batches((whole, seen), (near, image_features(clip, images)), depths), depths),
    }
    towers, minutes, losses = nn.ModuleDict(), 0.0, []
    for name, (maps, batch, recipe) in runs.items():
        towers[name] = build_tower("depth" if name == "depth" else "audio", maps, recipe.seed)
        state_file = out_folder / f"imagebind.{name}.training.safetensors"
        progress = train_tower(towers[name], batch, recipe, state_file=state_file)
        if progress.stopped:
            return
        minutes += progress.seconds / 60
        losses = losses or progress.losses  # of the sounds
    data = (
        "pairs of picture and sound, and of picture and disparity (some of them close-ups of what sounds), of the sticker world's "
        "stream train; no word, no label"
    )
    card = checkpoints.card("imagebind", data, recipes, minutes, losses, stored_as="float16")
    checkpoints.save(out_folder / CHECKPOINT.name, towers.half(), card)


@torch.no_grad()
def named(clip, pairs: Pairs) -> Tensor:
    """For the ceiling alone: the text features of what sounds in each scene, "a dog": [N, 128] of length 1."""
    names = classifier(clip, list(SOUNDING), ("{}",)).T
    return names[[SOUNDING.index(noun) for noun in pairs.nouns]]


def load_tower(name: str, file: Path = CHECKPOINT) -> Tower:
    """One tower of the checkpoint: "audio", "depth", or a control. Raises CheckpointError when there is none."""
    weights, _ = checkpoints.load(file)
    tower = Tower(GRIDS["depth" if name == "depth" else "audio"])
    tower.load_state_dict(
        {key.removeprefix(f"{name}."): one for key, one in weights.items() if key.startswith(f"{name}.")}
    )
    return tower.eval()


def load_bind(file: Path = CHECKPOINT) -> PocketBind:
    """The towers that we made earlier, beside the CLIP that they were aligned with."""
    model = PocketBind(load_clip())
    model.audio, model.depth = load_tower("audio", file), load_tower("depth", file)
    return model.eval()


def load_controls(file: Path = CHECKPOINT) -> dict[str, Tower]:
    """The audio towers of the proofs: "shuffled" learned from other scenes' pictures, "supervised" from the nouns' names."""
    return {name: load_tower(name, file) for name in ("shuffled", "supervised")}


@torch.no_grad()
def text_embedding(model: PocketBind, text: str) -> Tensor:
    """Any text → [1, 128] of length 1."""
    return model.encode_text(get_tokenizer()([text]))
