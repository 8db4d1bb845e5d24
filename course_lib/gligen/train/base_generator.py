"""Training the base: the generator without boxes, on pictures and captions, with a moving average of its weights."""

import copy
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.data.images import to_tensor
from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.batches import DenoisingBatch, make_batch, render_images
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.diffusion import add_noise, min_snr_weight, velocity
from course_lib.gligen.model import CONFIG, Generator, GeneratorConfig
from course_lib.training import Progress, fit

CHECKPOINT = checkpoints.FOLDER / "gligen_base.safetensors"
LATENT_SPACE_SCENES = 500  # that the latent space is fitted to


@dataclass(frozen=True)
class BaseRecipe:
    """A training run of the base."""

    steps: int
    batch_size: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    caption_dropout: float = 0.1  # share of captions left out, for classifier-free guidance
    num_things: tuple[int, int] = (1, 2)  # in a scene
    seed: int = 0


BAKED = BaseRecipe(steps=2_700)


class EmaModel(nn.Module):
    """A model and the exponential moving average (EMA) of its weights, saved and resumed as one.

    Early on the average is young: at step n it forgets as if it were over the last n/10 steps, up to 1 / (1 − decay).
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        super().__init__()
        self.model = model
        self.average = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self, *args, **kwargs) -> Tensor:
        """The forward pass of the model itself, not of the average."""
        return self.model(*args, **kwargs)

    @torch.no_grad()
    def update(self) -> None:
        """Update the average; to be called after every optimiser step."""
        self.updates += 1
        count = int(self.updates)
        decay = min(self.decay, (1 + count) / (10 + count))
        for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(weight, 1 - decay)


def new_base(config: GeneratorConfig = CONFIG, seed: int = 0) -> EmaModel:
    """An untrained base, the same for the same seed; its latent space is fitted to training pictures already."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = Generator(config)
    scenes = [draw_scene(index, "train", (1, 2), seed=1) for index in range(LATENT_SPACE_SCENES)]
    generator.space.fit(to_tensor(render_images(scenes)))
    return EmaModel(generator)


def base_loss(model: EmaModel, batch: DenoisingBatch) -> Tensor:
    """The mean squared error of the predicted velocity, with min-SNR weights: a scalar."""
    noisy = add_noise(batch.latents, batch.noise, batch.t)
    with mixed_precision():
        predicted = model.model.velocity(noisy, batch.t, batch.text)
    target = velocity(batch.latents, batch.noise, batch.t)
    error = F.mse_loss(predicted.float(), target, reduction="none").mean(dim=(1, 2, 3))  # [B]
    return (min_snr_weight(batch.t) * error).mean()


def train_base(
    model: EmaModel,
    recipe: BaseRecipe,
    *,
    callbacks: Iterable[Callable[[Progress], None]] = (),
    state_file: Path | None = None,
) -> Progress:
    """Train in place; see `training.fit` for stopping and resuming."""
    return fit(
        model,
        lambda step: make_batch(step, recipe, model.model.space),
        base_loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        warmup_frac=0.02,
        after_step=model.update,
        callbacks=callbacks,
        state_file=state_file,
    )


def bake_base(out_folder: Path, recipe: BaseRecipe = BAKED) -> None:
    """Train the shipped base. Interrupted, it goes on where it was when called again."""
    model = new_base(seed=recipe.seed)
    progress = train_base(model, recipe, state_file=out_folder / "gligen_base.training.safetensors")
    if progress.stopped:
        return
    data = "the world of course_lib.gligen.data.scenes, stream train: pictures and captions, no boxes"
    config = model.model.config.to_dict()
    card = checkpoints.card("gligen_base", data, recipe, progress.seconds / 60, progress.losses, config=config)
    weights = {name: tensor.half() for name, tensor in model.average.state_dict().items()}
    checkpoints.save(out_folder / CHECKPOINT.name, weights, card)


def load_base(file: Path = CHECKPOINT) -> Generator:
    """The baked base. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    _, card = checkpoints.load(file)
    sizes = {name: tuple(size) if isinstance(size, list) else size for name, size in card["config"].items()}
    model = Generator(GeneratorConfig(**sizes))
    checkpoints.load_into(model, file)
    return model.eval()
