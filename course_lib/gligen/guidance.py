"""How a trained generator is asked: guidance by the caption, and for how long the boxes may speak."""

from collections.abc import Callable

from torch import Tensor


def guided_velocity(
    predict: Callable[[Tensor, object], Tensor], caption: Tensor, grounding, empty: Tensor, nothing, guidance: float
) -> Tensor:
    """Classifier-free guidance (Ho and Salimans 2022): from what is drawn unasked, on past what is asked for.

    predict(text states, grounding) → velocity [B, C, H, W]. `caption` and `grounding` are what is asked for; `empty` is
    the empty caption, `nothing` a grounding without boxes: the unasked prediction must know of neither.
    """
    asked = predict(caption, grounding)
    unasked = predict(empty, nothing)
    return unasked + guidance * (asked - unasked)


def grounding_strengths(steps: int, on: float, decay: float = 0.0) -> list[float]:
    """β of each sampling step, the first (noisiest) first: scheduled sampling (GLIGEN section 3.3; gligen_inference.py).

    The share `on` of the steps has 1, the next share `decay` goes down evenly to 0, and the rest has 0: early steps lay
    out the picture, late ones only polish it, and the base polishes best alone.
    """
    full, falling = int(on * steps), int(decay * steps)
    slope = [1 - (i + 1) / falling for i in range(falling)]
    return [1.0] * full + slope + [0.0] * (steps - full - falling)
