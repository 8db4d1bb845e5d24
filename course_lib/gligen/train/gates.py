"""Training the gates: the base frozen, boxes given, the caption often dropped; and how far the gates open meanwhile."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.checkpoints import write_atomically
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.batches import GroundedBatch, make_grounded_batch
from course_lib.gligen.diffusion import add_noise, min_snr_weight, velocity
from course_lib.gligen.model import Generator, add_gates, base_hash, is_grounding_parameter
from course_lib.gligen.train.attention_warmup import attention_warmup
from course_lib.gligen.train.base_generator import CHECKPOINT as BASE_CHECKPOINT
from course_lib.gligen.train.base_generator import load_base
from course_lib.gligen.vocabulary import NAMES
from course_lib.training import Progress, fit

CHECKPOINT = checkpoints.FOLDER / "gligen_gates.safetensors"


# Adam's epsilon. Behind gates that are nearly shut, gradients are of the order of 1e-7: with the usual 1e-6, the grounding
# net would learn at a small part of its rate, and the gates would open to nothing.
ADAM_EPSILON = 1e-10


@dataclass(frozen=True)
class GatesRecipe:
    """A training run of gates and grounding net. Published: learning rate 5e-5, 500,000 steps; a small model needs fewer."""

    steps: int | None = None  # either these, or
    seconds: float | None = None
    batch_size: int = 32
    learning_rate: float = 1e-3
    gate_lr_mult: float = 10.0  # of the gates' α, which begin at 0, and all else waits for them
    grounding_dropout: float = 0.1  # share of batches without a box
    caption_dropout: float = 0.5  # share of captions left out, so that the boxes must be read
    attention_warmup_steps: int = 400  # of `attention_warmup`, before the first of these
    prefer_noisy: bool = True  # draw noisier timesteps more often, see `draw_timesteps`
    num_things: tuple[int, int] = (1, 3)  # in a scene
    held_out: tuple[str, ...] = ()  # things that no scene shows: the gates never read their phrases
    seed: int = 0


BAKED = GatesRecipe(steps=1_600)
# The lesson's own. Nine of the twelve phrases: what the gates make of the others is the test of an open vocabulary.
HELD_OUT = NAMES[3::4]  # a penguin, a strawberry, a rocket
LIVE = GatesRecipe(seconds=180, num_things=(1, 2), attention_warmup_steps=200, held_out=HELD_OUT)


def grounded_loss(model: Generator, batch: GroundedBatch) -> Tensor:
    """The base's loss, with boxes: the mean squared error of the predicted velocity, with min-SNR weights, a scalar."""
    noisy = add_noise(batch.latents, batch.noise, batch.t)
    with mixed_precision():
        predicted = model.velocity(noisy, batch.t, batch.text, batch.grounding)
    target = velocity(batch.latents, batch.noise, batch.t)
    error = F.mse_loss(predicted.float(), target, reduction="none").mean(dim=(1, 2, 3))  # [B]
    return (min_snr_weight(batch.t) * error).mean()


@torch.no_grad()
def mean_loss(model: Generator, recipe: GatesRecipe, batches: int = 2) -> float:
    """The loss over the recipe's first batches: before training, where the curve begins."""
    losses = [grounded_loss(model, make_grounded_batch(step, recipe, model.space)) for step in range(batches)]
    return torch.stack(losses).mean().item()


def train_gates(
    model: Generator,
    recipe: GatesRecipe,
    *,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place what `model.add_gates` left free; see `training.fit` for stopping and resuming."""
    gates = [name for name, _ in model.named_parameters() if ".alpha_" in name]
    return fit(
        model,
        lambda step: make_grounded_batch(step, recipe, model.space),
        grounded_loss,
        steps=recipe.steps,
        seconds=recipe.seconds,
        learning_rate=recipe.learning_rate,
        weight_decay=0.0,
        epsilon=ADAM_EPSILON,
        lr_multipliers=dict.fromkeys(gates, recipe.gate_lr_mult),
        callbacks=callbacks,
        state_file=state_file,
    )


def load_gated(file: Path = CHECKPOINT, base_file: Path = BASE_CHECKPOINT) -> Generator:
    """The baked generator with boxes: the baked base with its gates.

    Raises CheckpointError, saying what to do, when a file is missing, damaged, or the gates were trained on another base.
    """
    base = load_base(base_file)
    tensors, card = checkpoints.load(file)
    if card["base_sha256"] != stored_sha256(base_file):
        raise checkpoints.CheckpointError(
            f"{file.name} was trained on another base than {base_file.name} and draws nonsense with this one. "
            f"Get all of them again (git checkout -- data/checkpoints), or make the gates: python -m course_lib bake {file.stem}"
        )
    model = add_gates(base)
    model.load_state_dict({**model.state_dict(), **tensors})
    return model


def stored_sha256(file: Path) -> str:
    """The SHA-256 of a checkpoint, from its card; `checkpoints.load` has seen that it's true."""
    return checkpoints.load(file)[1]["sha256"]


def bake_gates(out_folder: Path, recipe: GatesRecipe = BAKED) -> None:
    """Train the shipped gates on the base in the same folder. Interrupted, it goes on where it was when called again."""
    base_file = out_folder / BASE_CHECKPOINT.name
    model = add_gates(load_base(base_file), recipe.seed)
    attention_warmup(model, recipe.attention_warmup_steps, recipe.seed, recipe.held_out)
    log = GateLog(model, file=out_folder / "gligen_gates.log.json")
    progress = train_gates(model, recipe, callbacks=[log], state_file=out_folder / "gligen_gates.training.safetensors")
    if progress.stopped:
        return
    data = "the world of course_lib.gligen.data.scenes, stream train: pictures, captions, phrases and boxes"
    card = checkpoints.card("gligen_gates", data, recipe, progress.seconds / 60, progress.losses) | {
        "base_sha256": stored_sha256(base_file),
        "base_weights_after": base_hash(model),
        "openness": {name: round(value, 4) for name, value in openness(model).items()},
        "openness_log": log.rows,
    }
    added = {name: tensor.half() for name, tensor in model.state_dict().items() if is_grounding_parameter(name)}
    checkpoints.save(out_folder / CHECKPOINT.name, added, card)
    log.file.unlink(missing_ok=True)


def gradient_sizes(model: Generator, batch: GroundedBatch, alpha: float) -> tuple[float, float]:
    """Mean absolute gradient of the gates' α, and of all weights behind them, once every α has been set to `alpha`."""
    gates = {name: weight for name, weight in model.named_parameters() if ".alpha_" in name}
    for gate in gates.values():
        nn.init.constant_(gate, alpha)
    grounded_loss(model, batch).backward()
    behind = [weight for name, weight in model.named_parameters() if weight.grad is not None and name not in gates]
    at_alpha, of_weights = (
        torch.cat([weight.grad.abs().flatten() for weight in weights]).mean().item()
        for weights in (gates.values(), behind)
    )
    return at_alpha, of_weights


def openness(model: nn.Module) -> dict[str, float]:
    """tanh(α) of every gate, by its name, from the input to the output."""
    return {name: parameter.tanh().item() for name, parameter in model.named_parameters() if ".alpha_" in name}


def gate_name(parameter: str) -> str:
    """ "unet.up_blocks.0.attentions.1.transformer_blocks.0.fuser.alpha_dense" → "up 2, feed-forward"."""
    parts = parameter.split(".")
    number = int(parts[parts.index("attentions") + 1]) + 1
    return f"{parts[1].split('_')[0]} {number}, {'attention' if parts[-1] == 'alpha_attn' else 'feed-forward'}"


class GateLog:
    """A callback of training: tanh(α) of all gates every so many steps. With a `file`, a resumed run goes on writing there."""

    def __init__(self, model: nn.Module, every: int = 100, file: Path | None = None) -> None:
        self.model, self.every, self.file = model, every, file
        self.rows: list[dict] = json.loads(file.read_text(encoding="utf-8")) if file and file.exists() else []

    def __call__(self, progress: Progress) -> None:
        """Called after every step."""
        if progress.step % self.every:
            return
        gates = [round(value, 4) for value in openness(self.model).values()]
        # Training goes on from where it was last saved, and walks again what it had walked since.
        self.rows = [row for row in self.rows if row["step"] < progress.step] + [
            {"step": progress.step, "gates": gates}
        ]
        if self.file:
            write_atomically(self.file, json.dumps(self.rows).encode())

    def curves(self) -> tuple[list[int], dict[str, list[float]]]:
        """Steps from 0 on, and |tanh(α)| at each of them by the gate's short name; the sign of α means nothing."""
        names = map(gate_name, openness(self.model))
        shut = {"step": 0, "gates": [0.0] * len(openness(self.model))}
        rows = [shut, *self.rows]
        values = zip(*([abs(value) for value in row["gates"]] for row in rows), strict=True)
        return [row["step"] for row in rows], {name: list(of_gate) for name, of_gate in zip(names, values, strict=True)}
