"""Exercises on sampling: one DDIM step, and classifier-free guidance."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal
from course_lib.gligen.sampling import ddim_step, guided_velocity

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


def step_sign_of_clean(noisy, v, alpha_bar, alpha_bar_next):
    clean = alpha_bar.sqrt() * noisy + (1 - alpha_bar).sqrt() * v
    noise = alpha_bar.sqrt() * v + (1 - alpha_bar).sqrt() * noisy
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * noise


def step_sign_of_noise(noisy, v, alpha_bar, alpha_bar_next):
    clean = alpha_bar.sqrt() * noisy - (1 - alpha_bar).sqrt() * v
    noise = alpha_bar.sqrt() * v - (1 - alpha_bar).sqrt() * noisy
    return alpha_bar_next.sqrt() * clean + (1 - alpha_bar_next).sqrt() * noise


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


def guidance_inputs(rng) -> tuple:
    """A toy network at some latents, text states, groundings (tensors, dicts as the course's, or none), and how strong."""
    count, tokens, width = (int(rng.integers(low, low + 2)) for low in (2, 3, 5))
    latents, text, boxes, null_text, null_boxes = (normal(rng, count, tokens, width) for _ in range(5))
    guidance_scale = rng.in_turn((float(rng.uniform(2, 6)), 7.5, 1.0, 0.0, 3, 0.5))

    def predict(states: Tensor, grounding: Tensor | dict | None) -> Tensor:
        grounding = grounding["boxes"] if isinstance(grounding, dict) else grounding
        heard = 0 if grounding is None else 0.7 * grounding.sum(dim=1).sin()
        return torch.tanh(latents[:, 0] + states.mean(dim=1)) + heard  # [B, W]

    form = rng.in_turn((torch.clone, lambda boxes: {"boxes": boxes}, lambda _: None, torch.clone))
    return predict, text, form(boxes), null_text, form(null_boxes), guidance_scale


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


def guidance_added(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return predict(null_text, null_grounding) + guidance_scale * predict(text, grounding)


def guidance_turned_round(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guided_velocity(predict, text, grounding, null_text, null_grounding, -guidance_scale)


def guidance_difference_only(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guidance_scale * (predict(text, grounding) - predict(null_text, null_grounding))


def guidance_without_boxes(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guided_velocity(predict, text, null_grounding, null_text, null_grounding, guidance_scale)


def guidance_without_caption(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guided_velocity(predict, null_text, grounding, null_text, null_grounding, guidance_scale)


def guidance_unscaled(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return predict(text, grounding)


def guidance_step_by_step(predict, text, grounding, null_text, null_grounding, guidance_scale):
    velocity = predict(null_text, null_grounding)
    direction = predict(text, grounding).sub(velocity)
    return torch.add(velocity, direction, alpha=guidance_scale)


def guidance_by_lerp(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return torch.lerp(predict(null_text, null_grounding), predict(text, grounding), guidance_scale)


def guidance_by_shares(predict, text, grounding, null_text, null_grounding, guidance_scale):
    return guidance_scale * predict(text, grounding) + (1 - guidance_scale) * predict(null_text, null_grounding)


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
                step_sign_of_clean,
                "The noise is right, the clean picture is not: clean = √ᾱ · noisy *−* √(1 − ᾱ) · v.",
            ),
            Mistake(
                "sign of the noise",
                step_sign_of_noise,
                "The clean picture is right, the noise is not: noise = √ᾱ · v *+* √(1 − ᾱ) · noisy.",
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
    Task(
        id="gligen.guided_velocity",
        title="Classifier-free guidance with boxes",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=guided_velocity,
        used_at=("gligen.sampling:guided_velocity",),
        make_inputs=guidance_inputs,
        draws=12,
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
                "added up",
                guidance_added,
                "The whole conditional prediction is added to the unconditional one. Add `guidance_scale` times their *difference*: at 1 plain `conditional` should come out.",
            ),
            Mistake(
                "difference turned round",
                guidance_turned_round,
                "The difference is turned round, so that it leads away from what is asked: `conditional - unconditional`.",
            ),
            Mistake(
                "the difference alone",
                guidance_difference_only,
                "This is the difference alone. Start from the unconditional prediction, and add it.",
            ),
            Mistake(
                "boxes never on",
                guidance_without_boxes,
                "The conditional prediction gets no boxes. Give it both: `predict(text, grounding)`.",
            ),
            Mistake(
                "caption never on",
                guidance_without_caption,
                "The conditional prediction gets the empty caption. Give it both: `predict(text, grounding)`.",
            ),
            Mistake(
                "no guidance",
                guidance_unscaled,
                "This is the conditional prediction, whatever `guidance_scale` says. Ask for the unconditional one as well, and go further from there.",
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
        alternatives=(guidance_by_lerp, guidance_by_shares, guidance_step_by_step),
        hints=(
            "What does the network draw when nobody asks for anything? Go from there to what it draws when asked, and further.",
            "$v = v_\\varnothing + s\\,(v_{c,g} - v_\\varnothing)$: `predict(text, grounding)` is $v_{c,g}$, and $v_\\varnothing$ knows neither caption nor boxes.",
            "```python\nconditional = predict(text, grounding)\nunconditional = predict(...)\nreturn unconditional + ...\n```",
        ),
    ),
]
