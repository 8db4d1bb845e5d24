"""The exercise on classifier-free guidance, with boxes."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.gligen.exercises.grounding import normal
from course_lib.gligen.sampling import guided_velocity


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
