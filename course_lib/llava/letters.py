"""The letter head: which letter stands where in a picture, as features beside CLIP's.

CLIP's patches say what a thing is, and hardly which letters it bears. Vary (Wei et al., 2023, arXiv 2312.06109) trains a small second
network to read, and puts what it finds beside CLIP's features; "Eyes Wide Shut?" (Tong et al., 2024, arXiv 2401.06209)
mixes two kinds of features, too. Here it is three convolutions on top of CLIP's own early layers, where edges are still sharp.
"""

import string

import torch
from torch import Tensor, nn

from course_lib.clip.vision import Residual, convolution
from course_lib.llava.vision import PocketVisionTower

ALPHABET = string.ascii_uppercase + string.digits
NUM_STEM_LAYERS = 3  # of the stem, that the letter head reads: a quarter of the picture's side, before the last halving
HEAD_WIDTH = 96


class LetterHead(nn.Module):
    """Letter logits of every cell: features [B, C, h, w] of CLIP's stem → [B, h, w, 1 + 36], class 0 for no letter."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(convolution(channels, HEAD_WIDTH, stride=1), Residual(HEAD_WIDTH))
        self.classifier = nn.Linear(HEAD_WIDTH, 1 + len(ALPHABET))

    def forward(self, stem_features: Tensor) -> Tensor:
        """[B, C, h, w] → [B, h, w, 37]."""
        return self.classifier(self.layers(stem_features).permute(0, 2, 3, 1)).float()


class PocketVisionTowerWithLetters(PocketVisionTower):
    """CLIP's patches, and beside each the letters in its left and in its right half: pixel_values [B, 3, S, S] → [B, N, W + 72].

    The first W numbers are exactly those of `PocketVisionTower`, so that what has learned to read those goes on as before.
    """

    def __init__(self, clip: nn.Module, layer: int = -2) -> None:
        super().__init__(clip, layer)
        self.letter_head = LetterHead(clip.config.stem_middle)

    def letter_logits(self, pixel_values: Tensor) -> Tensor:
        """pixel_values [B, 3, S, S] → logits [B, S/4, S/4, 37]; only the letter head learns."""
        with torch.no_grad():
            stem_features = self.clip.visual.stem[:NUM_STEM_LAYERS](pixel_values)
        return self.letter_head(stem_features)

    def forward(self, pixel_values: Tensor) -> Tensor:
        letter_probs = patch_letter_probs(self.letter_logits(pixel_values))
        return torch.cat([super().forward(pixel_values), letter_probs], dim=-1)


def patch_letter_probs(letter_logits: Tensor) -> Tensor:
    """How surely each half of a patch holds each letter: logits [B, 2·h, 2·w, 37] → probabilities [B, h·w, 2·36].

    A half is two cells, one above the other; the surer one counts.
    """
    probs = letter_logits.softmax(dim=-1)[..., 1:]  # [B, 2h, 2w, 36]
    probs = probs.unflatten(1, (-1, 2)).amax(dim=2)  # [B, 2h, 2w, 36] → [B, h, 2, 2w, 36] → [B, h, 2w, 36]
    return probs.unflatten(2, (-1, 2)).flatten(3).flatten(1, 2)  # → [B, h, w, 2, 36] → [B, h·w, 72]
