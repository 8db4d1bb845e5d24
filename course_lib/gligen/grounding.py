"""Grounding tokens: what is where, one token a box; and a learned "nothing" where there is no box."""

import torch
from torch import Tensor, nn

MOST_BOXES = 4
HIDDEN = 512  # as published, and in diffusers whatever the size of the model


def with_nulls(features: Tensor, null: Tensor, present: Tensor) -> Tensor:
    """features [B, N, D] where present [B, N] is 1, the learned null [D] where it is 0."""
    present = present.unsqueeze(-1)  # [B, N, 1]
    return features * present + null * (1 - present)


def token_inputs(phrases: Tensor, boxes: Tensor, present: Tensor, null_phrase: Tensor, null_box: Tensor) -> Tensor:
    """What the grounding network reads for each of N places: phrase ⊕ box, or null ⊕ null.

    phrases [B, N, D], boxes [B, N, 4] as shares, present [B, N] of 0 and 1, null_phrase [D], null_box [64] → [B, N, D + 64].
    Attention masks no place: an empty one says, in numbers that are learned, that nothing is asked of it.
    """
    phrase = with_nulls(phrases, null_phrase, present)
    box = with_nulls(fourier_features(boxes), null_box, present)
    return torch.cat([phrase, box], dim=-1)


class GroundingNet(nn.Module):
    """Phrase and box → grounding token (gligen/GLIGEN, text_grounding_net.py). The same as diffusers' `position_net`."""

    def __init__(self, phrase_width: int, token_width: int) -> None:
        super().__init__()
        self.linears = nn.Sequential(
            nn.Linear(phrase_width + BOX_WIDTH, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, HIDDEN),
            nn.SiLU(),
            nn.Linear(HIDDEN, token_width),
        )
        self.null_positive_feature = nn.Parameter(torch.zeros(phrase_width))
        self.null_position_feature = nn.Parameter(torch.zeros(BOX_WIDTH))

    def forward(self, boxes: Tensor, masks: Tensor, positive_embeddings: Tensor) -> Tensor:
        """boxes [B, N, 4], masks [B, N] (1 where there is a box), positive_embeddings [B, N, D] → [B, N, token_width]."""
        nulls = self.null_positive_feature, self.null_position_feature
        return self.linears(token_inputs(positive_embeddings, boxes, masks, *nulls))


FREQUENCIES = 8
BOX_WIDTH = 8 * FREQUENCIES  # sine and cosine of four coordinates
FASTEST = 100  # the frequencies rise from 1 towards this


def fourier_features(boxes: Tensor) -> Tensor:
    """Boxes [B, N, 4], x0 y0 x1 y1 as shares of the picture → [B, N, 64].

    Each coordinate c becomes sin(f c) and cos(f c) for the eight frequencies f = 100^(k/8), without the usual 2π.
    Frequency after frequency, first the four sines, then the four cosines (gligen/GLIGEN,
    ldm/modules/diffusionmodules/util.py; diffusers has the same order).
    """
    frequencies = FASTEST ** (torch.arange(FREQUENCIES, device=boxes.device) / FREQUENCIES)  # [8]
    angles = boxes.unsqueeze(-2) * frequencies[:, None]  # [B, N, 1, 4] · [8, 1] → [B, N, 8, 4]
    waves = torch.stack([angles.sin(), angles.cos()], dim=-2)  # [B, N, 8, 2, 4]
    return waves.flatten(-3)  # [B, N, 64]


WAVES = (1, 2, 4)  # half waves over the picture's side
POSITION_CHANNELS = 4 * len(WAVES)


def position_code(size: int) -> Tensor:
    """Where each cell is: sine and cosine of x and y, in waves of three lengths → [1, 12, size, size].

    A convolution is the same everywhere and knows where it is from the padding at the edges alone, which 16 cells with a
    few layers hardly tell. Vision transformers add such a code to their patches; here it is read beside the latents.
    """
    angles = cell_centres(size)[:, None] * torch.pi * torch.tensor(WAVES).view(-1, 1, 1)  # [2, 3, size, size]
    waves = torch.stack([angles.sin(), angles.cos()], dim=1)  # [2, 2, 3, size, size]
    return waves.flatten(0, 2)[None]  # → [1, 12, size, size]


def cell_centres(size: int) -> Tensor:
    """Where the cells are: [2, size, size], x and y of their middles as shares of the side."""
    middle = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    return torch.stack([x, y])
