"""How the pocket language model is trained: plain text first, conversations then, preferences last; and the bake of the shipped ones."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from course_lib import checkpoints
from course_lib.common.precision import mixed_precision
from course_lib.lm.attention import quickest_attention
from course_lib.lm.chat import Message, encode_chat
from course_lib.lm.data.batches import TextBatch, chat_batch, conversation, document, pack, plain_batch
from course_lib.lm.data.preferences import Preference, PreferenceBatch, preference_batch
from course_lib.lm.loss import answer_logps, dpo_loss, next_token_loss
from course_lib.lm.pretrained import BASE, TUNED, build_lm, load_base
from course_lib.lm.tokenizer import TOKENIZER_FILE, get_tokenizer, train_tokenizer
from course_lib.session import few
from course_lib.training import Progress, fit
from course_lib.world.stickers import classes

PAIRS_AT_ONCE = 64  # bounds the memory of the reference's logits


@dataclass(frozen=True)
class LmRecipe:
    """A training run of either kind."""

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.05
    easy_frac: float = 0.0  # of the steps: with one or two things only, and much practice in looking back
    seed: int = 0


LIVE_PLAIN = LmRecipe(steps=500, batch_size=24, learning_rate=1.5e-3, easy_frac=1.0)
LIVE_CHAT = LmRecipe(steps=250, batch_size=18, learning_rate=1e-3)
LIVE_DPO = LmRecipe(steps=40, batch_size=8, learning_rate=1e-4)
BAKED_PLAIN = LmRecipe(steps=2000, batch_size=24, learning_rate=1.5e-3, easy_frac=0.4)
BAKED_CHAT = LmRecipe(steps=2500, batch_size=18, learning_rate=1e-3, easy_frac=0.1)


def pretrain(model, recipe: LmRecipe = LIVE_PLAIN, **options) -> Progress:
    """Causal language modelling in place, on plain text. `options`: loss, callbacks and state_file, see `train`."""

    def batch(step: int) -> TextBatch:
        easy = step < recipe.easy_frac * recipe.steps
        max_things, practice_frac = (2, 0.5) if easy else (4, 0.2)
        return plain_batch(
            step, few(recipe.batch_size), max_things=max_things, practice_frac=practice_frac, seed=recipe.seed
        )

    return train(model, batch, recipe, **options)


def tune(model, recipe: LmRecipe = LIVE_CHAT, **options) -> Progress:
    """Supervised fine-tuning in place, on ever new conversations, of which the assistant's words are learned."""

    def batch(step: int) -> TextBatch:
        done = step / recipe.steps
        stage = 2 if done >= recipe.easy_frac else int(2 * done / recipe.easy_frac)
        return chat_batch(step, few(recipe.batch_size), stage=stage, seed=recipe.seed)

    return train(model, batch, recipe, **options)


def tune_on(model, conversations: Sequence[Sequence[Message]], recipe: LmRecipe, **options) -> Progress:
    """Learn to answer, in place, from these conversations only, again and again."""
    rows = [encode_chat(get_tokenizer(), messages) for messages in conversations]

    def batch(step: int) -> TextBatch:
        rng = random.Random(f"again/{recipe.seed}/{step}")
        return pack((rng.choice(rows) for _ in iter(int, 1)), few(recipe.batch_size), 256)

    return train(model, batch, recipe, **options)


def dpo(model, pairs: Sequence[Preference], recipe: LmRecipe = LIVE_DPO, beta: float = 0.1) -> Progress:
    """Direct preference optimisation in place. The reference is the model as it comes, so its log probabilities are taken once."""
    reference = pair_logps(model, pairs)  # [2, N]

    def batch(step: int) -> list[int]:
        rng = random.Random(f"dpo/{recipe.seed}/{step}")
        return rng.choices(range(len(pairs)), k=few(recipe.batch_size))

    def batch_loss(model, picked: list[int]) -> Tensor:
        rows = preference_batch(get_tokenizer(), [pairs[i] for i in picked])
        return dpo_loss(*_logps(model, rows), *reference[:, picked], beta)

    return fit(
        model,
        batch,
        batch_loss,
        steps=few(recipe.steps, 4),
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
    )


@torch.no_grad()
def pair_logps(model, pairs: Sequence[Preference]) -> Tensor:
    """log p of the chosen answers and of the rejected ones: [2, N]."""
    parts = [pairs[start : start + PAIRS_AT_ONCE] for start in range(0, len(pairs), PAIRS_AT_ONCE)]
    return torch.cat([_logps(model, preference_batch(get_tokenizer(), part)) for part in parts], dim=1)


def _logps(model, batch: PreferenceBatch) -> Tensor:
    return answer_logps(model(input_ids=batch.input_ids).logits, batch.labels).view(2, -1)  # [2, B]


def train(
    model,
    batch: Callable[[int], TextBatch],
    recipe: LmRecipe,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] | None = None,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place, with the next-token loss or another `loss`; see `training.fit` for stopping and resuming."""

    def batch_loss(model, batch: TextBatch) -> Tensor:
        with mixed_precision():
            logits = model(input_ids=batch.input_ids).logits  # [B, T, V]
        return (loss or next_token_loss)(logits.float(), batch.labels)

    with quickest_attention(model):
        return fit(
            model,
            batch,
            batch_loss,
            steps=few(recipe.steps, 4),
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            callbacks=callbacks,
            state_file=state_file,
        )


def bake_base(out_folder: Path, recipe: LmRecipe = BAKED_PLAIN) -> None:
    """Pretrain the shipped base model. Interrupted, it goes on where it was when called again."""
    model = build_lm(recipe.seed)
    progress = pretrain(model, recipe, state_file=out_folder / "lm_base.training.safetensors")
    _save(out_folder / BASE.name, model, recipe, progress, "plain text of the sticker world, stream train")


def bake_tuned(out_folder: Path, recipe: LmRecipe = BAKED_CHAT) -> None:
    """Tune the shipped base model on conversations. Interrupted, it goes on where it was when called again."""
    model = load_base(out_folder / BASE.name)
    progress = tune(model, recipe, state_file=out_folder / "lm.training.safetensors")
    _save(out_folder / TUNED.name, model, recipe, progress, "conversations about the sticker world, stream train")


def _save(file: Path, model, recipe: LmRecipe, progress: Progress, data: str) -> None:
    """Write the checkpoint, in half precision to halve its size, unless the run was stopped."""
    if progress.stopped:
        return
    keys = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    config = {key: getattr(model.config, key) for key in keys}
    minutes, losses = progress.seconds / 60, progress.losses
    card = checkpoints.card(file.stem, data, recipe, minutes, losses, config=config, stored_as="float16")
    weights = {name: tensor.half() for name, tensor in model.state_dict().items() if name != "lm_head.weight"}
    checkpoints.save(file, weights, card)


def bake_tokenizer(out_folder: Path) -> None:
    """Learn the tokenizer from documents and conversations of training, and the class names."""
    rng = random.Random("lm tokenizer")
    texts = [document(rng) for _ in range(8000)]
    texts += [message["content"] for _ in range(4000) for message in conversation(rng)]
    names = [f" {c.name}" for c in classes() for _ in range(200)]
    train_tokenizer([*texts, *names], out_folder / TOKENIZER_FILE.name)
