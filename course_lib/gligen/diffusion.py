"""The forward process: how noise is added, what the network is asked for, and what each noise level counts."""

from functools import cache

from torch import Tensor

STEPS = 1000  # noise levels
STRONGEST = 5.0  # γ of min-SNR-γ


@cache
def alphas_cumprod() -> Tensor:
    """ᾱ_t, the share of the picture's variance that is left at noise level t: [1000], from near 1 to near 0.

    The squared cosine of Nichol and Dhariwal (2021), as diffusers' "squaredcos_cap_v2" has it.
    """
    from diffusers import DDIMScheduler

    return DDIMScheduler(STEPS, beta_schedule="squaredcos_cap_v2").alphas_cumprod.clone()


def _levels(t: Tensor) -> Tensor:
    """ᾱ of int [B] → [B, 1, 1, 1]."""
    return alphas_cumprod()[t].view(-1, 1, 1, 1)


def add_noise(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """√ᾱ · clean + √(1 − ᾱ) · noise; [B, C, H, W], [B, C, H, W], int [B] → [B, C, H, W]."""
    kept = _levels(t)
    return kept.sqrt() * clean + (1 - kept).sqrt() * noise


def velocity(clean: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """What the network predicts: v = √ᾱ · noise − √(1 − ᾱ) · clean (Salimans and Ho 2022).

    Where all is noise, v asks for the picture, which the caption alone can tell; noise (ε) would be read off the input.
    """
    kept = _levels(t)
    return kept.sqrt() * noise - (1 - kept).sqrt() * clean


def loss_weight(t: Tensor) -> Tensor:
    """How much each level counts: int [B] → [B], min(SNR + 1, γ) / (SNR + 1), with SNR = ᾱ / (1 − ᾱ).

    Min-SNR-γ (Hang et al. 2023), shifted by one for v as in diffusers' training scripts: 1 wherever noise prevails,
    which is where the caption decides what is drawn, and less where only the last touches are left.
    """
    kept = alphas_cumprod()[t]
    snr_and_one = 1 / (1 - kept)
    return snr_and_one.clamp(max=STRONGEST) / snr_and_one
