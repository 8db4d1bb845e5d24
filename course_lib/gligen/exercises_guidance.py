"""The exercise on classifier-free guidance with boxes."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.gligen.exercises_fourier import normal
from course_lib.gligen.guidance import guided_velocity


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


TASKS = [
    Task(
        id="gligen.guided_velocity",
        title="Classifier-free guidance with boxes",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=guided_velocity,
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
]
