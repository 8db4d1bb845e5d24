"""Prompts as the model reads them: text becomes states of CLIP's text tower, all that is drawn becomes points."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from course_lib.clip.tokenizer import get_tokenizer

MAX_TEXT_TOKENS = 12  # what comes after is not read
MAX_POINTS = 12  # of each sign; SEEM takes up to 512 a level


@dataclass
class Prompt:
    """What a person gives for one thing: any of these, or several at once."""

    text: str = ""
    positive: np.ndarray | None = None  # bool [S, S]: drawn on what to include
    negative: np.ndarray | None = None  # bool [S, S]: drawn on what to exclude
    reference: Tensor | None = None  # [R, D]: `MiniSeem.reference_tokens` of a region of another picture


@dataclass
class PromptBatch:
    """B prompts of equal form, padded; `_valid` says what is no padding."""

    text: Tensor  # [B, T, 128]; T is 0 where no prompt has text
    text_valid: Tensor  # bool [B, T]
    points: Tensor  # [B, N, 2] (x, y) in 0–1: those to include, then those to exclude; N is 0 where nobody draws
    positive: Tensor  # bool [B, N]
    points_valid: Tensor  # bool [B, N]
    reference: Tensor  # [B, R, D]; R is 0 where nobody points at another picture
    reference_valid: Tensor  # bool [B, R]


def collate(prompts: Sequence[Prompt], clip, image_size: int, width: int) -> PromptBatch:
    """Prompts → padded tensors. image_size: S of the masks; width: D of reference tokens; clip: the frozen PocketCLIP.

    Raises ValueError, with one sentence, for a prompt that says nothing or has a mask of another size.
    """
    for prompt in prompts:
        check(prompt, image_size)
    # what is drawn: points to include, then points to exclude
    signed = [(sample_points(p.positive), sample_points(p.negative)) for p in prompts]
    points, points_valid = pad([torch.cat(both) for both in signed])
    positive = torch.arange(points.shape[1]) < torch.tensor([[len(include)] for include, _ in signed])  # [B, N]
    # regions of other pictures, and text
    no_tokens = torch.zeros(0, width)
    reference, reference_valid = pad([no_tokens if p.reference is None else p.reference for p in prompts])
    text, text_valid = encode_texts(clip, [p.text for p in prompts])
    return PromptBatch(text, text_valid, points, positive, points_valid, reference, reference_valid)


def check(prompt: Prompt, image_size: int) -> None:
    """ValueError unless the masks are bool [image_size, image_size] and something is said.

    Only what to exclude is enough. A pixel both included and excluded, and words that contradict a click, are passed
    on: the model weighs them.
    """
    drawn_masks = [mask for mask in (prompt.positive, prompt.negative) if mask is not None]
    for mask in drawn_masks:
        if mask.dtype != bool or mask.shape != (image_size, image_size):
            raise ValueError(
                f"A prompt's mask is bool {image_size} × {image_size}, as the picture, "
                f"and this is {mask.dtype} {mask.shape}."
            )
    has_reference = prompt.reference is not None and len(prompt.reference) > 0
    if not (prompt.text.strip() or has_reference or any(mask.any() for mask in drawn_masks)):
        raise ValueError("This prompt says nothing: draw a mark, type words, or mark a region of another picture.")


@torch.no_grad()
def encode_texts(clip, texts: list[str]) -> tuple[Tensor, Tensor]:
    """States of CLIP's text tower [B, T, 128], one a token, and which are no padding [B, T]; an empty text has none."""
    has_text = torch.tensor([bool(text) for text in texts])
    if not has_text.any():  # clicks alone: padding to which nothing attends need not be carried through the layers
        return torch.zeros(len(texts), 0, clip.config.text_width), has_text[:, None].expand(-1, 0)
    token_ids = get_tokenizer()(texts)[:, :MAX_TEXT_TOKENS]
    ends = token_ids.argmax(dim=-1)  # [B]: end of text has the highest id
    valid = (torch.arange(token_ids.shape[1]) <= ends[:, None]) & has_text[:, None]
    return clip.text.states(token_ids), valid


def sample_points(mask: np.ndarray | None, max_points: int = MAX_POINTS) -> Tensor:
    """Up to `max_points` pixels of a mask, evenly spread over it: bool [H, W] → float32 [P, 2] (x, y) in 0–1.

    A mask with fewer pixels gives them all; an empty one, or none, gives none.
    """
    if mask is None:
        return torch.zeros(0, 2)
    height, width = mask.shape
    indices = np.flatnonzero(mask)  # [P]: row by row
    if len(indices) > max_points:
        indices = indices[np.linspace(0, len(indices) - 1, max_points).round().astype(int)]
    x, y = indices % width + 0.5, indices // width + 0.5
    return torch.from_numpy(np.stack([x / width, y / height], axis=1).astype(np.float32))


def pad(rows: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Rows [N_i, D] as one tensor [B, N, D], with zeros where a row is shorter, and bool [B, N]: what is no padding."""
    padded = pad_sequence(rows, batch_first=True)
    return padded, torch.arange(padded.shape[1]) < torch.tensor([[len(row)] for row in rows])


def visual_sampler(features: Tensor, points: Tensor, positive: Tensor, indicators: Tensor) -> Tensor:
    """Visual prompt tokens: the features at the points, each plus an embedding of its sign.

    features [B, D, H, W], points [B, N, 2] as (x, y) in 0–1, positive bool [B, N], indicators [2, D] (row 0: what to
    exclude, row 1: what to include) → tokens [B, N, D]. Source: SEEM, modeling/interface/seem_v1.py.
    """
    grid = 2 * points.unsqueeze(1) - 1  # [B, 1, N, 2]: grid_sample counts from -1 to 1
    sampled = F.grid_sample(features, grid, mode="bilinear", padding_mode="border", align_corners=False)  # [B, D, 1, N]
    return sampled[:, :, 0].transpose(1, 2) + indicators[positive.long()]
