"""The image tower: convolutions see edges and textures, transformer blocks relate them, one query pools them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.clip.text import transformer


def pooling_weights(patches: Tensor, query: Tensor) -> Tensor:
    """How much each patch counts: patches [B, N, W] (layer-normalised), query [W] → [B, N], adding up to 1."""
    scores = patches @ query * patches.shape[-1] ** -0.5  # [B, N]
    return scores.softmax(dim=1)


def image_head(patches: Tensor, query: Tensor, projection: Tensor) -> Tensor:
    """Pool the patches into one feature per picture, and carry it into the space shared with text.

    patches [B, N, W] (layer-normalised), query [W], projection [W, D] → [B, D].

    The query gives each patch a score; a softmax over the *patches* makes weights of the scores; the feature is the
    weighted mean of the patches. Since projecting is linear, the feature is also the weighted mean of the projected
    patches: every patch "says" something in text space, and `PocketCLIP.patch_embeddings` shows what.
    """
    weights = pooling_weights(patches, query)  # [B, N]
    pooled = (weights.unsqueeze(-1) * patches).sum(dim=1)  # [B, W]
    return pooled @ projection


def convolution(channels_in: int, channels_out: int, stride: int) -> nn.Sequential:
    """3×3 convolution, norm, GELU. Group norm works alike in training and use, and whatever else is in the batch."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False),
        nn.GroupNorm(8, channels_out),
        nn.GELU(),
    )


class Residual(nn.Module):
    """Two 3×3 convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = convolution(channels, channels, stride=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm = nn.GroupNorm(8, channels)

    def forward(self, x: Tensor) -> Tensor:
        """x [B, C, H, W] → the same shape."""
        return x + self.norm(self.second(self.first(x)))


class VisionTower(nn.Module):
    """Picture [B, 3, S, S] → patches [B, (S/8)², width], pooled to [B, embed_dim].

    A plain ViT cuts the picture into patches at once; at our size a convolutional stem learns many times faster.
    """

    def __init__(self, config) -> None:
        super().__init__()
        low, middle, width = config.stem_low, config.stem_middle, config.vision_width
        self.stem = nn.Sequential(
            convolution(3, low, stride=2),
            convolution(low, middle, stride=2),
            Residual(middle),
            convolution(middle, width, stride=2),
            Residual(width),
        )
        self.grid = config.image_size // 8
        self.position = nn.Parameter(width**-0.5 * torch.randn(width, self.grid, self.grid))
        self.blocks = transformer(width, config.vision_layers, config.heads, causal=False)
        self.norm = nn.LayerNorm(width)
        self.query = nn.Parameter(torch.zeros(width))  # zero: training begins with the plain mean of the patches
        self.projection = nn.Parameter(width**-0.5 * torch.randn(width, config.embed_dim))

    def hidden_states(self, image: Tensor) -> list[Tensor]:
        """image [B, 3, S, S] → L + 1 states [B, N, W], row by row: the embeddings first, then what each block gave."""
        x = self.stem(image)  # [B, W, S/8, S/8]
        x = x + self._position_for(x.shape[-2:])
        states = [x.flatten(2).transpose(1, 2)]  # [B, W, h, w] → [B, h·w, W]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    def patches(self, image: Tensor, layer: int = -1) -> Tensor:
        """image [B, 3, S, S] → [B, N, W] after block `layer` (-1 the last, -2 the one before)."""
        return self.hidden_states(image)[layer]

    def _position_for(self, grid: tuple[int, int]) -> Tensor:
        """The learned positions [W, 8, 8], resized when the picture is not 64 px (a 32 px close-up has 4 × 4 patches)."""
        if tuple(grid) == (self.grid, self.grid):
            return self.position
        return F.interpolate(self.position[None], size=grid, mode="bilinear", align_corners=False)[0]

    def forward(self, image: Tensor) -> Tensor:
        """image [B, 3, S, S] → [B, embed_dim], not normalised."""
        return image_head(self.norm(self.patches(image)), self.query, self.projection)
