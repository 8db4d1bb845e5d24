"""How the pocket language model is trained: plain text first, conversations then; and the bake of the shipped ones."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from course_lib import checkpoints
from course_lib.common.precision import mixed_precision
from course_lib.lm.chat import Message, encode_chat, mask_labels
from course_lib.lm.data.batches import TextBatch, chat_batch, conversation, document, pack, plain_batch
from course_lib.lm.loss import next_token_loss
from course_lib.lm.model import new_model, quickest_attention
from course_lib.lm.tokenizer import TOKENIZER_FILE, get_tokenizer, train_tokenizer
from course_lib.training import Progress, fit
from course_lib.world.stickers import classes

BASE = checkpoints.FOLDER / "lm_base.safetensors"
TUNED = checkpoints.FOLDER / "lm.safetensors"


@dataclass(frozen=True)
class LmRecipe:
    """A training run of either kind."""

    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float = 0.05
    easy: float = 0.0  # share of the steps with one or two things only, and much practice in looking back
    seed: int = 0


LIVE_PLAIN = LmRecipe(steps=500, batch_size=24, learning_rate=1.5e-3, easy=1.0)
LIVE_CHAT = LmRecipe(steps=250, batch_size=18, learning_rate=1e-3)
BAKED_PLAIN = LmRecipe(steps=2000, batch_size=24, learning_rate=1.5e-3, easy=0.4)
BAKED_CHAT = LmRecipe(steps=2500, batch_size=18, learning_rate=1e-3, easy=0.1)


def pretrain(model, recipe: LmRecipe = LIVE_PLAIN, **options) -> Progress:
    """Learn to continue plain text, in place. `options`: loss, callbacks and state_file, see `train`."""

    def batch(step: int) -> TextBatch:
        easy = step < recipe.easy * recipe.steps
        things, practised = (2, 0.5) if easy else (4, 0.2)
        return plain_batch(step, recipe.batch_size, most=things, practised=practised, seed=recipe.seed)

    return train(model, batch, recipe, **options)


def tune(model, recipe: LmRecipe = LIVE_CHAT, *, mask: Callable = mask_labels, **options) -> Progress:
    """Learn to answer, in place, from ever new conversations; `mask` decides whose words are learned."""

    def batch(step: int) -> TextBatch:
        share = step / recipe.steps
        stage = 2 if share >= recipe.easy else int(2 * share / recipe.easy)
        return chat_batch(step, recipe.batch_size, stage=stage, seed=recipe.seed, mask=mask)

    return train(model, batch, recipe, **options)


def tune_on(model, conversations: Sequence[Sequence[Message]], recipe: LmRecipe, **options) -> Progress:
    """Learn to answer, in place, from these conversations only, again and again."""
    rows = [encode_chat(get_tokenizer(), messages) for messages in conversations]

    def batch(step: int) -> TextBatch:
        rng = random.Random(f"again/{recipe.seed}/{step}")
        return pack((rng.choice(rows) for _ in iter(int, 1)), recipe.batch_size, 256)

    return train(model, batch, recipe, **options)


def train(
    model,
    batch: Callable[[int], TextBatch],
    recipe: LmRecipe,
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = next_token_loss,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place with any next-token loss, such as the learner's; see `training.fit` for stopping and resuming."""

    def batch_loss(model, batch: TextBatch) -> Tensor:
        with mixed_precision():
            logits = model(input_ids=batch.ids).logits  # [B, T, V]
        return loss(logits.float(), batch.labels)

    with quickest_attention(model):
        return fit(
            model,
            batch,
            batch_loss,
            steps=recipe.steps,
            learning_rate=recipe.learning_rate,
            weight_decay=recipe.weight_decay,
            callbacks=callbacks,
            state_file=state_file,
        )


def born(seed: int = 0):
    """A pocket language model that has read nothing yet."""
    return new_model(len(get_tokenizer()), seed)


def load_base(file: Path = BASE):
    """The one that read plain text only. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    tensors, _ = checkpoints.load(file)
    model = born()
    model.load_state_dict({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]})  # one table at both ends
    return model.eval()


def load_tuned(file: Path = TUNED):
    """The one that follows instructions. Raises CheckpointError when it is missing or damaged."""
    return load_base(file)


def bake_base(out_folder: Path, recipe: LmRecipe = BAKED_PLAIN) -> None:
    """Pretrain the shipped base model. Interrupted, it goes on where it was when called again."""
    model = born(recipe.seed)
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
