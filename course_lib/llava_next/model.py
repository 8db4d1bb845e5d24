"""MiniLlavaNext: MiniLlava with AnyRes. The same frozen 64 px tower looks at a small whole view and at every tile.

    whole view [B, 64, W] ── mixture of words ─────────────────────────────→ [B, 64, D] ───────────────────┐
    tiles, merged [B, 8h, 8w, W] ── four patches in one token ──→ [B, 4h, 4w, D] ── unpad, newlines ───────┴─→ [B, N, D]

- A tile's four patches become one token: each word holds as surely as the surest of them says. 128 × 128 pixels cost 64 + 8 · (8 + 1) = 136
  tokens. Where a token is, the whole view says: a patch knows its place in the tile alone.
- Letters come from the patches of the tiles, through convolutions of the connector; the tower's early layers are not looked at.
- LLaVA-NeXT (Liu et al., 2024, the blog of January 30) has a plain MLP here, the same for whole view and tiles, and pools nothing.
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
    """Whole view and tiles → tokens [B, N, D]: Lesson 07's mixture of words for both, as LLaVA-NeXT has one projector for both.

    A token of the whole view is words + residual, and the residual says where the patch is. A patch of a tile only knows where it is
    *within the tile*. So a tile's token has its words (each as surely as the surest of its four patches has it) and its letters from
    the tile, and its residual from the whole view at the same place. Letters are found by three convolutions over neighbouring
    patches; those in a connector are the C-Abstractor's idea (Cha et al., 2023, "Honeybee", arXiv 2312.06742).
    """

    def __init__(self, mixture: WordMixture) -> None:
        super().__init__()
        self.mixture = mixture
        self.letters = LetterHead(
            mixture.residual.in_features
        )  # of Lesson 07's form, on patches, not the tower's early layers
        self.newline = nn.Parameter(torch.zeros(mixture.residual.out_features))

    def letter_logits(self, tiles: Tensor) -> Tensor:
        """Which letter is at each patch: [B, 8h, 8w, W] → [B, 8h, 8w, 37], class 0 for none."""
        return self.letters(tiles.permute(0, 3, 1, 2))  # → [B, W, 8h, 8w], as convolutions take it

    def tile_content(self, tiles: Tensor) -> Tensor:
        """What there is, wherever it is: words and letters of tiles, merged, [B, 8h, 8w, W] → [B, 4h, 4w, D]."""
        mixture, four = self.mixture, four_in_one(tiles)  # [B, 4h, 4w, 4, W]
        word_probs = mixture.word_logits(four).sigmoid().amax(dim=3)  # [B, 4h, 4w, K]
        letter_probs = patch_letter_probs(self.letter_logits(tiles))  # [B, 4h·4w, 72]
        letters = (letter_probs @ mixture.letter_embeddings).unflatten(1, word_probs.shape[1:3])  # → [B, 4h, 4w, D]
        return word_probs @ mixture.word_embeddings + letters

    def positions(self, whole: Tensor, rows: int, columns: int) -> Tensor:
        """The whole view's residual [B, 64, W] → [B, rows, columns, D]: where in the picture each token of the tiles is."""
        residual = self.mixture.residual(whole).unflatten(1, (PATCHES_ASIDE, PATCHES_ASIDE))  # [B, 8, 8, D]
        return F.adaptive_avg_pool2d(residual.permute(0, 3, 1, 2), (rows, columns)).permute(0, 2, 3, 1)

    def forward(self, views: Views) -> Tensor:
        whole = self.mixture.mixture(views.whole)  # [B, 64, D]
        if views.tiles is None:
            return whole
        content = anyres.unpad(self.tile_content(views.tiles), views.size)  # [B, rows, columns, D]
        tokens = content + self.positions(views.whole, *content.shape[1:3])
        return torch.cat([whole, anyres.add_newlines(tokens, self.newline)], dim=1)


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
