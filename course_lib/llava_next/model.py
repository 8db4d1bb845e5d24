"""MiniLlavaNext: MiniLlava with AnyRes. The same frozen 64 px tower looks at a small whole view and at every tile.

    whole view [B, 64, W] ── mixture of words ─────────────────────────────→ [B, 64, D] ───────────────────┐
    tiles, merged [B, 8h, 8w, W] ── four patches in one token ──→ [B, 4h, 4w, D] ── unpad, newlines ───────┴─→ [B, N, D]

- A tile's four patches become one token *side by side*, not by their mean (pixel shuffle, as in nanoVLM): what a mean would lose,
  which of them shows what, and parts of letters, is kept. 128 × 128 pixels cost 64 + 8 · (8 + 1) = 136 tokens.
- Letters come from the patches of the tiles, through convolutions of the connector; the tower's early layers are not looked at.
- LLaVA-NeXT (Liu et al., 2024, the blog of January 30) has a plain MLP here, and pools nothing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.llava.connector import WordMixture
from course_lib.llava.letters import LetterHead, patch_letter_probs
from course_lib.llava.model import MiniLlava, splice
from course_lib.llava_next import anyres
from course_lib.llava_next.anyres import Size

PATCHES_ASIDE = 8  # of the tower's picture: 64 px, 8 px a patch


@dataclass(frozen=True)
class Views:
    """What the frozen tower makes of pictures of one size: a whole view, and tiles put together, padding and all."""

    whole: Tensor  # [B, 64, W]
    tiles: Tensor | None  # [B, 8h, 8w, W]; None for pictures no larger than the whole view
    size: Size  # of the pictures, before they were padded

    @property
    def device(self) -> torch.device:
        """Where they are."""
        return self.whole.device

    def __getitem__(self, rows) -> "Views":
        return Views(self.whole[rows], None if self.tiles is None else self.tiles[rows], self.size)


class TileConnector(nn.Module):
    """Whole view and tiles → tokens [B, N, D]. It begins as Lesson 07's mixture of words, which knows 64 px pictures already.

    A tile's token is the mixture of its four patches, each word as surely as the surest of them has it; plus the letters in its left
    and right half, which three convolutions over neighbouring patches read; plus a linear layer for all else, at first 0. Convolutions
    in a connector are the C-Abstractor's idea (Cha et al., 2023, "Honeybee", arXiv 2312.06742).
    """

    def __init__(self, mixture: WordMixture) -> None:
        super().__init__()
        width, language_width = mixture.residual.in_features, mixture.residual.out_features
        self.mixture = mixture
        self.letters = LetterHead(
            width
        )  # as Lesson 07's in form, but on patches of the tiles, not on the tower's early layers
        self.detail = nn.Linear(4 * width, language_width)
        self.newline = nn.Parameter(torch.zeros(language_width))
        nn.init.zeros_(self.detail.weight)
        nn.init.zeros_(self.detail.bias)

    def letter_logits(self, tiles: Tensor) -> Tensor:
        """Which letter is at each patch: [B, 8h, 8w, W] → [B, 8h, 8w, 37], class 0 for none."""
        return self.letters(tiles.permute(0, 3, 1, 2))  # → [B, W, 8h, 8w], as convolutions take it

    def whole_tokens(self, whole: Tensor) -> Tensor:
        """The small whole view: [B, 64, W] → [B, 64, D]. Nothing can be read in it."""
        return self.mixture.mixture(whole)

    def tile_tokens(self, tiles: Tensor) -> Tensor:
        """Tiles, merged: [B, 8h, 8w, W] → [B, 4h, 4w, D]."""
        four = four_in_one(tiles)  # [B, 4h, 4w, 4, W]
        word_probs = self.mixture.word_logits(four).sigmoid().amax(dim=3)  # [B, 4h, 4w, K]
        words = word_probs @ self.mixture.word_embeddings + self.mixture.residual(four).mean(dim=3)
        letter_probs = patch_letter_probs(self.letter_logits(tiles))  # [B, 4h·4w, 72]
        letters = (letter_probs @ self.mixture.letter_embeddings).unflatten(1, words.shape[1:3])  # → [B, 4h, 4w, D]
        return words + letters + self.detail(four.flatten(3))  # [B, 4h, 4w, 4, W] → [B, 4h, 4w, 4·W]

    def forward(self, views: Views) -> Tensor:
        whole = self.whole_tokens(views.whole)
        if views.tiles is None:
            return whole
        rows = anyres.unpad(self.tile_tokens(views.tiles), views.size)
        return torch.cat([whole, anyres.add_newlines(rows, self.newline)], dim=1)


def num_tokens(size: Size) -> int:
    """How many tokens a picture of this size costs here: one no larger than the whole view has no tiles."""
    return anyres.BASE_TOKENS if max(size) <= anyres.TILE else anyres.num_tokens(size)


def four_in_one(patches: Tensor) -> Tensor:
    """Two by two patches side by side: [B, 2h, 2w, W] → [B, h, w, 4, W], each four from the top left to the bottom right."""
    grid = patches.unflatten(2, (-1, 2)).unflatten(1, (-1, 2))  # [B, h, 2, w, 2, W]
    return grid.transpose(2, 3).flatten(3, 4)  # → [B, h, w, 2, 2, W] → [B, h, w, 4, W]


class MiniLlavaNext(MiniLlava):
    """A MiniLlava for pictures of any size, all pictures of a batch of one (LLaVA groups its batches by length, too)."""

    @torch.no_grad()
    def image_features(self, pixel_values: Tensor) -> Views:
        """pixel_values [B, 3, H, W], normalised → what the frozen tower makes of the whole view and of the tiles."""
        size = tuple(pixel_values.shape[-2:])
        whole = F.interpolate(pixel_values, (anyres.TILE, anyres.TILE), mode="bilinear", antialias=True)
        if max(size) <= anyres.TILE:
            return Views(self.vision(whole), None, size)
        resolution = anyres.select_resolution(size, anyres.PINPOINTS)
        tiles = anyres.split_tiles(anyres.resize_and_pad(pixel_values, resolution), anyres.TILE)  # [B, n, 3, S, S]
        seen = self.vision(
            torch.cat([whole[:, None], tiles], dim=1).flatten(0, 1)
        )  # [B, 1+n, 3, S, S] → [B·(1+n), 64, W]
        seen = seen.unflatten(0, (len(pixel_values), -1))  # → [B, 1+n, 64, W]
        grids = seen[:, 1:].unflatten(2, (PATCHES_ASIDE, PATCHES_ASIDE))  # [B, n, 8, 8, W]
        return Views(seen[:, 0], anyres.merge_tiles(grids, resolution[0] // anyres.TILE), size)

    def embed(self, input_ids: Tensor, features: Views) -> Tensor:
        """Word embeddings with the pictures' tokens in their places: input_ids [B, T] → [B, T, D]."""
        embeddings = self.language_model.get_input_embeddings()(input_ids)  # [B, T, D]
        tokens = self.connector(features).to(embeddings.dtype)  # [I, N, D]
        return splice(embeddings, input_ids == self.image_token, tokens)

    def num_tokens(self, features: Views) -> int:
        """How many places each of these pictures takes in the text."""
        return num_tokens(features.size)
