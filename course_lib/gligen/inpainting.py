"""Editing a picture that is there: the boxes are painted anew, everything else stays.

At each step the cells outside the boxes are replaced by the scene's own latents, noised to the level that the step has
reached; so what is painted inside grows beside what is really there (Blended Diffusion, Avrahami et al. 2022; RePaint,
Lugmayr et al. 2022, without its steps back). Any diffusion model can be used so. GLIGEN's inpainting model does the same
replacing, and besides was trained for it: its first convolution has nine input channels, four of noisy latents, four of
the scene with the boxes blanked, and the mask, so that it sees at every step, undimmed by noise, what it must join.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from course_lib.gligen.data.layouts import Asked
from course_lib.gligen.model import Generator
from course_lib.gligen.sampling import kept_at_steps, sample, start_noise

Box = tuple[float, float, float, float]  # x0 y0 x1 y1, shares of the side


def edit(
    model: Generator,
    scene: Tensor,
    put: Sequence[Asked],
    away: Sequence[Box] = (),
    *,
    caption: str = "",
    count: int = 4,
    seed: int = 0,
    steps: int = 20,
    after_step: Callable[[int, Tensor], Tensor] | None = None,
    **how: float,
) -> Tensor:
    """A scene [3, 64, 64] in 0–1 → `count` versions of it [count, 3, 64, 64]; the same for the same seed.

    In the boxes of `put` a thing is drawn; those of `away` are painted without one. The caption is drawn *in the boxes*: a
    thing that it names, though it is there already, is likely to appear once more. Name the backdrop, or nothing. `how` are guidance, on and strength
    of `sample`. Raises ValueError without a box.
    """
    boxes = [one.box for one in put] + list(away)
    if not boxes:
        raise ValueError("nothing is to be changed: draw a box where something shall be put, or be taken away")
    known = model.space.encode(scene[None])  # [1, C, H, W]
    inside = edited_cells(boxes, model.config.latent_size)
    noise, kept = start_noise(model, count, seed), kept_at_steps(steps)

    def keep_outside(step: int, x: Tensor) -> Tensor:
        """The latents after a step, with the scene's own outside the boxes."""
        there = kept[step + 1].sqrt() * known + (1 - kept[step + 1]).sqrt() * noise
        x = torch.where(inside, x, there)
        return after_step(step, x) if after_step else x

    return sample(model, [caption] * count, [list(put)] * count, seed=seed, steps=steps, after_step=keep_outside, **how)


def move(model: Generator, scene: Tensor, thing: Asked, to: Box, **how) -> Tensor:
    """`edit` that puts a thing into another box, and away from its own: [count, 3, 64, 64]."""
    return edit(model, scene, [replace(thing, box=to)], [thing.box], **how)


def edited_cells(boxes: Sequence[Box], size: int = 16) -> Tensor:
    """The latent cells that any of the boxes touches: bool [size, size]."""
    edges = torch.arange(size + 1) / size
    start, end = edges[:-1], edges[1:]
    inside = torch.zeros(size, size, dtype=torch.bool)
    for x0, y0, x1, y1 in boxes:
        across, down = (start < x1) & (end > x0), (start < y1) & (end > y0)
        inside |= down[:, None] & across  # [size, 1] and [size] → [size, size]
    return inside
