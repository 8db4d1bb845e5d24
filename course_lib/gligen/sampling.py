"""Sampling: from noise to pictures in DDIM steps, with classifier-free guidance, and for a gated model with boxes."""

import warnings
from collections.abc import Callable
from contextlib import nullcontext

import torch
from torch import Tensor

from course_lib.common.precision import mixed_precision
from course_lib.gligen.diffusion import NUM_TRAIN_TIMESTEPS, alphas_cumprod
from course_lib.gligen.layouts import GroundedPhrase, grounding_inputs
from course_lib.gligen.model import Generator, set_strength, text_states
from course_lib.gligen.vocabulary import notes_on_phrases

FEW = 2  # pictures: for so few, rounding the weights anew in every step takes longer than bfloat16 saves (34 ms, without it 22)


@torch.no_grad()
def sample(
    model: Generator,
    captions: list[str],
    layouts: list[list[GroundedPhrase]] | None = None,
    *,
    seed: int = 0,
    steps: int = 20,
    guidance_scale: float = 3.0,
    grounded_fraction: float = 1.0,
    strength: float = 1.0,
    callback_on_step_end: Callable[[int, Tensor], Tensor] | None = None,
) -> Tensor:
    """Captions, and for a gated model layouts → pictures in 0–1 [B, 3, 64, 64]; the same for the same seed.

    `grounded_fraction` is the share of the steps, from the first, in which the boxes are heard, and `strength` how loud
    (β, 0–1). callback_on_step_end(number of the step, latents [B, C, H, W]) may watch, and its result takes the latents'
    place. A phrase that names nothing the generator has seen is drawn as something else, with a warning. Raises ValueError
    for layouts that this model can't be given.
    """
    # The conditional and the unconditional inputs: captions and none, boxes and learned nulls.
    text, null_text = text_states(captions), text_states([""] * len(captions))
    grounding = null_grounding = None
    if layouts is not None:
        _check(model, captions, layouts)
        grounding, null_grounding = grounding_inputs(layouts), grounding_inputs([[]] * len(captions))
    x = start_noise(model, len(captions), seed)
    alpha_bar = alpha_bar_at_steps(steps)
    for i, (t, beta) in enumerate(zip(timesteps(steps), grounding_strengths(steps, grounded_fraction), strict=True)):
        # Scheduled sampling sets the gates; guidance gives the velocity; DDIM takes the step.
        set_strength(model, strength * beta)
        v = guided_velocity(_predictor(model, x, t), text, grounding, null_text, null_grounding, guidance_scale)
        x = ddim_step(x, v, alpha_bar[i], alpha_bar[i + 1])
        x = callback_on_step_end(i, x) if callback_on_step_end else x
    set_strength(model, 1.0)
    return model.space.decode(x)


def _check(model: Generator, captions: list[str], layouts: list[list[GroundedPhrase]]) -> None:
    """Raises ValueError for what `sample` can't be given, and warns of phrases that mean little to the model."""
    if not model.gated:
        raise ValueError("this generator has no gates and can't read boxes: take the one of train.gates.load_gated()")
    if len(layouts) != len(captions):
        raise ValueError(
            f"{len(captions)} captions, but boxes for {len(layouts)}: give each caption a list, be it empty"
        )
    for sentence in notes_on_phrases(grounded.phrase for layout in layouts for grounded in layout):
        warnings.warn(sentence, stacklevel=3)


def start_noise(model: Generator, count: int, seed: int) -> Tensor:
    """The latents before the first step, pure noise: [B, C, H, W], the same for the same seed."""
    shape = count, model.config.latent_channels, model.config.sample_size, model.config.sample_size
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _predictor(model: Generator, x: Tensor, t: int) -> Callable[[Tensor, dict[str, Tensor] | None], Tensor]:
    """The velocity at these latents and this timestep, as a function of text states and grounding."""
    few = len(x) <= FEW

    def predict(text: Tensor, grounding: dict[str, Tensor] | None) -> Tensor:
        with nullcontext() if few else mixed_precision():
            return model.velocity(x, torch.full((len(x),), t), text, grounding).float()

    return predict


def timesteps(steps: int) -> list[int]:
    """The timesteps that `steps` steps visit, the noisiest first: 1000 − 1000/steps, …, 1000/steps, 0."""
    return [step * (NUM_TRAIN_TIMESTEPS // steps) for step in reversed(range(steps))]


def alpha_bar_at_steps(steps: int) -> Tensor:
    """ᾱ before each step, and after the last, which leaves no noise: [steps + 1], rising to 1."""
    return torch.cat([alphas_cumprod()[timesteps(steps)], torch.ones(1)])


def ddim_step(noisy: Tensor, v: Tensor, alpha_bar: Tensor, alpha_bar_next: Tensor) -> Tensor:
    """One deterministic DDIM step to a cleaner level (Song et al. 2021, eq. 12 with σ = 0).

    noisy [B, C, H, W]; v, the predicted velocity √ᾱ · noise − √(1 − ᾱ) · clean; ᾱ here and after the step, scalars
    → [B, C, H, W].
    """
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    noise = alpha_bar.sqrt() * v + (1 - alpha_bar).sqrt() * noisy
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * noise


def guided_velocity(
    predict: Callable[[Tensor, object], Tensor],
    text: Tensor,
    grounding,
    null_text: Tensor,
    null_grounding,
    guidance_scale: float,
) -> Tensor:
    """Classifier-free guidance (Ho and Salimans 2022): from the unconditional prediction, through the conditional one, and on.

    predict(text states, grounding) → velocity [B, C, H, W]. `text` and `grounding` are the condition; `null_text` is the
    empty caption, `null_grounding` a grounding without boxes: the unconditional prediction must know of neither.
    """
    conditional = predict(text, grounding)
    unconditional = predict(null_text, null_grounding)
    return unconditional + guidance_scale * (conditional - unconditional)


def grounding_strengths(steps: int, grounded_fraction: float, decay_fraction: float = 0.0) -> list[float]:
    """Scheduled sampling: β of each step, the first (noisiest) first (GLIGEN section 3.3; gligen_inference.py).

    The share `grounded_fraction` of the steps has 1, the next share `decay_fraction` goes down evenly to 0, and the rest
    has 0: early steps lay out the picture, late ones only polish it, and the base polishes best alone.
    """
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    slope = [1 - (i + 1) / falling for i in range(falling)]
    return [1.0] * full + slope + [0.0] * (steps - full - falling)
