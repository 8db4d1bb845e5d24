"""From noise to pictures: DDIM steps, with guidance, with boxes or without."""

import warnings

import torch
from torch import Tensor

from course_lib.gligen.asking import Asked, ask, unfamiliar
from course_lib.gligen.diffusion import STEPS, alphas_cumprod
from course_lib.gligen.guidance import grounding_strengths, guided_velocity
from course_lib.gligen.model import Generator, set_strength, text_states
from course_lib.precision import mixed_precision


def noise_levels(steps: int) -> list[int]:
    """The levels that `steps` steps visit, the noisiest first: 1000 − 1000/steps, …, 1000/steps, 0."""
    return [level * (STEPS // steps) for level in reversed(range(steps))]


def ddim_step(noisy: Tensor, v: Tensor, kept: Tensor, kept_after: Tensor) -> Tensor:
    """One deterministic step to a cleaner level (Song et al. 2021, eq. 12 with σ = 0).

    noisy [B, C, H, W]; v, the predicted velocity √ᾱ · noise − √(1 − ᾱ) · clean; ᾱ here and after the step, scalars → [B, C, H, W].
    """
    clean = kept.sqrt() * noisy - (1 - kept).sqrt() * v
    noise = kept.sqrt() * v + (1 - kept).sqrt() * noisy
    return kept_after.sqrt() * clean + (1 - kept_after).sqrt() * noise


@torch.no_grad()
def sample(
    model: Generator,
    captions: list[str],
    boxes: list[list[Asked]] | None = None,
    *,
    seed: int = 0,
    steps: int = 20,
    guidance: float = 3.0,
    on: float = 1.0,
) -> Tensor:
    """Captions, and for a gated model boxes → pictures in 0–1 [B, 3, 64, 64]; the same for the same seed.

    `on` is the share of the steps, from the first, in which the boxes are heard. A phrase that names nothing the generator
    has seen is drawn as something else, with a warning. Raises ValueError for boxes that this model can't be given.
    """
    if boxes is not None:
        _check(model, captions, boxes)
    x = _noise(model, len(captions), seed)
    caption, empty = text_states(captions), text_states([""] * len(captions))
    grounding, nothing = (ask(boxes), ask([[]] * len(captions))) if boxes is not None else (None, None)
    levels = noise_levels(steps)
    kept = torch.cat([alphas_cumprod()[levels], torch.ones(1)])  # the last step leaves no noise
    for i, (level, beta) in enumerate(zip(levels, grounding_strengths(steps, on), strict=True)):
        set_strength(model, beta)
        v = guided_velocity(_predictor(model, x, level), caption, grounding, empty, nothing, guidance)
        x = ddim_step(x, v, kept[i], kept[i + 1])
    set_strength(model, 1.0)
    return model.space.decode(x)


def _check(model: Generator, captions: list[str], boxes: list[list[Asked]]) -> None:
    if not model.gated:
        raise ValueError("this generator has no gates and can't read boxes: take the one of learn_gates.load_gated()")
    if len(boxes) != len(captions):
        raise ValueError(f"{len(captions)} captions, but boxes for {len(boxes)}: give each caption a list, be it empty")
    for sentence in unfamiliar(boxes):
        warnings.warn(sentence, stacklevel=3)


def _noise(model: Generator, count: int, seed: int) -> Tensor:
    """[B, C, H, W]."""
    shape = count, model.config.latent_channels, model.config.latent_size, model.config.latent_size
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _predictor(model: Generator, x: Tensor, level: int):
    """The velocity at these latents and this level, as a function of text states and grounding."""

    def predict(states: Tensor, grounding) -> Tensor:
        with mixed_precision():
            return model.velocity(x, torch.full((len(x),), level), states, grounding).float()

    return predict
