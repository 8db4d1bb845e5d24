"""The exercise on sampling: one DDIM step."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal
from course_lib.gligen.sampling import ddim_step

LEVELS = (  # ᾱ here and after the step lie between these
    ((0.2, 0.5), (0.6, 0.9)),
    ((0.003, 0.01), (0.02, 0.1)),  # the first step: nearly nothing but noise
    ((0.9, 0.98), (1, 1)),  # the last one: no noise is left
    ((0.6, 0.7), (0.75, 0.8)),
)


def step_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Latents of a few pictures, of the lesson's points, of one picture; a velocity, and ᾱ of two timesteps, the second cleaner."""
    many = tuple(int(rng.integers(low, low + 2)) for low in (2, 4, 6, 8))
    shape = rng.in_turn((many, (5, 2, 1, 1), (3, 3, 3, 3), (1, 4, 2, 5)))
    alpha_bar, alpha_bar_next = (torch.tensor(float(rng.uniform(*between))) for between in rng.in_turn(LEVELS))
    return normal(rng, *shape), normal(rng, *shape), alpha_bar, alpha_bar_next


def step_as_epsilon(noisy, v, alpha_bar, alpha_bar_next):
    clean = (noisy - (1 - alpha_bar).sqrt() * v) / alpha_bar.sqrt()
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * v


def step_without_roots(noisy, v, alpha_bar, alpha_bar_next):
    clean, noise = alpha_bar * noisy - (1 - alpha_bar) * v, alpha_bar * v + (1 - alpha_bar) * noisy
    return alpha_bar_next * clean + (1 - alpha_bar_next) * noise


def step_standing_still(noisy, v, alpha_bar, alpha_bar_next):
    return ddim_step(noisy, v, alpha_bar, alpha_bar)


def step_to_the_end(noisy, v, alpha_bar, alpha_bar_next):
    return alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v


def step_with_v_as_noise(noisy, v, alpha_bar, alpha_bar_next):
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * v


def step_sign(noisy, v, alpha_bar, alpha_bar_next):
    return ddim_step(noisy, -v, alpha_bar, alpha_bar_next)


def step_with_signs(clean_noisy: int, clean_v: int, noise_v: int, noise_noisy: int) -> Callable:
    """The step with each of the four parts plus (1) or minus (−1); 1, −1, 1, 1 is right."""

    def step(noisy, v, alpha_bar, alpha_bar_next):
        clean = clean_noisy * alpha_bar.sqrt() * noisy + clean_v * (1 - alpha_bar).sqrt() * v
        noise = noise_v * alpha_bar.sqrt() * v + noise_noisy * (1 - alpha_bar).sqrt() * noisy
        return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * noise

    return step


def step_factors_exchanged(noisy, v, alpha_bar, alpha_bar_next):
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    noise = alpha_bar.sqrt() * v + (1 - alpha_bar).sqrt() * noisy
    return (1 - alpha_bar_next).sqrt() * clean + alpha_bar_next.sqrt() * noise


def step_with_fresh_noise(noisy, v, alpha_bar, alpha_bar_next):
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * torch.randn_like(noisy)


def step_clean_unscaled(noisy, v, alpha_bar, alpha_bar_next):
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    noise = alpha_bar.sqrt() * v + (1 - alpha_bar).sqrt() * noisy
    return clean + (1 - alpha_bar_next).sqrt() * noise


def step_in_one_line(noisy, v, alpha_bar, alpha_bar_next):
    a, s, a_next, s_next = alpha_bar**0.5, (1 - alpha_bar) ** 0.5, alpha_bar_next**0.5, (1 - alpha_bar_next) ** 0.5
    return (a_next * a + s_next * s) * noisy + (s_next * a - a_next * s) * v


def step_as_rotation(noisy, v, alpha_bar, alpha_bar_next):
    """Noise level as an angle: the step turns (picture, noise) by the difference."""
    turn = torch.acos(alpha_bar.sqrt()) - torch.acos(alpha_bar_next.sqrt())
    return turn.cos() * noisy - turn.sin() * v


def step_by_noise(noisy, v, alpha_bar, alpha_bar_next):
    noise = (1 - alpha_bar).sqrt() * noisy + alpha_bar.sqrt() * v
    clean = (noisy - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()
    return clean * alpha_bar_next.sqrt() + noise * (1 - alpha_bar_next).sqrt()


TASKS = [
    Task(
        id="gligen.ddim_step",
        title="One DDIM step",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=ddim_step,
        used_at=("gligen.sampling:ddim_step",),
        make_inputs=step_inputs,
        draws=8,
        mistakes=(
            Mistake(
                "as if it were noise",
                step_as_epsilon,
                "You read the prediction as noise (ε), as older models give it. Ours is the *velocity*: clean = √ᾱ · noisy − √(1 − ᾱ) · v.",
            ),
            Mistake(
                "no roots",
                step_without_roots,
                "ᾱ is a share of the *variance*. The factors of picture and noise are its roots: `alpha_bar.sqrt()` and `(1 - alpha_bar).sqrt()`.",
            ),
            Mistake(
                "no step",
                step_standing_still,
                "What comes out is what went in: the new mixture is made with `alpha_bar_next`.",
            ),
            Mistake(
                "straight to the end",
                step_to_the_end,
                "This is the guess of the clean picture. It is a blur while there is much noise: add `(1 - alpha_bar_next).sqrt()` of the noise again.",
            ),
            Mistake(
                "v as the noise",
                step_with_v_as_noise,
                "The clean picture is right, but v is not the noise. noise = √ᾱ · v + √(1 − ᾱ) · noisy.",
            ),
            Mistake(
                "sign of the clean picture",
                step_with_signs(1, 1, 1, 1),
                "The noise is right, the clean picture is not: clean = √ᾱ · noisy *−* √(1 − ᾱ) · v.",
            ),
            Mistake(
                "sign of the noise",
                step_with_signs(1, -1, 1, -1),
                "The clean picture is right, the noise is not: noise = √ᾱ · v *+* √(1 − ᾱ) · noisy.",
            ),
            Mistake(
                "clean picture turned",
                step_with_signs(-1, 1, 1, 1),
                "Your clean picture is a negative: its two parts are exchanged around the minus. clean = √ᾱ · noisy − √(1 − ᾱ) · v.",
            ),
            Mistake(
                "clean picture subtracted",
                step_with_signs(-1, -1, 1, 1),
                "The clean picture has a minus before both of its parts. Only v is taken off: clean = √ᾱ · noisy *−* √(1 − ᾱ) · v.",
            ),
            Mistake(
                "sign of v in the noise",
                step_with_signs(1, -1, -1, 1),
                "The clean picture is right. In the noise, v counts *plus*: noise = √ᾱ · v + √(1 − ᾱ) · noisy.",
            ),
            Mistake(
                "noise subtracted",
                step_with_signs(1, -1, -1, -1),
                "Picture and noise are right, but you take the noise *off* at the end. The new mixture is a sum: √ᾱ' · clean *+* √(1 − ᾱ') · noise.",
            ),
            Mistake(
                "both signs",
                step_with_signs(1, 1, 1, -1),
                "The two signs are exchanged. The minus belongs to the clean picture, √ᾱ · noisy *−* √(1 − ᾱ) · v, the plus to the noise, √ᾱ · v *+* √(1 − ᾱ) · noisy.",
            ),
            Mistake(
                "a plus in the picture, a minus at the end",
                step_with_signs(1, 1, -1, -1),
                "Two signs are wrong: clean = √ᾱ · noisy *−* √(1 − ᾱ) · v, and at the end the noise is added, not taken off.",
            ),
            Mistake(
                "factors exchanged",
                step_factors_exchanged,
                "In the new mixture the factors are exchanged: √ᾱ' belongs to the clean picture, √(1 − ᾱ') to the noise.",
            ),
            Mistake(
                "fresh noise",
                step_with_fresh_noise,
                "You add *fresh* noise, as DDPM does. DDIM adds the noise that the network found in `noisy`, so that the way is always the same.",
            ),
            Mistake(
                "clean picture at full strength",
                step_clean_unscaled,
                "The clean picture is added at full strength. In the new mixture it counts `alpha_bar_next.sqrt()`.",
            ),
            Mistake(
                "sign",
                step_sign,
                "This is a step back, to more noise: the two levels are swapped, or the sign of v is turned in both lines. clean = √ᾱ · noisy *−* √(1 − ᾱ) · v, and noise = √ᾱ · v *+* √(1 − ᾱ) · noisy, both with `alpha_bar`.",
            ),
        ),
        alternatives=(step_as_rotation, step_by_noise, step_in_one_line),
        hints=(
            "The network tells you, in a way, both the clean picture and the noise. Find both, then mix them anew with less noise.",
            "$\\hat x = \\sqrt{\\bar\\alpha}\\, z - \\sqrt{1-\\bar\\alpha}\\, v$, $\\hat\\epsilon = \\sqrt{\\bar\\alpha}\\, v + \\sqrt{1-\\bar\\alpha}\\, z$, and $z' = \\sqrt{\\bar\\alpha'}\\, \\hat x + \\sqrt{1-\\bar\\alpha'}\\, \\hat\\epsilon$; all `[B, C, H, W]`.",
            "```python\nclean = ...\nnoise = ...\nreturn alpha_bar_next.sqrt() * clean + ...\n```",
        ),
    ),
]
