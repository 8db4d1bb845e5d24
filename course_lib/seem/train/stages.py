"""How MiniSeem is trained: recipes with every prompt type in every batch, rounds with its own mistakes, the bake.

What was tried for boxes and clicks (IoU of a box; of one click; share that ever reaches 0.85 in six clicks; stream "val", n = 100): the first
two stages 0.79, 0.81, 52 %; the point refiner alone, 64 steps: 58 %; its opinions five or ten times as loud: 62 %, but one click 0.79 and
0.77; all together, 1,300 steps: 0.83, 0.84, 74 %; twins in half of the scenes, 2,000 more: 0.86, 0.87, 84 %; with memory, 0.88, 0.88, and in
twenty clicks 88 % (NoC85 3.95). From there: a wider path at 64 × 64 (three convolutions of 64 channels, all else frozen, 700 steps) 0.88, 0.88,
89 % (3.75); with the loss at the 512 least certain pixels, as Mask2Former has it, 0.87, 0.88, 87 % (3.76); up to nine clicks and a loss where
one clicked, only what mends masks, 0.87, 0.87, 93 % (3.25); up to eight clicks, all parts, 1,600 steps 0.89, 0.89, 92 % (3.09); 1,500 more 2.93.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.common.precision import mixed_precision
from course_lib.seem.data.batches import SeemBatch, make_batch
from course_lib.seem.data.queries import PROMPT_MIX, class_names, to_prompts
from course_lib.seem.model import MiniSeem, SeemConfig
from course_lib.seem.train.click_simulator import NO_ROUND_BEFORE, RoundPlan, play_rounds
from course_lib.seem.train.losses import everything_loss, prompt_loss
from course_lib.training import Progress, fit
from course_lib.world.nouns import article


@dataclass(frozen=True)
class SeemRecipe:
    """A training run."""

    seconds: float | None = None  # either these, or
    steps: int | None = None  # these, which alone come to the same weights on every run
    batch_size: int = 12  # pictures
    prompts_per_image: int = 4
    learning_rate: float = 1.2e-3
    weight_decay: float = 0.03
    rounds: tuple[int, ...] = (0, 0, 0, 1, 2)  # before the one that is learned from; drawn for each batch
    seed: int = 0
    prompt_mix: dict[str, float] = field(default_factory=lambda: dict(PROMPT_MIX))  # prompt type → how often
    duplicate_ratio: float = 0.3  # share of scenes with two things of one name
    memory_dropout: float = 0.0  # share of batches whose rounds are played without memory
    mask_input_dropout: float = 0.0  # share of batches in which only the memory tokens know of the last mask
    newest_click_frac: float = 0.0  # share of batches in which only the newest click is given
    trainable_prefixes: tuple[str, ...] = ()  # of names of the parameters that learn; none: all


LIVE = SeemRecipe(seconds=170)
DRAWN_MIX = {"click": 0.4, "scribble": 0.1, "box": 0.2, "polygon": 0.05, "text": 0.1, "both": 0.15}
HARD_MIX = {  # more of what the second stage was weak at
    "click": 0.18, "scribble": 0.06, "box": 0.16, "polygon": 0.05,
    "text": 0.24, "absent": 0.07, "reference": 0.08, "both": 0.16,
}  # fmt: skip
TOGETHER_MIX = {
    "click": 0.22, "scribble": 0.05, "box": 0.16, "polygon": 0.04, "text": 0.2, "absent": 0.06, "reference": 0.07,
    "both": 0.06, "between": 0.06, "box over two": 0.08, "stroke over two": 0.07, "exclude": 0.06,
}  # fmt: skip
MORE_PAIRS = {"between": 0.08, "box over two": 0.1, "stroke over two": 0.09, "exclude": 0.08}
MEMORY = SeemRecipe(  # memory that matters, since earlier clicks are not repeated, and prompts that need each other
    steps=2400,
    learning_rate=8e-4,
    rounds=(0, 0, 1, 2, 3, 4),
    seed=5,
    memory_dropout=0.1,
    mask_input_dropout=0.5,
    newest_click_frac=0.6,
    prompt_mix=TOGETHER_MIX,
    duplicate_ratio=0.6,
)
MANY_CLICKS = replace(  # once more, after up to eight clicks: one that had seen four hardly heeded the later ones
    MEMORY, steps=1600, learning_rate=6e-4, rounds=(0, 0, 0, 1, 2, 4, 8), newest_click_frac=0.4, seed=6
)
BAKED = (
    SeemRecipe(steps=1844),
    SeemRecipe(steps=637, learning_rate=6e-4, rounds=(1, 2, 3), seed=1),
    SeemRecipe(  # only what mends masks near points, quickly
        steps=64,
        learning_rate=3e-3,
        batch_size=8,
        prompts_per_image=6,
        rounds=(0, 1, 2, 3, 4),
        seed=2,
        memory_dropout=0.25,
        trainable_prefixes=("point_refiner", "prev_mask_embed"),
        prompt_mix=DRAWN_MIX,
    ),
    SeemRecipe(  # all together
        steps=1300, learning_rate=8e-4, rounds=(0, 0, 1, 2, 3), seed=3, memory_dropout=0.25, prompt_mix=HARD_MIX
    ),
    SeemRecipe(  # once more, and oftener with duplicates, where a click and words need each other
        steps=2000,
        learning_rate=8e-4,
        rounds=(0, 0, 1, 2, 4),
        seed=4,
        memory_dropout=0.25,
        prompt_mix=HARD_MIX | {"both": 0.26},
        duplicate_ratio=0.5,
    ),
    MEMORY,
    MANY_CLICKS,
    replace(MANY_CLICKS, steps=1500, seed=7, prompt_mix=TOGETHER_MIX | MORE_PAIRS),
)
CHECKPOINT = checkpoints.FOLDER / "seem.safetensors"
DATA = "the sticker world, stream train: what course_lib.world.splits allows"


def batch_loss(model: MiniSeem, batch: SeemBatch, plan: RoundPlan = NO_ROUND_BEFORE) -> Tensor:
    """What one round costs, after those of the plan without gradients, plus half of what segmenting everything costs."""
    with mixed_precision():
        features = model.encode(batch.images)
        features.prompts_per_image = batch.prompts_per_image
        prompts = to_prompts(model, batch.queries)
        rollout = play_rounds(model, features, batch.queries, prompts, plan)
        output = model.segment(features, rollout.prompts, rollout.prev_mask, plan.mask_input).float()
        everything = model.segment_everything(features).float()
    targets = torch.from_numpy(np.stack([query.target for query in batch.queries])).float()
    loss = prompt_loss(output, targets, [query.name for query in batch.queries])
    return loss + 0.5 * everything_loss(everything, batch.scenes, batch.instances)


def train(
    model: MiniSeem,
    recipe: SeemRecipe,
    *,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place; see `training.fit` for stopping and resuming."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not recipe.trainable_prefixes or name.startswith(recipe.trainable_prefixes))
    return fit(
        model,
        lambda step: (make_batch(step, recipe), draw_rounds(step, recipe)),
        lambda model, data: batch_loss(model, *data),
        seconds=recipe.seconds,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        callbacks=callbacks,
        state_file=state_file,
    )


def draw_rounds(step: int, recipe: SeemRecipe) -> RoundPlan:
    """How many rounds a step plays before the one that is learned from, and how."""
    rng = random.Random(step)
    num_rounds, use_memory = rng.choice(recipe.rounds), rng.random() >= recipe.memory_dropout
    mask_input, newest_only = rng.random() >= recipe.mask_input_dropout, rng.random() < recipe.newest_click_frac
    return RoundPlan(num_rounds, use_memory, mask_input, newest_only)


@torch.no_grad()
def class_text_embeddings(names: tuple[str, ...]) -> Tensor:
    """CLIP's text embeddings of "a cat", "a dog", … [C, 128]."""
    texts = [f"{article(name, name)} {name}" for name in names]
    return frozen_clip().encode_text(get_tokenizer()(texts), normalize=True)


@cache
def frozen_clip():
    """The baked PocketCLIP, which is not trained here."""
    return load_clip().requires_grad_(False)


def new_model(seed: int = 0) -> MiniSeem:
    """An untrained MiniSeem: the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return MiniSeem(frozen_clip(), class_text_embeddings(class_names())).eval()


def load(file: Path = CHECKPOINT) -> MiniSeem:
    """The one we made earlier. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    _, card = checkpoints.load(file)
    config = SeemConfig(**{**card["config"], "channels": tuple(card["config"]["channels"])})
    model = MiniSeem(frozen_clip(), class_text_embeddings(class_names()), config)
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
        config = model.config.to_dict()
        card = checkpoints.card("seem", DATA, recipe, progress.seconds / 60, progress.losses, config=config)
        checkpoints.save(stage, model, card)
    cards = [checkpoints.load(stage)[1] for stage in stages]
    save(out_folder, model, recipes, cards)


def save(out_folder: Path, model: MiniSeem, recipes: tuple[SeemRecipe, ...], stage_cards: list[dict]) -> None:
    """Write the checkpoint, in half precision, and its card."""
    stages = [{key: card[key] for key in ("minutes", "final_loss", "note") if key in card} for card in stage_cards]
    minutes, config = sum(card["minutes"] for card in stage_cards), model.config.to_dict()
    card = checkpoints.card("seem", DATA, recipes, minutes, config=config, stages=stages)
    weights = {name: weight.half() for name, weight in model.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)
