"""The exercise on one DDIM step."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.gligen.exercises_fourier import normal
from course_lib.gligen.sampling import ddim_step


def step_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Latents, a velocity, and two levels, the second cleaner."""
    shape = tuple(int(rng.integers(low, low + 2)) for low in (2, 4, 6, 8))
    kept, kept_after = rng.uniform(0.2, 0.5), rng.uniform(0.6, 0.9)
    return normal(rng, *shape), normal(rng, *shape), torch.tensor(float(kept)), torch.tensor(float(kept_after))


def step_as_epsilon(noisy, v, kept, kept_after):
    clean = (noisy - (1 - kept).sqrt() * v) / kept.sqrt()
    return kept_after.sqrt() * clean + (1 - kept_after).sqrt() * v


def step_without_roots(noisy, v, kept, kept_after):
    clean, noise = kept * noisy - (1 - kept) * v, kept * v + (1 - kept) * noisy
    return kept_after * clean + (1 - kept_after) * noise


def step_standing_still(noisy, v, kept, kept_after):
    return ddim_step(noisy, v, kept, kept)


def step_to_the_end(noisy, v, kept, kept_after):
    return kept.sqrt() * noisy - (1 - kept).sqrt() * v


def step_with_v_as_noise(noisy, v, kept, kept_after):
    clean = kept.sqrt() * noisy - (1 - kept).sqrt() * v
    return kept_after.sqrt() * clean + (1 - kept_after).sqrt() * v


def step_sign(noisy, v, kept, kept_after):
    return ddim_step(noisy, -v, kept, kept_after)


def step_as_rotation(noisy, v, kept, kept_after):
    """Noise level as an angle: the step turns (picture, noise) by the difference."""
    turn = torch.acos(kept.sqrt()) - torch.acos(kept_after.sqrt())
    return turn.cos() * noisy - turn.sin() * v


def step_by_noise(noisy, v, kept, kept_after):
    noise = (1 - kept).sqrt() * noisy + kept.sqrt() * v
    clean = (noisy - (1 - kept).sqrt() * noise) / kept.sqrt()
    return clean * kept_after.sqrt() + noise * (1 - kept_after).sqrt()


TASKS = [
    Task(
        id="gligen.ddim_step",
        title="One DDIM step",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=ddim_step,
        make_inputs=step_inputs,
        mistakes=(
            Mistake(
                "as if it were noise",
                step_as_epsilon,
                "You read the prediction as noise (ε), as older models give it. Ours is the *velocity*: clean = √ᾱ · noisy − √(1 − ᾱ) · v.",
            ),
            Mistake(
                "no roots",
                step_without_roots,
                "ᾱ is a share of the *variance*. The factors of picture and noise are its roots: `kept.sqrt()` and `(1 - kept).sqrt()`.",
            ),
            Mistake(
                "no step",
                step_standing_still,
                "What comes out is what went in: the new mixture is made with `kept_after`.",
            ),
            Mistake(
                "straight to the end",
                step_to_the_end,
                "This is the guess of the clean picture. It is a blur while there is much noise: add `(1 - kept_after).sqrt()` of the noise again.",
            ),
            Mistake(
                "v as the noise",
                step_with_v_as_noise,
                "The clean picture is right, but v is not the noise. noise = √ᾱ · v + √(1 − ᾱ) · noisy.",
            ),
            Mistake(
                "sign",
                step_sign,
                "The sign of v is turned in both lines: clean = √ᾱ · noisy *−* √(1 − ᾱ) · v, and noise = √ᾱ · v *+* √(1 − ᾱ) · noisy.",
            ),
        ),
        alternatives=(step_as_rotation, step_by_noise),
        hints=(
            "The network tells you, in a way, both the clean picture and the noise. Find both, then mix them anew with less noise.",
            "$\\hat x = \\sqrt{\\bar\\alpha}\\, z - \\sqrt{1-\\bar\\alpha}\\, v$, $\\hat\\epsilon = \\sqrt{\\bar\\alpha}\\, v + \\sqrt{1-\\bar\\alpha}\\, z$, and $z' = \\sqrt{\\bar\\alpha'}\\, \\hat x + \\sqrt{1-\\bar\\alpha'}\\, \\hat\\epsilon$; all `[B, C, H, W]`.",
            "```python\nclean = ...\nnoise = ...\nreturn kept_after.sqrt() * clean + ...\n```",
        ),
    ),
]
