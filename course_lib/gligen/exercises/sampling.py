"""Exercises on sampling: one DDIM step, classifier-free guidance, scheduled sampling."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal
from course_lib.gligen.sampling import ddim_step, grounding_strengths, guided_velocity


def step_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Latents, a velocity, and ᾱ of two timesteps, the second cleaner."""
    shape = tuple(int(rng.integers(low, low + 2)) for low in (2, 4, 6, 8))
    alpha_bar, alpha_bar_next = rng.uniform(0.2, 0.5), rng.uniform(0.6, 0.9)
    return normal(rng, *shape), normal(rng, *shape), torch.tensor(float(alpha_bar)), torch.tensor(float(alpha_bar_next))


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


def step_as_rotation(noisy, v, alpha_bar, alpha_bar_next):
    """Noise level as an angle: the step turns (picture, noise) by the difference."""
    turn = torch.acos(alpha_bar.sqrt()) - torch.acos(alpha_bar_next.sqrt())
    return turn.cos() * noisy - turn.sin() * v


def step_by_noise(noisy, v, alpha_bar, alpha_bar_next):
    noise = (1 - alpha_bar).sqrt() * noisy + alpha_bar.sqrt() * v
    clean = (noisy - (1 - alpha_bar).sqrt() * noise) / alpha_bar.sqrt()
    return clean * alpha_bar_next.sqrt() + noise * (1 - alpha_bar_next).sqrt()


def guidance_inputs(rng) -> tuple:
    """A toy network, text states, groundings, and how strong."""
    count, tokens, width = (int(rng.integers(low, low + 2)) for low in (2, 3, 5))

    def predict(states: Tensor, grounding: Tensor) -> Tensor:
        return torch.tanh(states.mean(dim=1)) + 0.7 * grounding.sum(dim=1).sin()  # [B, W]

    draws = [normal(rng, count, tokens, width) for _ in range(4)]
    return predict, *draws, float(rng.uniform(2, 6))


def guidance_grounded(predict, text, grounding, null_text, null_grounding, guidance_scale):
    unconditional = predict(null_text, grounding)
    return unconditional + guidance_scale * (predict(text, grounding) - unconditional)


def guidance_captioned(predict, text, grounding, null_text, null_grounding, guidance_scale):
    unconditional = predict(text, null_grounding)
    return unconditional + guidance_scale * (predict(text, grounding) - unconditional)


def guidance_from_conditional(predict, text, grounding, null_text, null_grounding, guidance_scale):
    conditional = predict(text, grounding)
    return conditional + guidance_scale * (conditional - predict(null_text, null_grounding))


def guidance_swapped(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guided_velocity(predict, null_text, null_grounding, text, grounding, guidance_scale)


def guidance_only_scaled(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guidance_scale * predict(text, grounding)


def guidance_of_states(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return predict(
        null_text + guidance_scale * (text - null_text), null_grounding + guidance_scale * (grounding - null_grounding)
    )


def guidance_by_lerp(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return torch.lerp(predict(null_text, null_grounding), predict(text, grounding), guidance_scale)


def guidance_by_shares(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guidance_scale * predict(text, grounding) + (1 - guidance_scale) * predict(null_text, null_grounding)


def strength_inputs(rng) -> tuple[int, float, float]:
    """Shares in eighths of a multiple of eight, so that no step is a matter of rounding; each part has steps of its own."""
    grounded_fraction = int(rng.integers(1, 4))
    return 8 * int(rng.integers(2, 5)), grounded_fraction / 8, int(rng.integers(1, 8 - grounded_fraction)) / 8


def strengths_backwards(steps, grounded_fraction, decay_fraction=0.0):
    return grounding_strengths(steps, grounded_fraction, decay_fraction)[::-1]


def strengths_switched(steps, grounded_fraction, decay_fraction=0.0):
    return grounding_strengths(steps, grounded_fraction)


def strengths_always(steps, grounded_fraction, decay_fraction=0.0):
    return [1.0] * steps


def strengths_from_one(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0] * full + [1 - i / falling for i in range(falling)] + [0.0] * (steps - full - falling)


def strengths_to_the_end(steps, grounded_fraction, decay_fraction=0.0):
    full = int(grounded_fraction * steps)
    return [1.0] * full + [1 - (i + 1) / (steps - full) for i in range(steps - full)]


def strengths_decay_as_place(steps, grounded_fraction, decay_fraction=0.0):
    full, end = int(grounded_fraction * steps), int(decay_fraction * steps)
    slope = [1 - (i + 1) / (end - full) for i in range(end - full)]
    return [1.0] * full + slope + [0.0] * (steps - full - len(slope))


def strengths_by_clamp(steps, grounded_fraction, decay_fraction=0.0):
    full, falling = int(grounded_fraction * steps), int(decay_fraction * steps)
    return [1.0 if i < full else max(0.0, 1 - (i - full + 1) / falling) if falling else 0.0 for i in range(steps)]


def strengths_by_append(steps, grounded_fraction, decay_fraction=0.0):
    betas = []
    while len(betas) < int(grounded_fraction * steps):
        betas.append(1.0)
    falling = int(decay_fraction * steps)
    for left in reversed(range(falling)):
        betas.append(left / falling)
    return betas + [0.0] * (steps - len(betas))


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
                "sign",
                step_sign,
                "The sign of v is turned in both lines: clean = √ᾱ · noisy *−* √(1 − ᾱ) · v, and noise = √ᾱ · v *+* √(1 − ᾱ) · noisy.",
            ),
        ),
        alternatives=(step_as_rotation, step_by_noise),
        hints=(
            "The network tells you, in a way, both the clean picture and the noise. Find both, then mix them anew with less noise.",
            "$\\hat x = \\sqrt{\\bar\\alpha}\\, z - \\sqrt{1-\\bar\\alpha}\\, v$, $\\hat\\epsilon = \\sqrt{\\bar\\alpha}\\, v + \\sqrt{1-\\bar\\alpha}\\, z$, and $z' = \\sqrt{\\bar\\alpha'}\\, \\hat x + \\sqrt{1-\\bar\\alpha'}\\, \\hat\\epsilon$; all `[B, C, H, W]`.",
            "```python\nclean = ...\nnoise = ...\nreturn alpha_bar_next.sqrt() * clean + ...\n```",
        ),
    ),
    Task(
        id="gligen.guided_velocity",
        title="Classifier-free guidance with boxes",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=guided_velocity,
        used_at=("gligen.sampling:guided_velocity",),
        make_inputs=guidance_inputs,
        mistakes=(
            Mistake(
                "boxes left on",
                guidance_grounded,
                "The unconditional prediction still gets the boxes, so that they cancel out, and guidance strengthens the caption alone. Give it `null_grounding`.",
            ),
            Mistake(
                "caption left on",
                guidance_captioned,
                "The unconditional prediction still gets the caption, so that it cancels out. Give it `null_text`.",
            ),
            Mistake(
                "from the wrong end",
                guidance_from_conditional,
                "You start from the conditional prediction, which is one step too far: at `guidance_scale = 1` plain `conditional` should come out.",
            ),
            Mistake(
                "swapped",
                guidance_swapped,
                "This leads *away* from the condition: `unconditional + guidance_scale * (conditional - unconditional)`.",
            ),
            Mistake(
                "scaled only",
                guidance_only_scaled,
                "The whole prediction is multiplied, what any picture has included. Only the *difference* to the unconditional one should be.",
            ),
            Mistake(
                "mixed too early",
                guidance_of_states,
                "You mix what goes into the network. Ask it twice, and mix what comes out.",
            ),
        ),
        alternatives=(guidance_by_lerp, guidance_by_shares),
        hints=(
            "What does the network draw when nobody asks for anything? Go from there to what it draws when asked, and further.",
            "$v = v_\\varnothing + s\\,(v_{c,g} - v_\\varnothing)$: `predict(text, grounding)` is $v_{c,g}$, and $v_\\varnothing$ knows neither caption nor boxes.",
            "```python\nconditional = predict(text, grounding)\nunconditional = predict(...)\nreturn unconditional + ...\n```",
        ),
    ),
    Task(
        id="gligen.grounding_strengths",
        title="Scheduled sampling",
        difficulty=2,
        importance=3,
        minutes=10,
        reference=grounding_strengths,
        used_at=("gligen.sampling:grounding_strengths",),
        make_inputs=strength_inputs,
        mistakes=(
            Mistake(
                "backwards",
                strengths_backwards,
                "The boxes speak last. The first, noisy steps lay out the picture: there the strength is 1.",
            ),
            Mistake(
                "no slope",
                strengths_switched,
                "There is no way down: after the share `grounded_fraction` comes a share `decay_fraction` of steps in which the strength falls evenly.",
            ),
            Mistake(
                "always on",
                strengths_always,
                "The boxes speak to the end. Only the share `grounded_fraction` of the steps has 1.",
            ),
            Mistake(
                "falls from 1",
                strengths_from_one,
                "Your slope begins with one more 1, and does not reach 0. Its n steps are (n − 1)/n, …, 1/n, 0.",
            ),
            Mistake(
                "falls to the end",
                strengths_to_the_end,
                "Your slope takes all the steps that are left. It takes the share `decay_fraction`; after it, all is 0.",
            ),
            Mistake(
                "decay as a place",
                strengths_decay_as_place,
                "You read `decay_fraction` as the place where the slope ends. It is how long it is.",
            ),
        ),
        alternatives=(strengths_by_clamp, strengths_by_append),
        hints=(
            "Three stretches, one after the other: fully on, on the way down, off. How many steps has each?",
            "`int(grounded_fraction * steps)` times 1; then $n$ = `int(decay_fraction * steps)` steps $1 - \\frac{i+1}{n}$ for $i = 0 \\ldots n-1$; then 0, `steps` numbers in all.",
            "```python\nfull, falling = int(grounded_fraction * steps), int(decay_fraction * steps)\nslope = [... for i in range(falling)]\nreturn [1.0] * full + slope + ...\n```",
        ),
    ),
]
