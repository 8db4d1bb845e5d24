"""Grounding tokens: what is where, one token a box; and a learned "nothing" where there is no box."""

import torch
from torch import Tensor, nn

from course_lib.gligen.fourier import FREQUENCIES, fourier_features

MOST_BOXES = 4
HIDDEN = 512  # as published, and in diffusers whatever the size of the model
BOX_WIDTH = 8 * FREQUENCIES  # sine and cosine of four coordinates


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
