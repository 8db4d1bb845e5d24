"""The image encoder: pixels → a feature pyramid of three levels and one vector a pixel. It runs once a picture."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

FREQUENCIES = 2.0 ** torch.arange(8) * math.pi / 2  # of the sines of a position, in radians a side


@dataclass
class Features:
    """Encoded pictures, which several prompts may share."""

    levels: list[Tensor]  # three [I, D, h, w], at 1/8, 1/4 and 1/2 of the side
    mask_features: Tensor  # [I, E, S, S]
    prompts_per_image: int = 1  # B = I · prompts_per_image; those of a picture are neighbours
    keys_values: list[tuple[Tensor, Tensor]] = field(default_factory=list)  # of each decoder layer [I·heads, h·w, …]
    mask_features_half: Tensor | None = None  # [I, E, S/2, S/2]: for the masks of the layers before the last

    def per_image(self, x: Tensor) -> Tensor:
        """One row a picture, so that no map is copied for each prompt: [B, N, …] → [I, prompts_per_image·N, …]."""
        return x.reshape(len(self.mask_features), self.prompts_per_image * x.shape[1], *x.shape[2:])

    def select(self, rows: Sequence[int] | Tensor) -> "Features":
        """Those of some pictures; one prompt each."""
        return self._map(lambda maps: maps[0][rows], [self])

    @classmethod
    def concat(cls, parts: "Sequence[Features]") -> "Features":
        """Those of all pictures together; one prompt each."""
        return cls._map(torch.cat, parts)

    @staticmethod
    def _map(combine: Callable[[list[Tensor]], Tensor], parts: "Sequence[Features]") -> "Features":
        """`combine` on the like tensors of all parts, with a row a picture."""
        levels = [combine(list(maps)) for maps in zip(*(part.levels for part in parts), strict=True)]
        num_images = [len(part.mask_features) for part in parts]
        keys_values = []
        for layer in zip(*(part.keys_values for part in parts), strict=True):
            # [I·heads, …] → [I, heads, …], since pictures are chosen and joined by rows
            pairs = [[x.unflatten(0, (count, -1)) for x in pair] for pair, count in zip(layer, num_images, strict=True)]
            keys_values.append(tuple(combine(list(like)).flatten(0, 1) for like in zip(*pairs, strict=True)))
        half = None if parts[0].mask_features_half is None else combine([part.mask_features_half for part in parts])
        mask_features = combine([part.mask_features for part in parts])
        return Features(levels, mask_features, keys_values=keys_values, mask_features_half=half)


class ResidualBlock(nn.Module):
    """Two 3 × 3 convolutions with a shortcut around them (He et al., 2015), group norm and GELU."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.GroupNorm(8, channels), nn.GroupNorm(8, channels)
        resized = stride > 1 or channels != in_channels
        self.shortcut = nn.Conv2d(in_channels, channels, 1, stride) if resized else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → [B, C', H/stride, W/stride]."""
        y = F.gelu(self.norm1(self.conv1(x)))
        return F.gelu(self.norm2(self.conv2(y)) + self.shortcut(x))


class ImageEncoder(nn.Module):
    """A small convolutional net for edges, beside CLIP's frozen image tower for meaning; then a pixel decoder (FPN)."""

    def __init__(self, config) -> None:
        super().__init__()
        low, middle, high = config.channels
        width, mask_dim = config.width, config.mask_dim
        self.stem = nn.Conv2d(3, 24, 3, 1, 1)
        to_middle = nn.Sequential(ResidualBlock(low, middle, 2), ResidualBlock(middle, middle, 1))
        to_high = nn.Sequential(
            ResidualBlock(middle, high, 2), ResidualBlock(high, high, 1), ResidualBlock(high, high, 1)
        )
        self.stages = nn.ModuleList([ResidualBlock(24, low, 2), to_middle, to_high])
        self.lateral_convs = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in (high, middle, low))
        self.output_convs = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1, groups=4) for _ in range(3))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(3))
        self.clip_proj = nn.Conv2d(config.clip_width, width, 1)
        self.pixel_proj = nn.Conv2d(width, mask_dim, 1)
        self.stem_proj = nn.Conv2d(24, mask_dim, 3, 1, 1)
        self.mask_features = nn.Conv2d(mask_dim, mask_dim, 3, 1, 1)

    def forward(self, images: Tensor, clip_features: Tensor) -> Features:
        """images [I, 3, S, S], CLIP's patches [I, 160, S/8, S/8] → Features."""
        # the convolutional net, the coarsest map first
        stem = F.gelu(self.stem(images))
        maps, x = [], stem
        for stage in self.stages:
            x = stage(x)
            maps.insert(0, x)
        # the pyramid, and from its finest level a vector for every pixel
        levels = self.pyramid(maps, clip_features)
        upsampled = F.interpolate(self.pixel_proj(levels[-1]), scale_factor=2.0, mode="bilinear")
        return Features(levels, self.mask_features(F.gelu(upsampled + self.stem_proj(stem))))

    def pyramid(self, maps: list[Tensor], clip_features: Tensor) -> list[Tensor]:
        """A feature pyramid (FPN): each level is its map plus the coarser level; CLIP's patches join the coarsest."""
        levels: list[Tensor] = []
        for number, map_ in enumerate(maps):
            x = self.lateral_convs[number](map_)
            if levels:
                x = x + F.interpolate(levels[-1], scale_factor=2.0, mode="nearest")
            else:
                x = x + self.clip_proj(clip_features)
            levels.append(self.norms[number](F.gelu(self.output_convs[number](x)) + x))
        return levels


def clip_patch_features(clip, images: Tensor) -> Tensor:
    """What CLIP's frozen image tower says of each 8 × 8 patch: images [I, 3, S, S] → [I, 160, S/8, S/8]."""
    with torch.no_grad():
        patches = clip.visual.norm(clip.visual.patches(images)).float()  # [I, N, 160]
    side = images.shape[-1] // 8
    return patches.transpose(1, 2).reshape(len(images), -1, side, side)  # [I, N, 160] → [I, 160, S/8, S/8]


def cell_centres(height: int, width: int) -> Tensor:
    """The centres (x, y) in 0–1 of a map's cells, row by row [H·W, 2]."""
    y, x = torch.meshgrid(*((torch.arange(n) + 0.5) / n for n in (height, width)), indexing="ij")
    return torch.stack([x, y], dim=-1).flatten(0, 1)  # [H, W, 2] → [H·W, 2]


def sine_features(xy: Tensor) -> Tensor:
    """Sines and cosines of positions (x, y) in 0–1, at eight frequencies: [..., 2] → [..., 32]."""
    angles = xy[..., None] * FREQUENCIES  # [..., 2, 8]
    return torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2)  # [..., 2, 16] → [..., 32]
