"""From noise to pictures: DDIM steps, with guidance, with boxes or without."""

import warnings
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.common.precision import mixed_precision
from course_lib.gligen.data.layouts import Asked, ask, unfamiliar
from course_lib.gligen.diffusion import STEPS, alphas_cumprod
from course_lib.gligen.model import Generator, set_strength, text_states


def noise_levels(steps: int) -> list[int]:
    """The levels that `steps` steps visit, the noisiest first: 1000 − 1000/steps, …, 1000/steps, 0."""
    return [level * (STEPS // steps) for level in reversed(range(steps))]


def kept_at_steps(steps: int) -> Tensor:
    """ᾱ before each step, and after the last, which leaves no noise: [steps + 1], rising to 1."""
    return torch.cat([alphas_cumprod()[noise_levels(steps)], torch.ones(1)])


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
    strength: float = 1.0,
    after_step: Callable[[int, Tensor], Tensor] | None = None,
) -> Tensor:
    """Captions, and for a gated model boxes → pictures in 0–1 [B, 3, 64, 64]; the same for the same seed.

    `on` is the share of the steps, from the first, in which the boxes are heard, and `strength` how loud (β, 0–1).
    after_step(number of the step, latents [B, C, H, W]) may watch, and its result takes the latents' place. A phrase that
    names nothing the generator has seen is drawn as something else, with a warning. Raises ValueError for boxes that this
    model can't be given.
    """
    if boxes is not None:
        _check(model, captions, boxes)
    x = start_noise(model, len(captions), seed)
    caption, empty = text_states(captions), text_states([""] * len(captions))
    grounding, nothing = (ask(boxes), ask([[]] * len(captions))) if boxes is not None else (None, None)
    levels, kept = noise_levels(steps), kept_at_steps(steps)
    for i, (level, beta) in enumerate(zip(levels, grounding_strengths(steps, on), strict=True)):
        set_strength(model, strength * beta)
        v = guided_velocity(_predictor(model, x, level), caption, grounding, empty, nothing, guidance)
        x = ddim_step(x, v, kept[i], kept[i + 1])
        x = after_step(i, x) if after_step else x
    set_strength(model, 1.0)
    return model.space.decode(x)


def _check(model: Generator, captions: list[str], boxes: list[list[Asked]]) -> None:
    if not model.gated:
        raise ValueError("this generator has no gates and can't read boxes: take the one of learn_gates.load_gated()")
    if len(boxes) != len(captions):
        raise ValueError(f"{len(captions)} captions, but boxes for {len(boxes)}: give each caption a list, be it empty")
    for sentence in unfamiliar(boxes):
        warnings.warn(sentence, stacklevel=3)


def start_noise(model: Generator, count: int, seed: int) -> Tensor:
    """What the first step begins with: [B, C, H, W], the same for the same seed."""
    shape = count, model.config.latent_channels, model.config.latent_size, model.config.latent_size
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _predictor(model: Generator, x: Tensor, level: int):
    """The velocity at these latents and this level, as a function of text states and grounding."""

    def predict(states: Tensor, grounding) -> Tensor:
        with mixed_precision():
            return model.velocity(x, torch.full((len(x),), level), states, grounding).float()

    return predict


def guided_velocity(
    predict: Callable[[Tensor, object], Tensor], caption: Tensor, grounding, empty: Tensor, nothing, guidance: float
) -> Tensor:
    """Classifier-free guidance (Ho and Salimans 2022): from what is drawn unasked, on past what is asked for.

    predict(text states, grounding) → velocity [B, C, H, W]. `caption` and `grounding` are what is asked for; `empty` is
    the empty caption, `nothing` a grounding without boxes: the unasked prediction must know of neither.
    """
    asked = predict(caption, grounding)
    unasked = predict(empty, nothing)
    return unasked + guidance * (asked - unasked)


def grounding_strengths(steps: int, on: float, decay: float = 0.0) -> list[float]:
    """β of each sampling step, the first (noisiest) first: scheduled sampling (GLIGEN section 3.3; gligen_inference.py).

    The share `on` of the steps has 1, the next share `decay` goes down evenly to 0, and the rest has 0: early steps lay
    out the picture, late ones only polish it, and the base polishes best alone.
    """
    full, falling = int(on * steps), int(decay * steps)
    slope = [1 - (i + 1) / falling for i in range(falling)]
    return [1.0] * full + slope + [0.0] * (steps - full - falling)
