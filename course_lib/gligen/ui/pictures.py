"""Pictures that explain: one block of the UNet with its gate, and where a head looks."""

import itertools
from collections.abc import Sequence

import numpy as np
from torch import Tensor

from course_lib import show
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.show import Box

CELL = 8  # pixels of a cell in a map of attention


def block_diagram() -> None:
    """Where the gated layer stands: between self-attention and cross-attention, both frozen."""
    boxes = {
        "layout": Box(1, 0, "phrases, boxes", "[B, 4, 128] [B, 4, 4]"),
        "tokens": Box(2, 0, "grounding tokens", "[B, 4, 128]", "learned"),
        "caption": Box(4, 0, "caption", "[B, 24]"),
        "text": Box(3, 0, "CLIP's text tower", "[B, 24, 128]", "frozen"),
        "places": Box(0, 1, "places of the picture", "[B, 64, 128]"),
        "self": Box(1, 1, "self-attention", "64 × 64", "frozen"),
        "gated": Box(2, 1, "gated self-attention", "64 × (64 + 4)", "learned"),
        "cross": Box(3, 1, "cross-attention", "64 × 24", "frozen"),
        "forward": Box(4, 1, "feed-forward", "[B, 64, 128]", "frozen"),
        "alpha": Box(2, 2, "gate: tanh(α)", "0 at birth", "learned"),
        "out": Box(4, 2, "to the next block", "[B, 64, 128]", "result"),
    }
    row = ("places", "self", "gated", "cross", "forward", "out")
    inputs = [("layout", "tokens"), ("tokens", "gated"), ("alpha", "gated"), ("caption", "text"), ("text", "cross")]
    alt = "One block of the UNet: frozen self-attention; the new layer, which also reads grounding tokens made of phrases and boxes "
    alt += "and whose gate is shut at birth; frozen cross-attention to the caption; frozen feed-forward."
    show.diagram(boxes, [*inputs, *itertools.pairwise(row)], alt=alt)


def attention_maps(before: Tensor, after: Tensor, layout: Sequence[GroundedPhrase]) -> None:
    """Maps of `attention_warmup.token_maps` [N, S, S]: white where all of a cell's attention goes to the box's token."""
    maps = [*before, *after]
    images = [np.repeat((255 * one.numpy()).astype(np.uint8)[..., None], 3, axis=-1) for one in maps]
    shares = ", ".join(
        f"{one.phrase} {was.max():.2f} → {now.max():.2f}" for one, was, now in zip(layout, before, after, strict=True)
    )
    show.boxed(
        [image.repeat(CELL, axis=0).repeat(CELL, axis=1) for image in images],
        [[(one.phrase, one.box)] for one in layout] * 2,
        titles=["before"] * len(before) + ["after"] * len(after),
        columns=len(maps),
        alt=f"How much of each cell's attention goes to a box's token, before and after the warm-up. The most: {shares}.",
    )
