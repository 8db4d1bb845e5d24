"""How MiniSeem is trained: every prompt in every batch, rounds with its own mistakes, and the bake of the shipped one."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.common.precision import mixed_precision
from course_lib.seem.data.batches import Batch, make_batch
from course_lib.seem.data.queries import SHARES, class_names
from course_lib.seem.model import MiniSeem, SeemConfig
from course_lib.seem.train import losses
from course_lib.seem.train.click_simulator import ask_prompts, play_rounds
from course_lib.seem.train.losses import everything_loss
from course_lib.training import Progress, fit
from course_lib.world.nouns import article


@dataclass(frozen=True)
class SeemRecipe:
    """A training run."""

    seconds: float | None = None  # either these, or
    steps: int | None = None  # these, which alone come to the same weights on every run
    batch_size: int = 12  # pictures
    prompts: int = 4  # of each picture
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.03
    rounds: tuple[int, ...] = (0, 0, 0, 1, 2)  # corrections before the round that is learned from, drawn for each batch
    seed: int = 0
    shares: dict[str, float] = field(default_factory=lambda: dict(SHARES))  # of the ways to ask
    twins: float = 0.3  # share of scenes with two things of one name
    forgetful: float = 0.0  # share of batches whose rounds are played without memory
    only: tuple[str, ...] = ()  # names of the parts that learn, as they begin; none: all


LIVE = SeemRecipe(seconds=170)
DRAWN = {"click": 0.4, "scribble": 0.1, "box": 0.2, "polygon": 0.05, "text": 0.1, "both": 0.15}


MENDED = {  # more of what the second stage was weak at
    "click": 0.18,
    "scribble": 0.06,
    "box": 0.16,
    "polygon": 0.05,
    "text": 0.24,
    "absent": 0.07,
    "reference": 0.08,
    "both": 0.16,
}


BAKED = (
    SeemRecipe(steps=1844),
    SeemRecipe(steps=637, learning_rate=6e-4, rounds=(1, 2, 3), seed=1),
    SeemRecipe(  # only what mends masks near points, quickly
        steps=64,
        learning_rate=3e-3,
        batch_size=8,
        prompts=6,
        rounds=(0, 1, 2, 3, 4),
        seed=2,
        forgetful=0.25,
        only=("nearby", "recall"),
        shares=DRAWN,
    ),
    SeemRecipe(  # all together
        steps=1300, learning_rate=8e-4, rounds=(0, 0, 1, 2, 3), seed=3, forgetful=0.25, shares=MENDED
    ),
    SeemRecipe(  # once more, and oftener with twins, where a click and words need each other
        steps=2000,
        learning_rate=8e-4,
        rounds=(0, 0, 1, 2, 4),
        seed=4,
        forgetful=0.25,
        shares=MENDED | {"both": 0.26},
        twins=0.5,
    ),
)
CHECKPOINT = checkpoints.FOLDER / "seem.safetensors"
DATA = "the sticker world, stream train: what course_lib.world.splits allows"


def batch_loss(model: MiniSeem, batch: Batch, rounds: int, remember: bool = True) -> Tensor:
    """What one round costs, after some rounds without gradients; and what segmenting everything costs."""
    with mixed_precision():
        features = model.encode(batch.images)
        features.each = batch.each
        prompts = ask_prompts(model, batch.asks)
        played = play_rounds(model, features, batch.asks, prompts, rounds, remember)
        masks = model.segment(features, played.prompts, played.found).float()
        all_masks = model.everything(features).float()
    targets = torch.from_numpy(np.stack([ask.target for ask in batch.asks])).float()
    return prompt_loss(masks, targets, [ask.name for ask in batch.asks]) + 0.5 * everything_loss(
        all_masks, batch.scenes, batch.instances
    )


def prompt_loss(masks, targets: Tensor, names: list[str]) -> Tensor:
    """Pixels and dice of the last mask, and less of the earlier ones; is it there at all; what is it called."""
    there = targets.flatten(1).any(dim=1).float()  # [B]: dice means nothing where there is nothing
    half = (F.avg_pool2d(targets[:, None], 2)[:, 0] > 0.5).float()
    guesses = [(masks.logits[:, 0], targets, 1.0), *((guess[:, 0], half, 0.3) for guess in masks.coarse)]
    total = F.binary_cross_entropy_with_logits(masks.present[:, 0], there)
    for logits, truth, weight in guesses:
        dice = (losses.dice_loss(logits, truth) * there).sum() / there.sum().clamp(min=1)
        total = total + weight * (losses.PIXELS * losses.pixel_loss(logits, truth).mean() + losses.DICE * dice)
    nothing = masks.classes.shape[-1] - 1
    wanted = torch.tensor([class_number().get(name, nothing) for name in names])
    return total + F.cross_entropy(masks.classes[:, 0], wanted)


def train(
    model: MiniSeem,
    recipe: SeemRecipe,
    *,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place; see `training.fit` for stopping and resuming."""
    for name, part in model.named_parameters():
        part.requires_grad_(not recipe.only or name.startswith(recipe.only))
    return fit(
        model,
        lambda step: (make_batch(step, recipe), *rounds_of(step, recipe)),
        lambda model, data: batch_loss(model, *data),
        seconds=recipe.seconds,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        callbacks=callbacks,
        state_file=state_file,
    )


def rounds_of(step: int, recipe: SeemRecipe) -> tuple[int, bool]:
    """How many rounds a step plays before the one that is learned from, and whether they are remembered."""
    rng = random.Random(step)
    return rng.choice(recipe.rounds), rng.random() >= recipe.forgetful


@cache
def class_number() -> dict[str, int]:
    """Name → number of the class among `class_names`."""
    return {name: number for number, name in enumerate(class_names())}


@torch.no_grad()
def word_vectors(names: tuple[str, ...]) -> Tensor:
    """CLIP's text embeddings of names [C, 128]."""
    return frozen_clip().encode_text(
        get_tokenizer()([f"{article(name, name)} {name}" for name in names]), normalize=True
    )


@cache
def frozen_clip():
    """The baked PocketCLIP, which is not trained here."""
    return load_clip().requires_grad_(False)


def new_model(seed: int = 0) -> MiniSeem:
    """A MiniSeem as it is born: the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MiniSeem(frozen_clip(), word_vectors(class_names())).eval()


def load(file: Path = CHECKPOINT) -> MiniSeem:
    """The one we made earlier. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    _, card = checkpoints.load(file)
    config = SeemConfig(**{**card["config"], "channels": tuple(card["config"]["channels"])})
    model = MiniSeem(frozen_clip(), word_vectors(class_names()), config)
    checkpoints.load_into(model, file)
    return model.eval()


def bake(out_folder: Path, recipes: tuple[SeemRecipe, ...] = BAKED) -> None:
    """Train the shipped checkpoint, stage by stage. Interrupted, the stage goes on where it was when called again."""
    model = new_model(recipes[0].seed)
    stages = [out_folder / f"seem.stage{number}.safetensors" for number in range(len(recipes))]
    for recipe, stage in zip(recipes, stages, strict=True):
        if stage.with_suffix(".json").exists():  # the card is written last
            checkpoints.load_into(model, stage)
            continue
        progress = train(model, recipe, state_file=stage.with_suffix(".training.safetensors"))
        if progress.stopped:
            return
        card = checkpoints.card("seem", DATA, recipe, progress.seconds / 60, progress.losses)
        checkpoints.save(stage, model, card)
    save(out_folder, model, recipes, [checkpoints.load(stage)[1] for stage in stages])


def save(out_folder: Path, model: MiniSeem, recipes: tuple[SeemRecipe, ...], notes: list[dict]) -> None:
    """Write the checkpoint, in half precision, and its card."""
    stages = [{key: note[key] for key in ("minutes", "final_loss", "note") if key in note} for note in notes]
    minutes, config = sum(note["minutes"] for note in notes), model.config.to_dict()
    card = checkpoints.card("seem", DATA, recipes, minutes, config=config, stages=stages)
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)
