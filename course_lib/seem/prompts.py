"""Prompts as the model reads them: words as states of CLIP's text tower, everything drawn as points in a mask."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.seem.sampler import spread_points

MOST_TOKENS = 12  # of a text; what comes after is not read


@dataclass
class Prompt:
    """What a person gives for one thing: any of these, or several at once."""

    text: str = ""
    positive: np.ndarray | None = None  # bool [S, S]: drawn on what to include
    negative: np.ndarray | None = None  # bool [S, S]: drawn on what to exclude
    reference: Tensor | None = None  # [R, D] tokens that the model sampled in another picture


@dataclass
class PromptBatch:
    """B prompts of equal form, padded; `_valid` says what is no padding."""

    text: Tensor  # [B, T, 128]; T is 0 where nobody says a word
    text_valid: Tensor  # bool [B, T]
    points: Tensor  # [B, N, 2] (x, y) in 0–1
    positive: Tensor  # bool [B, N]
    points_valid: Tensor  # bool [B, N]
    reference: Tensor  # [B, R, D]; R is 0 where nobody points at another picture
    reference_valid: Tensor  # bool [B, R]


def collate(prompts: Sequence[Prompt], clip, size: int, width: int) -> PromptBatch:
    """Prompts → tensors. size: S of the masks; width: D of reference tokens; clip: the frozen PocketCLIP.

    Raises ValueError, with one sentence, for a prompt that says nothing or has a mask of another size.
    """
    for prompt in prompts:
        check(prompt, size)
    nothing = np.zeros((size, size), bool)
    drawn = [
        (p.positive if p.positive is not None else nothing, p.negative if p.negative is not None else nothing)
        for p in prompts
    ]
    include, exclude = (torch.from_numpy(np.stack(masks)) for masks in zip(*drawn, strict=True))
    (points, valid), (others, others_valid) = spread_points(include), spread_points(exclude)
    positive = torch.cat([torch.ones_like(valid), torch.zeros_like(others_valid)], dim=1)
    points, valid = torch.cat([points, others], dim=1), torch.cat([valid, others_valid], dim=1)
    used = valid.any(dim=0)  # columns of nothing but padding would cost time
    used[0] = True  # without a drawn mark, one stays
    points, positive, valid = points[:, used], positive[:, used], valid[:, used]
    return PromptBatch(
        *read_texts(clip, [p.text for p in prompts]), points, positive, valid, *references(prompts, width)
    )


def check(prompt: Prompt, size: int) -> None:
    """ValueError unless the masks are bool [size, size] and something is said. Only what to exclude is enough.

    A pixel both included and excluded, and words that contradict a click, are passed on: the model weighs them.
    """
    drawn = [mask for mask in (prompt.positive, prompt.negative) if mask is not None]
    for mask in drawn:
        if mask.dtype != bool or mask.shape != (size, size):
            raise ValueError(
                f"A prompt's mask is bool {size} × {size}, as the picture, and this is {mask.dtype} {mask.shape}."
            )
    elsewhere = prompt.reference is not None and len(prompt.reference) > 0
    if not (prompt.text.strip() or elsewhere or any(mask.any() for mask in drawn)):
        raise ValueError("This prompt says nothing: draw a mark, type words, or mark a region of another picture.")


@torch.no_grad()
def read_texts(clip, texts: list[str]) -> tuple[Tensor, Tensor]:
    """One state a token, of CLIP's text tower [B, T, 128], and which are real [B, T]; an empty text has none."""
    said = torch.tensor([bool(text) for text in texts])
    if not said.any():  # clicks alone: what nobody may read need not be worked out, nor carried through the layers
        return torch.zeros(len(texts), 0, clip.config.text_width), said[:, None].expand(-1, 0)
    tokens = get_tokenizer()(texts)[:, :MOST_TOKENS]
    ends = tokens.argmax(dim=-1)  # [B]: end of text has the highest id
    valid = (torch.arange(tokens.shape[1]) <= ends[:, None]) & said[:, None]
    return clip.text.states(tokens), valid


def references(prompts: Sequence[Prompt], width: int) -> tuple[Tensor, Tensor]:
    """Reference tokens [B, R, D], padded, and which are real [B, R]."""
    most = max(len(p.reference) if p.reference is not None else 0 for p in prompts)
    tokens, valid = torch.zeros(len(prompts), most, width), torch.zeros(len(prompts), most, dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        if prompt.reference is not None:
            tokens[row, : len(prompt.reference)] = prompt.reference
            valid[row, : len(prompt.reference)] = True
    return tokens, valid
