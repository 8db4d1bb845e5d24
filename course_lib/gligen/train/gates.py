"""How the gates are trained: the base frozen, boxes given, the caption often kept back."""

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.checkpoints import write_atomically
from course_lib.clip.data.images import to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.layouts import ask, true_boxes
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene
from course_lib.gligen.diffusion import STEPS, add_noise, loss_weight, velocity
from course_lib.gligen.latents import PatchSpace
from course_lib.gligen.model import Generator, add_gates, base_hash, is_grounding, text_states
from course_lib.gligen.train import base as learn
from course_lib.gligen.train.warmup import first_look
from course_lib.training import Progress, fit
from course_lib.world.render import render

CHECKPOINT = checkpoints.FOLDER / "gligen_gates.safetensors"


# Of Adam. Behind gates that are nearly shut, gradients are of the order of 1e-7: with the usual 1e-6, the grounding net
# would learn at a small part of its rate, and the gates would open to nothing.
EPSILON = 1e-10


@dataclass(frozen=True)
class GatesRecipe:
    """A training run of gates and grounding net. Published: lr 5e-5, 500,000 steps; a small model can do with fewer, larger ones."""

    steps: int | None = None  # either these, or
    seconds: float | None = None
    batch_size: int = 32
    learning_rate: float = 1e-3
    gate_rate: float = (
        10.0  # the gates' own rate is so many times as high: they begin at 0, and all else waits for them
    )
    no_grounding: float = 0.1  # share of batches without a box
    no_caption: float = 0.5  # share of captions left out, so that the boxes must be read
    first_look: int = 400  # steps of `first_look`, before the first of these
    noisy_levels: bool = True  # draw the noisier levels more often, see `draw_levels`
    count: tuple[int, int] = (1, 3)
    seed: int = 0


BAKED = GatesRecipe(steps=1_600)
LIVE = GatesRecipe(seconds=180, count=(1, 2), first_look=200)  # the lesson's own


@dataclass(frozen=True)
class GroundedBatch:
    """One step of the gates."""

    latents: Tensor  # [B, C, H, W], clean
    states: Tensor  # [B, L, 128]
    grounding: dict[str, Tensor]  # see `asking.ask`
    noise: Tensor  # [B, C, H, W]
    t: Tensor  # int [B]


def make_batch(step: int, recipe: GatesRecipe, space: PatchSpace) -> GroundedBatch:
    """The batch of a step, from its number alone."""
    rng = random.Random(f"gligen/gates/{recipe.seed}/{step}")
    first = step * recipe.batch_size
    # Scenes of another seed than the base's: the gates should not learn what the base has by heart.
    scenes = [draw_scene(first + i, "train", recipe.count, recipe.seed + 1000) for i in range(recipe.batch_size)]
    drawn = [render(scene, PIXELS) for scene in scenes]
    captions = ["" if rng.random() < recipe.no_caption else caption_of(scene, rng) for scene in scenes]
    asked = [true_boxes(scene, picture) for scene, picture in zip(scenes, drawn, strict=True)]
    for boxes in asked:
        rng.shuffle(boxes)
    latents = space.encode(torch.cat([to_tensor(picture.image[None]) for picture in drawn]))
    generator = torch.Generator().manual_seed(rng.randrange(2**62))
    noise = torch.randn(latents.shape, generator=generator)
    t = draw_levels(len(scenes), recipe.noisy_levels, generator)
    if rng.random() < recipe.no_grounding:
        asked = [[] for _ in scenes]
    return GroundedBatch(latents, text_states(captions), ask(asked), noise, t)


def draw_levels(count: int, noisy: bool, generator: torch.Generator) -> Tensor:
    """Noise levels int [count]: all alike, or (`noisy`) with a density that rises linearly with t.

    Where things lie is decided while nearly all is noise; later it can be seen in the picture, and a box says nothing new.
    """
    share = torch.rand(count, generator=generator)
    return ((share.sqrt() if noisy else share) * STEPS).long()


def grounded_loss(model: Generator, batch: GroundedBatch) -> Tensor:
    """The base's loss, with boxes."""
    noisy = add_noise(batch.latents, batch.noise, batch.t)
    with mixed_precision():
        predicted = model.velocity(noisy, batch.t, batch.states, batch.grounding)
    wanted = velocity(batch.latents, batch.noise, batch.t)
    error = F.mse_loss(predicted.float(), wanted, reduction="none").mean(dim=(1, 2, 3))  # [B]
    return (loss_weight(batch.t) * error).mean()


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
        lambda step: make_batch(step, recipe, model.space),
        grounded_loss,
        steps=recipe.steps,
        seconds=recipe.seconds,
        learning_rate=recipe.learning_rate,
        weight_decay=0.0,
        epsilon=EPSILON,
        lr_multipliers=dict.fromkeys(gates, recipe.gate_rate),
        callbacks=callbacks,
        state_file=state_file,
    )


def load_gated(file: Path = CHECKPOINT, base_file: Path = learn.CHECKPOINT) -> Generator:
    """The one we made earlier: the baked base with its gates.

    Raises CheckpointError, saying what to do, when a file is missing, damaged, or the gates were trained on another base.
    """
    base = learn.load_base(base_file)
    tensors, card = checkpoints.load(file)
    if card["base_sha256"] != sha256(base_file):
        raise checkpoints.CheckpointError(
            f"{file.name} was trained on another base than {base_file.name} and draws nonsense with this one. "
            f"Get all of them again (git checkout -- data/checkpoints), or make the gates: python -m course_lib bake {file.stem}"
        )
    model = add_gates(base)
    model.load_state_dict({**model.state_dict(), **tensors})
    return model


def sha256(file: Path) -> str:
    """Of a checkpoint, from its card; `checkpoints.load` has seen that it's true."""
    return checkpoints.load(file)[1]["sha256"]


def bake_gates(out_folder: Path, recipe: GatesRecipe = BAKED) -> None:
    """Train the shipped gates on the base in the same folder. Interrupted, it goes on where it was when called again."""
    base_file = out_folder / learn.CHECKPOINT.name
    model = add_gates(learn.load_base(base_file), recipe.seed)
    first_look(model, recipe.first_look, recipe.seed)
    log = GateLog(model, file=out_folder / "gligen_gates.log.json")
    progress = train_gates(model, recipe, callbacks=[log], state_file=out_folder / "gligen_gates.training.safetensors")
    if progress.stopped:
        return
    data = "the world of course_lib.gligen.data.scenes, stream train: pictures, captions, phrases and boxes"
    card = checkpoints.card("gligen_gates", data, recipe, progress.seconds / 60, progress.losses) | {
        "base_sha256": sha256(base_file),
        "base_weights_after": base_hash(model),
        "openness": {name: round(value, 4) for name, value in openness(model).items()},
        "openness_log": log.rows,
    }
    added = {name: tensor.half() for name, tensor in model.state_dict().items() if is_grounding(name)}
    checkpoints.save(out_folder / CHECKPOINT.name, added, card)
    log.file.unlink(missing_ok=True)


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
