"""Pixels attend to the prompt's points, so that a click can mend the mask where it fell."""

import torch
from torch import Tensor, nn

from course_lib.seem.encoder import Features

MATCH_DIM = 16  # numbers by which a pixel and a point are compared


class PointRefiner(nn.Module):
    """Cross-attention from pixels to points, with a penalty for distance; its values are logits to add to the mask.

    A query's mask is one dot product for all pixels, which can't be mended in one corner. Here each pixel attends to
    the points of its prompt, or to a "null point", and gets what the query makes of them. SEEM has no such step. SAM
    has one: its pixels attend to the prompt's tokens, too (Kirillov et al., 2023, "two-way" decoder).
    """

    def __init__(self, width: int, mask_dim: int) -> None:
        super().__init__()
        self.pixel_proj, self.point_proj = nn.Linear(mask_dim, MATCH_DIM), nn.Linear(width, MATCH_DIM)
        self.prev_mask_embed = nn.Parameter(torch.zeros(MATCH_DIM))  # added to pixels of the last round's mask
        self.log_falloff = nn.Linear(width, 1)  # how soon a point's reach ends, as a logarithm
        self.null_point = nn.Parameter(
            torch.zeros(width)
        )  # stands for no point at all: pixels far from all attend to it
        self.value = nn.Linear(width, width)  # of the query: its dot product with a point is that point's value
        for part in (self.log_falloff, self.value):
            nn.init.zeros_(part.weight)
        nn.init.zeros_(self.value.bias)  # at first all values are 0
        nn.init.constant_(self.log_falloff.bias, 5.0)  # e⁵ is a reach of about 5 pixels of 64

    def forward(
        self, features: Features, points: Tensor, valid: Tensor, tokens: Tensor, query: Tensor, prev_mask: Tensor
    ) -> Tensor:
        """Mask logits to add [B, H, W].

        points [B, N, 2] (x, y) in 0–1, of which bool [B, N] are valid, with tokens [B, N, D]; query [B, D]; prev_mask
        [B, H, W]: 1 in the last round's mask, -1 outside, 0 without one.
        """
        height, width = features.mask_features.shape[-2:]
        # scores of every point for every pixel: alike and near ones win
        match = self.match_scores(features, self.point_proj(tokens), prev_mask.flatten(1)) * MATCH_DIM**-0.5
        scores = match - self.log_falloff(tokens).exp() * squared_distances(points, height, width)  # [B, N, H·W]
        scores = scores.masked_fill(~valid[..., None], float("-inf"))
        # the null point has score 0; there, too, where nobody drew a point (N is 0)
        null_score = scores.new_zeros(len(scores), 1, height * width)
        weights = torch.cat([scores, null_score], dim=1).softmax(dim=1)
        # one value a point
        tokens = torch.cat([tokens, self.null_point.expand(len(tokens), 1, -1)], dim=1)
        values = (tokens @ self.value(query)[..., None]) * query.shape[-1] ** -0.5  # [B, N + 1, 1]
        return (weights * values).sum(dim=1).view(-1, height, width)  # [B, H·W] → [B, H, W]

    def match_scores(self, features: Features, points: Tensor, prev_mask: Tensor) -> Tensor:
        """Dot products of points [B, N, 16] with every projected pixel, prev_mask [B, H·W] → [B, N, H·W].

        point · (W pixel) is (point W) · pixel: the few points go through the linear map, and not the 4,096 pixels.
        """
        projected = features.per_image(points @ self.pixel_proj.weight)  # [I, prompts_per_image·N, E]
        by_pixel = projected @ features.mask_features.flatten(2)  # [I, prompts_per_image·N, H·W]
        by_point = (points @ self.pixel_proj.bias)[..., None]  # [B, N, 1]
        by_prev_mask = (points @ self.prev_mask_embed)[..., None] * prev_mask[:, None]  # [B, N, H·W]
        # [I, prompts_per_image·N, H·W] → [B, N, H·W]
        return by_pixel.view(*points.shape[:2], by_pixel.shape[-1]) + (by_point + by_prev_mask)


def squared_distances(points: Tensor, height: int, width: int) -> Tensor:
    """From points [B, N, 2] (x, y) in 0–1 to the centres of all pixels → [B, N, height·width]."""
    x, y = ((torch.arange(n) + 0.5) / n for n in (width, height))
    across, down = (points[..., :1] - x) ** 2, (points[..., 1:] - y) ** 2  # [B, N, W], [B, N, H]
    return (down[..., :, None] + across[..., None, :]).flatten(2)  # [B, N, H, W] → [B, N, H·W]
