"""From noise to pictures: DDIM steps, classifier-free guidance."""

import torch
from torch import Tensor

from course_lib.gligen.diffusion import STEPS, alphas_cumprod
from course_lib.gligen.model import Generator, text_states
from course_lib.precision import mixed_precision


def noise_levels(steps: int) -> list[int]:
    """The levels that `steps` steps visit, the noisiest first: every (1000 / steps)-th, from 1000 − 1000/steps down to 0."""
    return [level * (STEPS // steps) for level in reversed(range(steps))]


def ddim_step(noisy: Tensor, v: Tensor, t: int, to: int) -> Tensor:
    """One deterministic step from noise level t to level `to`; to < 0 means no noise at all (Song et al. 2021, eq. 12, σ = 0).

    noisy [B, C, H, W], v the predicted velocity → [B, C, H, W].
    """
    kept = alphas_cumprod()
    here, there = kept[t], kept[to] if to >= 0 else kept.new_tensor(1.0)
    clean = here.sqrt() * noisy - (1 - here).sqrt() * v
    noise = here.sqrt() * v + (1 - here).sqrt() * noisy
    return there.sqrt() * clean + (1 - there).sqrt() * noise


def guided(with_caption: Tensor, without: Tensor, guidance: float) -> Tensor:
    """Classifier-free guidance (Ho and Salimans 2022): further along the way from no caption to the caption."""
    return without + guidance * (with_caption - without)


@torch.no_grad()
def sample(model: Generator, captions: list[str], *, seed: int = 0, steps: int = 20, guidance: float = 3.0) -> Tensor:
    """Captions → pictures in 0–1 [B, 3, 64, 64]; the same for the same seed."""
    count, size = len(captions), model.config.latent_size
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(count, model.config.latent_channels, size, size, generator=generator)
    states = text_states([*captions, *[""] * count])  # [2B, L, 128]: both in one pass
    levels = noise_levels(steps)
    for t, to in zip(levels, [*levels[1:], -1], strict=True):
        with mixed_precision():
            v = model.unet(torch.cat([x, x]), t, encoder_hidden_states=states).sample.float()
        x = ddim_step(x, guided(*v.chunk(2), guidance), t, to)
    return model.space.decode(x)
