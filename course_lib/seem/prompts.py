"""Prompts as the model reads them: words as states of CLIP's text tower, everything drawn as points in a mask."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from course_lib.clip.tokenizer import get_tokenizer

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
    points: Tensor  # [B, N, 2] (x, y) in 0–1: those to include, then those to exclude; N is 0 where nobody draws
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
    signed = [(_points(p.positive), _points(p.negative)) for p in prompts]
    points, points_valid = padded([torch.cat(both) for both in signed])
    positive = torch.arange(points.shape[1]) < torch.tensor([[len(include)] for include, _ in signed])  # [B, N]
    nowhere = torch.zeros(0, width)
    references = padded([nowhere if p.reference is None else p.reference for p in prompts])
    return PromptBatch(*read_texts(clip, [p.text for p in prompts]), points, positive, points_valid, *references)


def _points(mask: np.ndarray | None) -> Tensor:
    """Places to read at [P, 2], spread over what is drawn; none without a drawing."""
    return torch.zeros(0, 2) if mask is None else torch.from_numpy(spread_points(mask))


def padded(rows: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows [N_i, D] as one tensor [B, N, D], with zeros where a row is shorter, and bool [B, N]: what is no padding."""
    joined = pad_sequence(rows, batch_first=True)
    return joined, torch.arange(joined.shape[1]) < torch.tensor([[len(row)] for row in rows])


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


MOST_POINTS = 12  # of each sign; SEEM takes up to 512 a level


def visual_sampler(features: Tensor, points: Tensor, positive: Tensor, indicators: Tensor) -> Tensor:
    """The features at points, each with what it means.

    features [B, D, H, W], points [B, N, 2] as (x, y) in 0–1, positive bool [B, N], indicators [2, D] (row 0: what to
    exclude, row 1: what to include) → tokens [B, N, D]. Source: SEEM, modeling/interface/seem_v1.py.
    """
    grid = 2 * points.unsqueeze(1) - 1  # [B, 1, N, 2]: grid_sample counts from -1 to 1
    read = F.grid_sample(features, grid, mode="bilinear", padding_mode="border", align_corners=False)  # [B, D, 1, N]
    return read[:, :, 0].transpose(1, 2) + indicators[positive.long()]


def spread_points(mask: np.ndarray, count: int = MOST_POINTS) -> np.ndarray:
    """Up to `count` pixels of a mask, evenly spread over it: bool [H, W] → float32 [P, 2] (x, y) in 0–1.

    A mask with fewer pixels gives them all, an empty one gives none.
    """
    height, width = mask.shape
    places = np.flatnonzero(mask)  # [P]: row by row
    if len(places) > count:
        places = places[np.linspace(0, len(places) - 1, count).round().astype(int)]
    x, y = places % width + 0.5, places // width + 0.5
    return np.stack([x / width, y / height], axis=1).astype(np.float32)
