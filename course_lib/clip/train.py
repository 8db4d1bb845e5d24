"""How the pocket CLIP is trained: which batches when, how much they are changed, and the bake of the shipped one."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from course_lib import checkpoints
from course_lib.clip.data import batches
from course_lib.clip.data.augment import augment
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.loss import contrastive_loss
from course_lib.clip.model import PocketCLIP
from course_lib.clip.pretrained import CHECKPOINT, build_clip
from course_lib.clip.tokenizer import TOKENIZER_FILE, get_tokenizer, train_tokenizer
from course_lib.common.precision import mixed_precision
from course_lib.session import quick
from course_lib.training import Progress, fit
from course_lib.world.language import caption
from course_lib.world.scenes import make_scene
from course_lib.world.stickers import COLOURS, classes


@dataclass(frozen=True)
class ClipRecipe:
    """A training run. Close-ups come first, since they are four times as quick; then whole scenes join them."""

    steps: int
    batch_size: int = 128
    learning_rate: float = 8e-4
    weight_decay: float = 0.05
    close_up_frac: float = 0.5  # of the steps: close-ups only
    augment_start: float = 0.1  # fractions of the steps: augmentation begins,
    augment_end: float = 0.5  # and is at its strongest
    augment_strength: float = 1.0
    several: bool = True  # show scenes of several things too
    seed: int = 0


LIVE = ClipRecipe(steps=1500, close_up_frac=0.7, augment_start=0.25, augment_end=0.8, augment_strength=0.6)
BAKED = ClipRecipe(steps=11_000)


def live_recipe() -> ClipRecipe:
    """The lesson's own run: LIVE, or a few steps where a test only wants to see that the lesson runs."""
    return replace(LIVE, steps=12, batch_size=32) if quick() else LIVE


BatchKind = Callable[[int, int, int], batches.PictureBatch]  # (step, batch_size, seed) → pictures with captions


@dataclass(frozen=True)
class ImageTextBatch:
    """B pairs of picture and text, ready for the model."""

    images: Tensor  # [B, 3, S, S], normalised
    texts: Tensor  # [B, L] token ids
    labels: Tensor  # [B] numbers of the first things' classes, which CLIP never sees


def make_batch(step: int, recipe: ClipRecipe, kind: BatchKind | None = None) -> ImageTextBatch:
    """The batch of a step: a pure function of its number, so that a resumed run sees what an undisturbed one does.

    kind: what to show in every step, in place of the recipe's turns.
    """
    pictures = (kind or batch_kind(step, recipe))(step, recipe.batch_size, recipe.seed)
    ramp = (step / recipe.steps - recipe.augment_start) / (recipe.augment_end - recipe.augment_start)
    strength = recipe.augment_strength * min(max(ramp, 0.0), 1.0)
    generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + step)
    keep_hue, keep_place = torch.from_numpy(pictures.keep_hue), torch.from_numpy(pictures.keep_place)
    images = augment(to_tensor(pictures.images), keep_hue, keep_place, strength, generator)
    labels = torch.tensor([class_index().get(name, -1) for name in pictures.names])
    return ImageTextBatch(normalise(images), get_tokenizer()(pictures.captions), labels)


@cache
def class_index() -> dict[str, int]:
    """The number of each class that training may see, as a classifier with fixed labels counts them."""
    return {name: number for number, name in enumerate(batches.base_names())}


def batch_kind(step: int, recipe: ClipRecipe) -> BatchKind:
    """Close-ups, every fourth painted; later, in turn with them, whole scenes of one thing and of several."""
    turn = step % 4
    if step < recipe.close_up_frac * recipe.steps:
        return batches.painted if turn == 3 else batches.close_ups
    third = batches.multi_thing_scenes if recipe.several else batches.singles
    return (batches.singles, batches.close_ups, third, batches.painted)[turn]


def train(
    model: PocketCLIP,
    recipe: ClipRecipe,
    *,
    kind: BatchKind | None = None,
    loss: Callable[[Tensor, Tensor, Tensor], Tensor] | None = None,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place, with the recipe's batches or another `kind`, with the contrastive loss or another `loss`.

    See `training.fit` for stopping and resuming.
    """

    def batch_loss(model: PocketCLIP, batch: ImageTextBatch) -> Tensor:
        with mixed_precision():
            image_features, text_features, logit_scale = model(batch.images, batch.texts)
        return (loss or contrastive_loss)(image_features, text_features, logit_scale)

    return fit(
        model,
        lambda step: make_batch(step, recipe, kind),
        batch_loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        after_step=model.clamp_temperature,
        callbacks=callbacks,
        state_file=state_file,
    )


def bake(out_folder: Path, recipe: ClipRecipe = BAKED) -> None:
    """Train the shipped checkpoint. Interrupted, it goes on where it was when called again."""
    model = build_clip(recipe.seed)
    progress = train(model, recipe, state_file=out_folder / "clip.training.safetensors")
    if progress.stopped:
        return
    data = "the sticker world, stream train: what course_lib.world.splits allows"
    config = model.config.to_dict()
    card = checkpoints.card("clip", data, recipe, progress.seconds / 60, progress.losses, config=config)
    checkpoints.save(out_folder / CHECKPOINT.name, model, card)


def bake_tokenizer(out_folder: Path) -> None:
    """Learn the tokenizer from 20,000 training captions and the class names."""
    rng = random.Random("tokenizer")
    texts = [caption(make_scene(i), rng) for i in range(20_000)]
    names = [c.name for c in classes()] + list(COLOURS)
    train_tokenizer(texts, names, out_folder / TOKENIZER_FILE.name)
