"""MiniSeem: one decoder for words, clicks, strokes, boxes, regions of another picture, and for no prompt at all."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.seem import prompts as sampler
from course_lib.seem.attention import Attention, may_read
from course_lib.seem.encoder import Encoder, Features, clip_patches
from course_lib.seem.point_refiner import Nearby
from course_lib.seem.prompts import Prompt, PromptBatch, collate

WAVES = 2.0 ** torch.arange(8) * math.pi / 2  # how fast each wave of a place turns


@dataclass(frozen=True)
class SeemConfig:
    """The sizes of a MiniSeem."""

    image_size: int = 64  # pixels of the side
    channels: tuple[int, int, int] = (48, 96, 144)  # at 1/2, 1/4 and 1/8 of the side
    width: int = 128
    pixel_width: int = 32
    heads: int = 4
    layers: int = 4
    objects: int = 12  # queries that segment everything
    memories: int = 4  # memory tokens
    clip_width: int = 160  # of the patches of CLIP's image tower
    words: int = 128  # of CLIP's text embeddings

    def to_dict(self) -> dict:
        """For a checkpoint's card."""
        return asdict(self)


@dataclass
class Masks:
    """What the queries found."""

    logits: Tensor  # [B, Q, S, S]; above 0: found
    classes: Tensor  # [B, Q, C + 1] logits of the model's words, and last of "nothing"
    present: Tensor  # [B, Q] logits: is there such a thing at all?
    coarse: list[Tensor]  # what the layers before the last thought [B, Q, S/2, S/2]

    def float(self) -> "Masks":
        """In float32, for the loss."""
        return Masks(self.logits.float(), self.classes.float(), self.present.float(), [c.float() for c in self.coarse])


class Layer(nn.Module):
    """Masked cross-attention to the picture, self-attention by the table, and a feed-forward net."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.look, self.talk = Attention(width, heads), Attention(width, heads)
        self.think = nn.Sequential(nn.Linear(width, 3 * width), nn.GELU(), nn.Linear(3 * width, width))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))

    def forward(
        self, x: Tensor, features: Features, offered: tuple[Tensor, Tensor], where: Tensor, read: Tensor
    ) -> Tensor:
        """x [B, N, D]; its first R tokens look at what a level has `offered` where bool [B, R, HW] says.

        read bool [B·heads, N, N] says who talks with whom.
        """
        own, rest = x[:, : where.shape[1]], x[:, where.shape[1] :]
        lookers = features.by_picture(self.norms[0](own))
        where = features.by_picture(where).repeat_interleave(self.look.heads, dim=0)  # [I·heads, each·R, HW]
        looked = self.look(lookers, offered, where).view_as(own)  # [I, each·R, D] → [B, R, D]
        x = torch.cat([own + looked, rest], dim=1)
        normed = self.norms[1](x)
        x = x + self.talk(normed, self.talk.offered(normed), read)
        return x + self.think(self.norms[2](x))


class MiniSeem(nn.Module):
    """An encoder, run once a picture, and a decoder, run once a round. `clip` is frozen and not among the weights.

    words [C, 128]: CLIP's text embeddings of the names that things can get. Any others may be set later (`model.words`).
    """

    def __init__(self, clip: nn.Module, words: Tensor, config: SeemConfig = SeemConfig()) -> None:
        super().__init__()
        self.config, self._clip = config, (clip,)  # in a tuple, so that it is no part of this module
        self.register_buffer("words", words, persistent=False)
        width = config.width
        self.encoder = Encoder(config)
        self.objects = nn.Parameter(0.5 * torch.randn(config.objects, width))
        self.query = nn.Parameter(0.5 * torch.randn(1, width))
        self.memory = nn.Parameter(0.5 * torch.randn(config.memories, width))
        self.indicators = nn.Parameter(0.5 * torch.randn(2, width))  # exclude, include
        self.elsewhere = nn.Parameter(0.1 * torch.randn(width))  # says: from another picture
        self.from_text = nn.Linear(config.words, width)
        self.level_maps = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.place = nn.Linear(32, width)
        self.layers = nn.ModuleList(Layer(width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.to_mask = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, config.pixel_width))
        self.to_class, self.to_present = nn.Linear(width, config.words), nn.Linear(width, 1)
        self.nothing = nn.Parameter(torch.randn(config.words))  # the class of a query that found nothing
        self.scale = nn.Parameter(torch.tensor(math.log(10.0)))  # of the cosines, as a logarithm
        self.nearby = Nearby(width, config.pixel_width)
        self.fine_place = nn.Linear(width, config.pixel_width, bias=False)
        nn.init.zeros_(self.fine_place.weight)
        self.recall = nn.Parameter(torch.zeros(config.pixel_width))  # added to pixels found, taken from the others

    @property
    def clip(self) -> nn.Module:
        """The frozen PocketCLIP."""
        return self._clip[0]

    def encode(self, pixels: Tensor) -> Features:
        """Normalised pictures [I, 3, S, S] → Features. This is the dear part; all prompts share it.

        So are the keys and values that the layers read: they depend on the picture alone.
        """
        features = self.encoder(pixels, clip_patches(self.clip, pixels))
        places = self.fine_place(self._grid(*pixels.shape[-2:]))  # [S·S, E]: a mask may say "on the left", too
        read = [(level.flatten(2).transpose(1, 2), self._grid(*level.shape[-2:])) for level in features.levels[:2]]
        fine = features.pixels + places.T.view(1, -1, *pixels.shape[-2:])
        return replace(
            features,
            pixels=fine,
            half=F.avg_pool2d(fine, 2),
            offered=[layer.look.offered(*read[number % 2]) for number, layer in enumerate(self.layers)],  # 1/8, 1/4, …
        )

    def sample(self, features: Features, points: Tensor, positive: Tensor) -> Tensor:
        """Tokens of what is at points [B, N, 2], on all three levels → [B, N, D]."""
        asked = features.by_picture(points), features.by_picture(positive), self.indicators
        reads = [sampler.visual_sampler(level, *asked) for level in features.levels]  # [I, each·N, D]
        tokens = sum(own(read) for own, read in zip(self.level_maps, reads, strict=True))
        return tokens.view(*points.shape[:2], tokens.shape[-1])

    def everything(self, features: Features) -> Masks:
        """Asked nothing: as many masks as there are object queries."""
        batch, count, side = len(features.pixels), self.config.objects, self.config.image_size
        read = may_read(["object"] * count, torch.ones(batch, count, dtype=torch.bool))
        objects, nothing = self.objects.expand(batch, -1, -1), torch.zeros(batch, side, side)
        return self._decode(replace(features, each=1), objects, count, read, None, nothing)[0]

    def segment(
        self, features: Features, prompts: Sequence[Prompt] | PromptBatch, found: Tensor | None = None
    ) -> Masks:
        """One mask a prompt [B, 1, S, S]. found bool [B, S, S]: what the last round had found; None in the first round."""
        if not isinstance(prompts, PromptBatch):
            prompts = collate(prompts, self.clip, self.config.image_size, self.config.width)
        if found is None:
            found = torch.zeros(len(prompts.text), *features.pixels.shape[-2:], dtype=torch.bool)
        x, read = self._tokens(features, prompts, found)
        recalled = (2.0 * found - 1) * found.flatten(1).any(dim=1)[:, None, None]  # [B, S, S]; nothing found: 0
        masks, x = self._decode(features, x, 1, read, found, recalled)
        first = 1 + self.config.memories + prompts.text.shape[1]
        points = x[:, first : first + prompts.points.shape[1]]
        mended = self.nearby(features, prompts.points, prompts.points_valid, points, x[:, 0], recalled)
        return replace(masks, logits=masks.logits + mended[:, None])

    def _tokens(self, features: Features, prompts: PromptBatch, found: Tensor) -> tuple[Tensor, Tensor]:
        """The query, the memory and the prompt's tokens [B, N, D], and who may read whom [B, N, N]."""
        batch, remembered = len(prompts.text), self.config.memories
        own = torch.cat([self.query, self.memory]).expand(batch, -1, -1)
        visual = self.sample(features, prompts.points, prompts.positive) + self._places(prompts.points)
        visual = torch.cat([visual, prompts.reference + self.elsewhere], dim=1)
        x = torch.cat([own, self.from_text(prompts.text), visual], dim=1)
        kinds = ["query"] + ["memory"] * remembered
        kinds += ["text"] * prompts.text.shape[1] + ["visual"] * visual.shape[1]
        something = found.flatten(1).any(dim=1, keepdim=True)  # an empty memory is not read
        own_valid = torch.cat([torch.ones_like(something), something.expand(-1, remembered)], dim=1)
        valid = [own_valid, prompts.text_valid, prompts.points_valid, prompts.reference_valid]
        return x, may_read(kinds, torch.cat(valid, dim=1))

    def _decode(
        self, features: Features, x: Tensor, queries: int, read: Tensor, found: Tensor | None, recalled: Tensor
    ) -> tuple[Masks, Tensor]:
        """x [B, N, D], whose first `queries` tokens look for masks, followed, where there is `found`, by the memory.

        recalled [B, S, S]: 1 where the last round had found something, -1 elsewhere, all 0 if there was none. Returns
        also what the tokens have become [B, N, D].
        """
        recalled_half, coarse = F.avg_pool2d(recalled, 2), []
        sizes = [level.shape[-2:] for level in features.levels[:2]]  # layers look at 1/8 and 1/4 of the side in turn
        remembered = [self._remembered(found, *size) for size in sizes]
        read = read.repeat_interleave(self.config.heads, dim=0)  # [B·heads, N, N], the same in all layers
        for number, layer in enumerate(self.layers):
            size, own = sizes[number % 2], remembered[number % 2]
            where = self._where(coarse[-1] if coarse else None, (len(x), queries, *size))
            where = where if own is None else torch.cat([where, own], dim=1)
            x = layer(x, features, features.offered[number], where, read)
            if number + 1 < len(self.layers):  # names are for the last layer's masks
                coarse.append(self._masks(features, self.norm(x[:, :queries]), recalled_half))
        x = self.norm(x)
        classes, logits = self._heads(features, x[:, :queries], recalled)
        return Masks(logits, classes, self.to_present(x[:, :queries])[..., 0], coarse), x

    def _heads(self, features: Features, queries: Tensor, recalled: Tensor) -> tuple[Tensor, Tensor]:
        """Of queries [B, Q, D], recalled [B, S, S]: classes [B, Q, C + 1], masks [B, Q, S, S]."""
        vectors, words = self.to_mask(queries), torch.cat([self.words, self.nothing[None]])
        asked = features.by_picture(self.to_class(queries)), words, features.by_picture(vectors)
        classes, logits = mask_head(*asked, features.pixels, self.scale.exp())  # [I, each·Q, …]
        shape = queries.shape[:2]
        return classes.view(*shape, -1), logits.view(*shape, *recalled.shape[1:]) + self._again(vectors, recalled)

    def _masks(self, features: Features, queries: Tensor, recalled: Tensor) -> Tensor:
        """The masks alone, at half the size: of queries [B, Q, D], recalled [B, S/2, S/2] → [B, Q, S/2, S/2]."""
        vectors = self.to_mask(queries)
        logits = features.by_picture(vectors) @ features.half.flatten(2)  # [I, each·Q, S/2·S/2]
        return logits.view(*queries.shape[:2], *recalled.shape[1:]) + self._again(vectors, recalled)

    def _again(self, vectors: Tensor, recalled: Tensor) -> Tensor:
        """What queries make of the last round's mask: vectors [B, Q, E], recalled [B, H, W] → [B, Q, H, W]."""
        return (vectors @ self.recall)[..., None, None] * recalled[:, None]

    def _where(self, guess: Tensor | None, shape: tuple[int, int, int, int]) -> Tensor:
        """Queries look inside their last guess: [B, Q, S/2, S/2] → bool [B, Q, HW]; everywhere before the first one."""
        batch, queries, height, width = shape
        if guess is None:
            return torch.ones(batch, queries, height * width, dtype=torch.bool)
        return (F.adaptive_avg_pool2d(guess.detach().float(), (height, width)) > 0).flatten(2)

    def _remembered(self, found: Tensor | None, height: int, width: int) -> Tensor | None:
        """Memory tokens look inside the last round's mask: bool [B, S, S] → bool [B, memories, HW]."""
        if found is None:
            return None
        return memory_update(found, height, width)[:, None].expand(-1, self.config.memories, -1)

    def _places(self, xy: Tensor) -> Tensor:
        """(x, y) in 0–1 [..., 2] → waves [..., 32] → [..., D]."""
        angles = xy[..., None] * WAVES  # [..., 2, 8]
        return self.place(torch.cat([angles.sin(), angles.cos()], dim=-1).flatten(-2))

    def _grid(self, height: int, width: int) -> Tensor:
        """The places of a level's cells [H·W, D]."""
        down, across = torch.meshgrid(*((torch.arange(n) + 0.5) / n for n in (height, width)), indexing="ij")
        return self._places(torch.stack([across, down], dim=-1).flatten(0, 1))


def mask_head(queries: Tensor, words: Tensor, vectors: Tensor, pixels: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Names by cosine with text embeddings, masks by dot product with the pixels.

    queries [B, Q, D], words [C, D] (text embeddings, of any length), vectors [B, Q, E], pixels [B, E, H, W], scale a
    factor → class logits [B, Q, C], mask logits [B, Q, H, W].
    """
    classes = scale * F.normalize(queries, dim=-1) @ F.normalize(words, dim=-1).T
    return classes, (vectors @ pixels.flatten(2)).unflatten(-1, pixels.shape[2:])


SHARE = 0.3  # of a coarse cell's pixels that must be found for the cell to be remembered


def memory_update(found: Tensor, height: int, width: int) -> Tensor:
    """Where the memory looks in the next round: found bool [B, S, S] → bool [B, height·width], row by row.

    A cell of the coarser grid counts when more than SHARE of its pixels were found. SEEM hard-codes the last mask as
    the memory's attention mask: modeling/interface/prototype/attention_data_struct_seemv1.py.
    """
    shares = F.adaptive_avg_pool2d(found[:, None].float(), (height, width))  # [B, 1, h, w]
    return (shares > SHARE).flatten(1)
