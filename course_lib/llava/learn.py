"""How MiniLlava is trained: the connector first (stage 1), then connector and language model (stage 2)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from course_lib.clip import learn as clip_learn
from course_lib.llava.batches import LlavaBatch, stage1_batch, stage2_batch
from course_lib.llava.connector import make_connector
from course_lib.llava.eyes import PocketEyes
from course_lib.llava.model import MiniLlava
from course_lib.lm import learn as lm_learn
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.precision import mixed_precision
from course_lib.training import Progress, fit


@dataclass(frozen=True)
class LlavaRecipe:
    """A training run of either stage."""

    steps: int
    batch_size: int  # pictures
    learning_rate: float
    rank: int = 0  # of the adapters of stage 2; 0 tunes the language model in full
    connector_times: float = 1.0  # the connector's learning rate, as a multiple of the others'
    weight_decay: float = 0.01
    seed: int = 0


LIVE1 = LlavaRecipe(steps=150, batch_size=16, learning_rate=2e-3)
LIVE2 = LlavaRecipe(steps=300, batch_size=12, learning_rate=1e-3, rank=32)
BAKED1 = LlavaRecipe(steps=400, batch_size=24, learning_rate=2e-3)
BAKED2 = LlavaRecipe(steps=2500, batch_size=16, learning_rate=1e-3, rank=64)


def born(connector: str = "mlp2x_gelu", layer: int = -2, seed: int = 0) -> MiniLlava:
    """The eyes of Lesson 02 and the language model of Lesson 04, with a connector that has learned nothing."""
    clip, language_model = clip_learn.load_baked(), lm_learn.load_tuned()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        between = make_connector(clip.config.vision_width, language_model.config.hidden_size, connector)
    return MiniLlava(PocketEyes(clip, layer), between, language_model, get_tokenizer()).eval()


def stage1(model: MiniLlava, recipe: LlavaRecipe = LIVE1, **options) -> Progress:
    """Learn to caption, in place, by the connector alone. `options`: callbacks and state_file, see `fit`."""
    model.requires_grad_(False)
    model.connector.requires_grad_(True)

    def batch(step: int) -> LlavaBatch:
        return stage1_batch(model.tokenizer, step, recipe.batch_size, recipe.seed)

    return _train(model, batch, recipe, **options)


def stage2(model: MiniLlava, recipe: LlavaRecipe = LIVE2, *, learn_user: bool = False, **options) -> Progress:
    """Learn to answer and to talk, in place: the connector in full, the language model by adapters (`saved.load` merges them)."""
    add_adapters(model, recipe.rank, recipe.seed)
    model.connector.requires_grad_(True)

    def batch(step: int) -> LlavaBatch:
        return stage2_batch(model.tokenizer, step, recipe.batch_size, recipe.seed, learn_user)

    return _train(model, batch, recipe, **options)


def add_adapters(model: MiniLlava, rank: int, seed: int = 0) -> None:
    """Put peft's LoRA beside every linear layer of the language model but its output, in place; rank 0 frees it all."""
    from peft import LoraConfig, get_peft_model

    if rank == 0:
        model.language_model.requires_grad_(True)
        return
    config = LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model.language_model = get_peft_model(model.language_model, config)


def _train(
    model: MiniLlava,
    batch: Callable[[int], LlavaBatch],
    recipe: LlavaRecipe,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    def loss(model: MiniLlava, batch: LlavaBatch) -> Tensor:
        with mixed_precision():
            return model(**batch.inputs())[0]

    return fit(
        model,
        batch,
        loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        rates={"connector": recipe.connector_times},
        callbacks=callbacks,
        state_file=state_file,
    )
