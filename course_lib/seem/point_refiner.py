"""Pixels look back at the prompt's points: what is near a point, and like it, gets what the query thinks of that point."""

import torch
from torch import Tensor, nn

from course_lib.seem.encoder import Features

LIKENESS = 16  # numbers by which a pixel and a point are compared


class Nearby(nn.Module):
    """A query's mask is one dot product for all pixels, which can't be mended in one corner. This adds what mends it there.

    Each pixel attends to the points of its prompt, or to none of them; closeness counts like a score. SEEM has no such
    step. SAM has one: its pixels attend to the prompt's tokens, too (Kirillov et al., 2023, "two-way" decoder).
    """

    def __init__(self, width: int, fine: int) -> None:
        super().__init__()
        self.pixel, self.point = nn.Linear(fine, LIKENESS), nn.Linear(width, LIKENESS)
        self.found = nn.Parameter(torch.zeros(LIKENESS))  # how a pixel that was found is compared
        self.closeness = nn.Linear(width, 1)  # how soon a point's reach ends, as a logarithm
        self.nobody = nn.Parameter(torch.zeros(width))  # stands for no point at all: pixels far from all attend to it
        self.opinion = nn.Linear(width, width)  # of the query, about points and nobody
        for part in (self.closeness, self.opinion):
            nn.init.zeros_(part.weight)
        nn.init.zeros_(self.opinion.bias)  # at first it has none
        nn.init.constant_(self.closeness.bias, 5.0)  # e⁵ is a reach of about 5 pixels of 64

    def forward(
        self, features: Features, points: Tensor, valid: Tensor, tokens: Tensor, query: Tensor, memory: Tensor
    ) -> Tensor:
        """points [B, N, 2] (x, y) in 0–1 with tokens [B, N, D], query [B, D], memory [B, H, W] → logits to add [B, H, W]."""
        height, width = features.pixels.shape[-2:]
        like = self.likeness(features, self.point(tokens), memory.flatten(1)) * LIKENESS**-0.5
        scores = like - self.closeness(tokens).exp() * distances(points, height, width)  # [B, N, H·W]
        scores = scores.masked_fill(~valid[..., None], float("-inf"))
        of_nobody = scores.new_zeros(len(scores), 1, height * width)  # there, too, where nobody drew a point (N is 0)
        shares = torch.cat([scores, of_nobody], dim=1).softmax(dim=1)
        tokens = torch.cat([tokens, self.nobody.expand(len(tokens), 1, -1)], dim=1)
        opinions = (tokens @ self.opinion(query)[..., None]) * query.shape[-1] ** -0.5  # [B, N + 1, 1]
        return (shares * opinions).sum(dim=1).view(-1, height, width)

    def likeness(self, features: Features, points: Tensor, memory: Tensor) -> Tensor:
        """What points [B, N, 16] have in common with every pixel, memory [B, H·W] → [B, N, H·W].

        point · (W pixel) is (point W) · pixel: the few points go through the linear map, and not the 4,096 pixels.
        """
        asked = features.by_picture(points @ self.pixel.weight)  # [I, each·N, E]
        like = asked @ features.pixels.flatten(2)  # [I, each·N, H·W]
        alike = (points @ self.pixel.bias)[..., None] + (points @ self.found)[..., None] * memory[:, None]
        return like.view(*points.shape[:2], like.shape[-1]) + alike


def distances(points: Tensor, height: int, width: int) -> Tensor:
    """Squared distances from points [B, N, 2] (x, y) in 0–1 to the middles of all pixels → [B, N, height·width]."""
    x, y = ((torch.arange(n) + 0.5) / n for n in (width, height))
    across, down = (points[..., :1] - x) ** 2, (points[..., 1:] - y) ** 2  # [B, N, W], [B, N, H]
    return (down[..., :, None] + across[..., None, :]).flatten(2)  # [B, N, H, W] → [B, N, H·W]
