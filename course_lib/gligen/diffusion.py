"""The forward process of diffusion: noise schedule, adding noise, the velocity to predict, the loss weight of a timestep."""

from functools import cache

from torch import Tensor

NUM_TRAIN_TIMESTEPS = 1000  # noise levels
SNR_GAMMA = 5.0  # γ of min-SNR-γ


@cache
def alphas_cumprod() -> Tensor:
    """The noise schedule ᾱ_t, the share of the picture's variance that is left at timestep t: [1000], from near 1 to near 0.

    The squared cosine of Nichol and Dhariwal (2021), as diffusers' "squaredcos_cap_v2" has it.
    """
    from diffusers import DDIMScheduler

    return DDIMScheduler(NUM_TRAIN_TIMESTEPS, beta_schedule="squaredcos_cap_v2").alphas_cumprod.clone()


def _alpha_bar_at(t: Tensor) -> Tensor:
    """ᾱ of timesteps int [B], shaped to multiply pictures: [B, 1, 1, 1]."""
    return alphas_cumprod()[t].view(-1, 1, 1, 1)


def add_noise(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """The noisy picture √ᾱ · clean + √(1 − ᾱ) · noise; [B, C, H, W], [B, C, H, W], timesteps int [B] → [B, C, H, W]."""
    alpha_bar = _alpha_bar_at(t)
    return alpha_bar.sqrt() * clean + (1 - alpha_bar).sqrt() * noise


def velocity(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """The prediction target v = √ᾱ · noise − √(1 − ᾱ) · clean (Salimans and Ho 2022); shapes as in `add_noise`.

    Where all is noise, v asks for the picture, which the caption alone can tell; noise (ε) would be read off the input.
    """
    alpha_bar = _alpha_bar_at(t)
    return alpha_bar.sqrt() * noise - (1 - alpha_bar).sqrt() * clean


def min_snr_weight(t: Tensor) -> Tensor:
    """The loss weight of each timestep: int [B] → [B], min(SNR + 1, γ) / (SNR + 1), with SNR = ᾱ / (1 − ᾱ).

    Min-SNR-γ (Hang et al. 2023), shifted by one for v as in diffusers' training scripts: 1 wherever noise prevails,
    which is where the caption decides what is drawn, and less where only the last touches are left.
    """
    alpha_bar = alphas_cumprod()[t]
    snr_plus_one = 1 / (1 - alpha_bar)
    return snr_plus_one.clamp(max=SNR_GAMMA) / snr_plus_one
