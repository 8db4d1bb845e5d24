"""From pixels to features at three scales, and to one vector a pixel: run once a picture, whatever is asked afterwards."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass
class Features:
    """Encoded pictures, which several prompts may share."""

    levels: list[Tensor]  # three [I, D, h, w], at 1/8, 1/4 and 1/2 of the side
    pixels: Tensor  # [I, E, S, S]
    each: int = 1  # prompts a picture, B = I · each; those of a picture are neighbours
    offered: list[tuple[Tensor, Tensor]] = field(
        default_factory=list
    )  # each layer's keys and values of its level [I·heads, …]
    half: Tensor | None = None  # [I, E, S/2, S/2]: pixels, for the masks of the layers before the last

    def by_picture(self, x: Tensor) -> Tensor:
        """One row a picture, so that no map is copied for each prompt: [B, N, …] → [I, each·N, …]."""
        return x.reshape(len(self.pixels), self.each * x.shape[1], *x.shape[2:])

    def rows(self, rows: Sequence[int] | Tensor) -> "Features":
        """Those of some pictures; one prompt each."""
        return self._through(lambda maps: maps[0][rows], [self])

    @classmethod
    def joined(cls, parts: "Sequence[Features]") -> "Features":
        """Those of all pictures together; one prompt each."""
        return cls._through(torch.cat, parts)

    @staticmethod
    def _through(make: Callable[[list[Tensor]], Tensor], parts: "Sequence[Features]") -> "Features":
        """`make` on the like tensors of all parts, a row a picture."""
        levels = [make(list(maps)) for maps in zip(*(part.levels for part in parts), strict=True)]
        images = [len(part.pixels) for part in parts]
        offered = []
        for layer in zip(*(part.offered for part in parts), strict=True):
            pairs = [[x.unflatten(0, (count, -1)) for x in pair] for pair, count in zip(layer, images, strict=True)]
            offered.append(tuple(make(list(like)).flatten(0, 1) for like in zip(*pairs, strict=True)))  # [I, heads, …]
        half = None if parts[0].half is None else make([part.half for part in parts])
        return Features(levels, make([part.pixels for part in parts]), offered=offered, half=half)


class Block(nn.Module):
    """Two convolutions with a way around them."""

    def __init__(self, width_in: int, width: int, stride: int) -> None:
        super().__init__()
        self.one = nn.Conv2d(width_in, width, 3, stride, 1, bias=False)
        self.two = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.norm_one, self.norm_two = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        changes = stride > 1 or width != width_in
        self.skip = nn.Conv2d(width_in, width, 1, stride) if changes else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → [B, C', H/stride, W/stride]."""
        y = F.gelu(self.norm_one(self.one(x)))
        return F.gelu(self.norm_two(self.two(y)) + self.skip(x))


class Encoder(nn.Module):
    """A small convolutional net for edges, beside CLIP's frozen image tower for meaning; then a pixel decoder (FPN)."""

    def __init__(self, config) -> None:
        super().__init__()
        low, middle, high = config.channels
        width, fine = config.width, config.pixel_width
        self.stem = nn.Conv2d(3, 24, 3, 1, 1)
        to_middle = nn.Sequential(Block(low, middle, 2), Block(middle, middle, 1))
        to_high = nn.Sequential(Block(middle, high, 2), Block(high, high, 1), Block(high, high, 1))
        self.stages = nn.ModuleList([Block(24, low, 2), to_middle, to_high])
        self.lateral = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in (high, middle, low))
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, 1, 1, groups=4) for _ in range(3))
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for _ in range(3))
        self.from_clip = nn.Conv2d(config.clip_width, width, 1)
        self.to_pixels = nn.Conv2d(width, fine, 1)
        self.from_stem = nn.Conv2d(24, fine, 3, 1, 1)
        self.last = nn.Conv2d(fine, fine, 3, 1, 1)

    def forward(self, images: Tensor, patches: Tensor) -> Features:
        """images [I, 3, S, S], CLIP's patches [I, 160, S/8, S/8] → Features."""
        stem = F.gelu(self.stem(images))
        maps, x = [], stem
        for stage in self.stages:
            x = stage(x)
            maps.insert(0, x)  # the coarsest first
        levels = self.pyramid(maps, patches)
        fine = F.interpolate(self.to_pixels(levels[-1]), scale_factor=2.0, mode="bilinear") + self.from_stem(stem)
        return Features(levels, self.last(F.gelu(fine)))

    def pyramid(self, maps: list[Tensor], patches: Tensor) -> list[Tensor]:
        """Every level is its own map and the coarser level above it."""
        levels: list[Tensor] = []
        for number, map_ in enumerate(maps):
            x = self.lateral[number](map_)
            if levels:
                x = x + F.interpolate(levels[-1], scale_factor=2.0, mode="nearest")
            else:
                x = x + self.from_clip(patches)
            levels.append(self.norms[number](F.gelu(self.smooth[number](x)) + x))
        return levels


def clip_patches(clip, images: Tensor) -> Tensor:
    """What CLIP's image tower says of each 8 × 8 patch: images [I, 3, S, S] → [I, 160, S/8, S/8]. It is not trained here."""
    with torch.no_grad():
        patches = clip.visual.norm(clip.visual.patches(images)).float()  # [I, N, 160]
    side = images.shape[-1] // 8
    return patches.transpose(1, 2).reshape(len(images), -1, side, side)
