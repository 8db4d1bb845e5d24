"""Grounding tokens: Fourier features of a box, phrase ⊕ box as one token, and a learned null where there is no box."""

import torch
from torch import Tensor, nn

MAX_BOXES = 4
HIDDEN_DIM = 512  # as published, and in diffusers whatever the size of the model
NUM_FREQUENCIES = 8
BOX_DIM = 8 * NUM_FREQUENCIES  # sine and cosine of four coordinates
TEMPERATURE = 100  # the frequencies rise from 1 towards this
HALF_WAVES = (1, 2, 4)  # over the picture's side
POSITION_CHANNELS = 4 * len(HALF_WAVES)


def fill_nulls(features: Tensor, null: Tensor, masks: Tensor) -> Tensor:
    """Empty slots filled with the learned null: features [B, N, D] where masks [B, N] is 1, null [D] where it is 0."""
    masks = masks.unsqueeze(-1)  # [B, N, 1]
    return features * masks + null * (1 - masks)


def token_inputs(phrases: Tensor, boxes: Tensor, masks: Tensor, null_phrase: Tensor, null_box: Tensor) -> Tensor:
    """The grounding network's input features for each of N slots: phrase ⊕ box, or null ⊕ null.

    phrases [B, N, D], boxes [B, N, 4] as shares, masks [B, N] (1 where there is a box), null_phrase [D], null_box [64]
    → [B, N, D + 64].
    Attention masks no slot: an empty one says, in numbers that are learned, that nothing is asked of it.
    """
    phrase_features = fill_nulls(phrases, null_phrase, masks)
    box_features = fill_nulls(fourier_features(boxes), null_box, masks)
    return torch.cat([phrase_features, box_features], dim=-1)


class GroundingNet(nn.Module):
    """Phrase and box → grounding token (gligen/GLIGEN, text_grounding_net.py). The same as diffusers' `position_net`."""

    def __init__(self, phrase_dim: int, token_dim: int) -> None:
        super().__init__()
        self.linears = nn.Sequential(
            nn.Linear(phrase_dim + BOX_DIM, HIDDEN_DIM),
            nn.SiLU(),
            nn.Linear(HIDDEN_DIM, HIDDEN_DIM),
            nn.SiLU(),
            nn.Linear(HIDDEN_DIM, token_dim),
        )
        self.null_positive_feature = nn.Parameter(torch.zeros(phrase_dim))
        self.null_position_feature = nn.Parameter(torch.zeros(BOX_DIM))

    def forward(self, boxes: Tensor, masks: Tensor, positive_embeddings: Tensor) -> Tensor:
        """boxes [B, N, 4], masks [B, N] (1 where there is a box), positive_embeddings [B, N, D] → [B, N, token_dim]."""
        nulls = self.null_positive_feature, self.null_position_feature
        return self.linears(token_inputs(positive_embeddings, boxes, masks, *nulls))


def fourier_features(boxes: Tensor) -> Tensor:
    """Fourier features of boxes [B, N, 4], x0 y0 x1 y1 as shares of the picture → [B, N, 64].

    Each coordinate c becomes sin(f c) and cos(f c) for the eight frequencies f = 100^(k/8), without the usual 2π.
    Frequency after frequency, first the four sines, then the four cosines (gligen/GLIGEN,
    ldm/modules/diffusionmodules/util.py; diffusers has the same order).
    """
    frequencies = TEMPERATURE ** (torch.arange(NUM_FREQUENCIES, device=boxes.device) / NUM_FREQUENCIES)  # [8]
    angles = boxes.unsqueeze(-2) * frequencies[:, None]  # [B, N, 1, 4] · [8, 1] → [B, N, 8, 4]
    waves = torch.stack([angles.sin(), angles.cos()], dim=-2)  # [B, N, 8, 2, 4]
    return waves.flatten(-3)  # [B, N, 64]


def position_encoding(size: int) -> Tensor:
    """Sinusoidal position encoding of the cells: sine and cosine of x and y, in waves of three lengths → [1, 12, size, size].

    A convolution is the same everywhere and knows where it is from the padding at the edges alone, which 16 cells with a
    few layers hardly tell. Vision transformers add such an encoding to their patches; here it is read beside the latents.
    """
    angles = cell_centres(size)[:, None] * torch.pi * torch.tensor(HALF_WAVES).view(-1, 1, 1)  # [2, 3, size, size]
    waves = torch.stack([angles.sin(), angles.cos()], dim=1)  # [2, 2, 3, size, size]
    return waves.flatten(0, 2)[None]  # → [1, 12, size, size]


def cell_centres(size: int) -> Tensor:
    """The centres of the cells of a grid, x and y as shares of the side: [2, size, size]."""
    centres = (torch.arange(size) + 0.5) / size
    y, x = torch.meshgrid(centres, centres, indexing="ij")
    return torch.stack([x, y])
