"""The simulated person, who clicks where the answer is most wrong."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.seem.data.queries import Ask
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt, padded, spread_points


def next_click(mask: np.ndarray, truth: np.ndarray) -> tuple[int, int, bool] | None:
    """(x, y, include?) in the middle of the larger error; None where there is no error.

    mask and truth bool [H, W]. The middle is the pixel furthest from the edge of the error, where the picture's edge
    counts as one. Source: SEEM, modeling/architectures/seem_model_v1.py.
    """
    missed, extra = truth & ~mask, mask & ~truth
    if not (missed.any() or extra.any()):
        return None
    include = bool(missed.sum() >= extra.sum())
    depth = distance_transform_edt(np.pad(missed if include else extra, 1))[1:-1, 1:-1]
    y, x = np.unravel_index(depth.argmax(), depth.shape)
    return int(x), int(y), include


@dataclass
class Played:
    """Where some rounds have led."""

    prompts: list[Prompt]  # with all clicks so far
    found: Tensor | None  # bool [B, S, S]: the last answer, which the memory reads; None before the first round


def ask_prompts(model: MiniSeem, asks: list[Ask]) -> list[Prompt]:
    """What was drawn and typed; regions of other pictures as the tokens sampled there."""
    rows = [row for row, ask in enumerate(asks) if ask.reference]
    tokens = (
        dict(zip(rows, reference_tokens(model, [asks[row].reference for row in rows]), strict=True)) if rows else {}
    )
    return [Prompt(ask.text, ask.positive, None, tokens.get(row)) for row, ask in enumerate(asks)]


def reference_tokens(model: MiniSeem, references: list[tuple[np.ndarray, np.ndarray]]) -> list[Tensor]:
    """(picture uint8 [S, S, 3], region bool [S, S]) → tokens [R, D] of each. ValueError for a region without a pixel."""
    if not all(region.any() for _, region in references):
        raise ValueError("The region of the other picture has no area: mark at least one pixel of it.")
    images = normalise(to_tensor(np.stack([image for image, _ in references])))
    points, valid = padded([torch.from_numpy(spread_points(region)) for _, region in references])
    tokens = model.sample(model.encode(images), points, torch.ones_like(valid))
    return [row[real].float() for row, real in zip(tokens, valid, strict=True)]


@torch.no_grad()
def play_rounds(
    model: MiniSeem, features: Features, asks: list[Ask], prompts: list[Prompt], rounds: int, remember: bool = True
) -> Played:
    """Some rounds, each ending with a click on the worst place; but every fourth person watches without a word.

    Else nobody would answer words with silence but those who asked for absent things, and the model learned to tell by that.
    """
    played, silent = Played(prompts, None), [row % 4 == 3 for row in range(len(asks))]
    for _ in range(rounds):
        found = model.segment(features, played.prompts, played.found if remember else None).logits[:, 0] > 0
        rows = zip(played.prompts, found.numpy(), asks, silent, strict=True)
        prompts = [prompt if quiet else clicked(prompt, mask, ask.target) for prompt, mask, ask, quiet in rows]
        played = Played(prompts, found)
    return played if remember else Played(played.prompts, None)


def clicked(prompt: Prompt, mask: np.ndarray, truth: np.ndarray) -> Prompt:
    """The prompt with one more click, unless all is right, or there is nothing to be found."""
    click = next_click(mask, truth) if truth.any() else None
    if click is None:
        return prompt
    x, y, include = click
    before = prompt.positive if include else prompt.negative
    drawn = np.zeros_like(truth) if before is None else before.copy()
    drawn[y, x] = True
    return replace(prompt, positive=drawn) if include else replace(prompt, negative=drawn)
