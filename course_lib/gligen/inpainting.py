"""Inpainting: the boxes of a picture are painted anew, everything else stays.

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

from course_lib.gligen.layouts import Box, GroundedPhrase
from course_lib.gligen.model import Generator
from course_lib.gligen.sampling import alpha_bar_at_steps, sample, start_noise


def edit(
    model: Generator,
    scene: Tensor,
    layout: Sequence[GroundedPhrase],
    erased_boxes: Sequence[Box] = (),
    *,
    caption: str = "",
    count: int = 4,
    seed: int = 0,
    steps: int = 20,
    callback_on_step_end: Callable[[int, Tensor], Tensor] | None = None,
    **options: float,
) -> Tensor:
    """A scene [3, 64, 64] in 0–1 → `count` versions of it [count, 3, 64, 64]; the same for the same seed.

    In the boxes of `layout` a thing is drawn; `erased_boxes` are painted without one. The caption is drawn *in the boxes*: a
    thing that it names, though it is there already, is likely to appear once more. Name the backdrop, or nothing. `options`
    are `guidance_scale`, `grounded_fraction` and `strength` of `sample`. Raises ValueError without a box.
    """
    boxes = [grounded.box for grounded in layout] + list(erased_boxes)
    if not boxes:
        raise ValueError("nothing is to be changed: draw a box where something shall be put, or be taken away")
    scene_latents = model.space.encode(scene[None])  # [1, C, H, W]
    inside = inpainting_mask(boxes, model.config.sample_size)
    noise, alpha_bar = start_noise(model, count, seed), alpha_bar_at_steps(steps)

    def keep_outside(step: int, x: Tensor) -> Tensor:
        """The latents after a step, with the scene's own outside the boxes."""
        noisy_scene = alpha_bar[step + 1].sqrt() * scene_latents + (1 - alpha_bar[step + 1]).sqrt() * noise
        x = torch.where(inside, x, noisy_scene)
        return callback_on_step_end(step, x) if callback_on_step_end else x

    layouts = [list(layout)] * count
    return sample(
        model, [caption] * count, layouts, seed=seed, steps=steps, callback_on_step_end=keep_outside, **options
    )


def move(model: Generator, scene: Tensor, grounded: GroundedPhrase, to: Box, **options) -> Tensor:
    """`edit` that puts a thing into another box, and erases it in its own: [count, 3, 64, 64]."""
    return edit(model, scene, [replace(grounded, box=to)], [grounded.box], **options)


def inpainting_mask(boxes: Sequence[Box], size: int = 16) -> Tensor:
    """The latent cells that any of the boxes touches: bool [size, size]."""
    edges = torch.arange(size + 1) / size
    start, end = edges[:-1], edges[1:]
    mask = torch.zeros(size, size, dtype=torch.bool)
    for x0, y0, x1, y1 in boxes:
        columns, rows = (start < x1) & (end > x0), (start < y1) & (end > y0)
        mask |= rows[:, None] & columns  # [size, 1] and [size] → [size, size]
    return mask
