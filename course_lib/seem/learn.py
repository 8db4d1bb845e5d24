"""How MiniSeem is trained: every prompt in every batch, rounds with its own mistakes, and the bake of the shipped one."""

import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip import learn as clip_learn
from course_lib.clip.pixels import normalise, to_tensor
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.precision import mixed_precision
from course_lib.seem import losses
from course_lib.seem.asks import Ask, class_names, make_asked_scene, random_ask, visible
from course_lib.seem.everything_loss import everything_loss
from course_lib.seem.model import MiniSeem, SeemConfig
from course_lib.seem.playing import ask_prompts, play_rounds
from course_lib.training import Progress, fit
from course_lib.world.nouns import article
from course_lib.world.render import render
from course_lib.world.scenes import Scene

CHECKPOINT = checkpoints.FOLDER / "seem.safetensors"
ROUNDS = (0, 0, 0, 1, 2)  # corrections before the round that is learned from, drawn anew for each batch


@dataclass(frozen=True)
class SeemRecipe:
    """A training run."""

    seconds: float
    batch_size: int = 12  # pictures
    prompts: int = 4  # of each picture
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.03
    seed: int = 0


LIVE = SeemRecipe(seconds=170)
BAKED = SeemRecipe(seconds=1320)


@dataclass
class Batch:
    """One step's pictures, and the questions about them."""

    images: Tensor  # [I, 3, S, S], normalised
    owner: Tensor  # int [B]: the picture of each ask
    asks: list[Ask]
    scenes: list[Scene]
    instances: list[np.ndarray]  # [S, S]: number + 1 of the thing that one sees


def make_batch(
    step: int, recipe: SeemRecipe, stream: str = "train", ways: tuple[str, ...] = (), size: int = 64
) -> Batch:
    """The batch of a step, from its number alone. `ways` asks in these ways only, one after the other."""
    rng = random.Random(f"seem/{stream}/{recipe.seed}/{step}")
    images, asks, scenes, instances = [], [], [], []
    while len(images) < recipe.batch_size:
        scene = make_asked_scene(rng.randrange(10**9), rng, stream, recipe.seed)
        picture = render(scene, size)
        if not visible(scene, picture.instances):
            continue
        asks += [
            one_ask(scene, picture.instances, rng, ways[n % len(ways)] if ways else None) for n in range(recipe.prompts)
        ]
        images.append(picture.image)
        scenes.append(scene)
        instances.append(picture.instances)
    owner = torch.arange(len(images)).repeat_interleave(recipe.prompts)
    return Batch(normalise(to_tensor(np.stack(images))), owner, asks, scenes, instances)


def one_ask(scene: Scene, instances: np.ndarray, rng: random.Random, way: str | None) -> Ask:
    """The wished question, or a click where the scene has no answer to it."""
    return random_ask(scene, instances, rng, way) or random_ask(scene, instances, rng, "click")


def batch_loss(model: MiniSeem, batch: Batch, seed: int) -> Tensor:
    """What one round costs, after some rounds without gradients; and what segmenting everything costs."""
    with mixed_precision():
        features = model.encode(batch.images)
        features.owner = batch.owner
        prompts = ask_prompts(model, batch.asks)
        played = play_rounds(model, features, batch.asks, prompts, random.Random(seed).choice(ROUNDS))
        masks = model.segment(features, played.prompts, played.found).float()
        features.owner = None
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
    return fit(
        model,
        lambda step: (make_batch(step, recipe), step),
        lambda model, data: batch_loss(model, *data),
        seconds=recipe.seconds,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        callbacks=callbacks,
        state_file=state_file,
    )


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
    return clip_learn.load_baked().requires_grad_(False)


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


def bake(out_folder: Path, recipe: SeemRecipe = BAKED) -> None:
    """Train the shipped checkpoint. Interrupted, it goes on where it was when called again."""
    model = new_model(recipe.seed)
    progress = train(model, recipe, state_file=out_folder / "seem.training.safetensors")
    if not progress.stopped:
        save(out_folder, model, recipe, progress)


def save(out_folder: Path, model: MiniSeem, recipe: SeemRecipe, progress: Progress) -> None:
    """Write the checkpoint and its card."""
    card = {
        "config": model.config.to_dict(),
        "data": "the sticker world, stream train: what course_lib.world.splits allows",
        "recipe": asdict(recipe),
        "command": "python -m course_lib bake seem",
        "steps": progress.step,
        "minutes": round(progress.seconds / 60, 1),
        "machine": checkpoints.machine(),
        "final_loss": round(sum(progress.losses[-200:]) / len(progress.losses[-200:]), 4),
    }
    checkpoints.save(out_folder / CHECKPOINT.name, model, card)
