"""The exercise on one DDIM step."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal
from course_lib.gligen.sampling import ddim_step, grounding_strengths, guided_velocity


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


def guidance_inputs(rng) -> tuple:
    """A toy network, text states, groundings, and how strong."""
    count, tokens, width = (int(rng.integers(low, low + 2)) for low in (2, 3, 5))

    def predict(states: Tensor, grounding: Tensor) -> Tensor:
        return torch.tanh(states.mean(dim=1)) + 0.7 * grounding.sum(dim=1).sin()  # [B, W]

    draws = [normal(rng, count, tokens, width) for _ in range(4)]
    return predict, *draws, float(rng.uniform(2, 6))


def guidance_grounded(predict, caption, grounding, empty, nothing, guidance):
    unasked = predict(empty, grounding)
    return unasked + guidance * (predict(caption, grounding) - unasked)


def guidance_captioned(predict, caption, grounding, empty, nothing, guidance):
    unasked = predict(caption, nothing)
    return unasked + guidance * (predict(caption, grounding) - unasked)


def guidance_from_asked(predict, caption, grounding, empty, nothing, guidance):
    asked = predict(caption, grounding)
    return asked + guidance * (asked - predict(empty, nothing))


def guidance_swapped(predict, caption, grounding, empty, nothing, guidance):
    return guided_velocity(predict, empty, nothing, caption, grounding, guidance)


def guidance_only_scaled(predict, caption, grounding, empty, nothing, guidance):
    return guidance * predict(caption, grounding)


def guidance_of_states(predict, caption, grounding, empty, nothing, guidance):
    return predict(empty + guidance * (caption - empty), nothing + guidance * (grounding - nothing))


def guidance_by_lerp(predict, caption, grounding, empty, nothing, guidance):
    return torch.lerp(predict(empty, nothing), predict(caption, grounding), guidance)


def guidance_by_shares(predict, caption, grounding, empty, nothing, guidance):
    return guidance * predict(caption, grounding) + (1 - guidance) * predict(empty, nothing)


def strength_inputs(rng) -> tuple[int, float, float]:
    """Shares in eighths of a multiple of eight, so that no step is a matter of rounding; each part has steps of its own."""
    on = int(rng.integers(1, 4))
    return 8 * int(rng.integers(2, 5)), on / 8, int(rng.integers(1, 8 - on)) / 8


def strengths_backwards(steps, on, decay=0.0):
    return grounding_strengths(steps, on, decay)[::-1]


def strengths_switched(steps, on, decay=0.0):
    return grounding_strengths(steps, on)


def strengths_always(steps, on, decay=0.0):
    return [1.0] * steps


def strengths_from_one(steps, on, decay=0.0):
    full, falling = int(on * steps), int(decay * steps)
    return [1.0] * full + [1 - i / falling for i in range(falling)] + [0.0] * (steps - full - falling)


def strengths_to_the_end(steps, on, decay=0.0):
    full = int(on * steps)
    return [1.0] * full + [1 - (i + 1) / (steps - full) for i in range(steps - full)]


def strengths_decay_as_place(steps, on, decay=0.0):
    full, end = int(on * steps), int(decay * steps)
    slope = [1 - (i + 1) / (end - full) for i in range(end - full)]
    return [1.0] * full + slope + [0.0] * (steps - full - len(slope))


def strengths_by_clamp(steps, on, decay=0.0):
    full, falling = int(on * steps), int(decay * steps)
    return [1.0 if i < full else max(0.0, 1 - (i - full + 1) / falling) if falling else 0.0 for i in range(steps)]


def strengths_by_append(steps, on, decay=0.0):
    betas = []
    while len(betas) < int(on * steps):
        betas.append(1.0)
    falling = int(decay * steps)
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
                "The unasked prediction still gets the boxes, so that they cancel out, and guidance strengthens the caption alone. Give it `nothing`.",
            ),
            Mistake(
                "caption left on",
                guidance_captioned,
                "The unasked prediction still gets the caption, so that it cancels out. Give it `empty`.",
            ),
            Mistake(
                "from the wrong end",
                guidance_from_asked,
                "You start from the asked prediction, which is one step too far: at `guidance = 1` plain `asked` should come out.",
            ),
            Mistake(
                "swapped",
                guidance_swapped,
                "This leads *away* from what is asked: `unasked + guidance * (asked - unasked)`.",
            ),
            Mistake(
                "scaled only",
                guidance_only_scaled,
                "The whole prediction is multiplied, what any picture has included. Only the *difference* to the unasked one should be.",
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
            "$v = v_\\varnothing + s\\,(v_{c,g} - v_\\varnothing)$: `predict(caption, grounding)` is $v_{c,g}$, and $v_\\varnothing$ knows neither caption nor boxes.",
            "```python\nasked = predict(caption, grounding)\nunasked = predict(...)\nreturn unasked + ...\n```",
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
                "There is no way down: after the share `on` comes a share `decay` of steps in which the strength falls evenly.",
            ),
            Mistake(
                "always on", strengths_always, "The boxes speak to the end. Only the share `on` of the steps has 1."
            ),
            Mistake(
                "falls from 1",
                strengths_from_one,
                "Your slope begins with one more 1, and does not reach 0. Its n steps are (n − 1)/n, …, 1/n, 0.",
            ),
            Mistake(
                "falls to the end",
                strengths_to_the_end,
                "Your slope takes all the steps that are left. It takes the share `decay`; after it, all is 0.",
            ),
            Mistake(
                "decay as a place",
                strengths_decay_as_place,
                "You read `decay` as the place where the slope ends. It is how long it is.",
            ),
        ),
        alternatives=(strengths_by_clamp, strengths_by_append),
        hints=(
            "Three stretches, one after the other: fully on, on the way down, off. How many steps has each?",
            "`int(on * steps)` times 1; then $n$ = `int(decay * steps)` steps $1 - \\frac{i+1}{n}$ for $i = 0 \\ldots n-1$; then 0, `steps` numbers in all.",
            "```python\nfull, falling = int(on * steps), int(decay * steps)\nslope = [... for i in range(falling)]\nreturn [1.0] * full + slope + ...\n```",
        ),
    ),
]
