"""MiniSeem: one decoder for words, clicks, strokes, boxes, regions of another picture, and for no prompt at all.

What to notice:
- the image encoder runs once a picture, the decoder once a round; all prompts share a picture's keys and values
- every prompt becomes tokens in front of one prompt query; `ATTENDS_TO` keeps them from the object queries
- masked attention: each layer's queries attend inside the mask of the layer before
- memory tokens attend inside the mask of the last round
- open vocabulary: classes are cosines with CLIP's text embeddings, masks are dot products with pixels
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.seem.attention import attention_mask
from course_lib.seem.decoder import DecoderLayer, SeemOutput, mask_head, memory_update
from course_lib.seem.encoder import Features, ImageEncoder, cell_centres, clip_patch_features, sine_features
from course_lib.seem.point_refiner import PointRefiner
from course_lib.seem.prompts import Prompt, PromptBatch, collate, pad, sample_points, visual_sampler


@dataclass(frozen=True)
class SeemConfig:
    """The sizes of a MiniSeem."""

    image_size: int = 64  # pixels of the side
    channels: tuple[int, int, int] = (48, 96, 144)  # of the encoder, at 1/2, 1/4 and 1/8 of the side
    width: int = 128  # D of the tokens
    mask_dim: int = 32  # E of the vectors whose dot products are masks
    heads: int = 4
    layers: int = 4
    num_object_queries: int = 12  # which segment everything
    num_memory_tokens: int = 4
    clip_width: int = 160  # of the patches of CLIP's image tower
    text_dim: int = 128  # of CLIP's text embeddings

    def to_dict(self) -> dict:
        """For a checkpoint's card."""
        return asdict(self)


class MiniSeem(nn.Module):
    """An encoder, run once a picture, and a decoder, run once a round. `clip` is frozen and not among the weights.

    class_text_embeddings [C, 128]: CLIP's, of the names that things can get. Others may be set later.
    """

    def __init__(self, clip: nn.Module, class_text_embeddings: Tensor, config: SeemConfig = SeemConfig()) -> None:
        super().__init__()
        self.config, self._clip = config, (clip,)  # in a tuple, so that it is no part of this module
        self.register_buffer("class_text_embeddings", class_text_embeddings, persistent=False)
        width = config.width
        self.encoder = ImageEncoder(config)
        # tokens that are learned
        self.object_queries = nn.Parameter(0.5 * torch.randn(config.num_object_queries, width))
        self.prompt_query = nn.Parameter(0.5 * torch.randn(1, width))
        self.memory_tokens = nn.Parameter(0.5 * torch.randn(config.num_memory_tokens, width))
        # prompts → tokens
        self.indicators = nn.Parameter(0.5 * torch.randn(2, width))  # exclude, include
        self.reference_embed = nn.Parameter(0.1 * torch.randn(width))  # says: from another picture
        self.text_proj = nn.Linear(config.text_dim, width)
        self.level_projs = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.position_proj = nn.Linear(32, width)
        # the decoder and its heads
        self.layers = nn.ModuleList(DecoderLayer(width, config.heads) for _ in range(config.layers))
        self.norm = nn.LayerNorm(width)
        self.mask_embed = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, config.mask_dim))
        self.class_embed, self.objectness_head = nn.Linear(width, config.text_dim), nn.Linear(width, 1)
        self.no_object_embed = nn.Parameter(torch.randn(config.text_dim))
        self.logit_scale = nn.Parameter(torch.tensor(math.log(10.0)))  # of the cosines, as a logarithm
        # what lets a later round mend a mask in one place
        self.point_refiner = PointRefiner(width, config.mask_dim)
        self.pixel_position_proj = nn.Linear(width, config.mask_dim, bias=False)
        nn.init.zeros_(self.pixel_position_proj.weight)
        self.prev_mask_embed = nn.Parameter(torch.zeros(config.mask_dim))  # added to pixels in the last round's mask

    @property
    def clip(self) -> nn.Module:
        """The frozen PocketCLIP."""
        return self._clip[0]

    def encode(self, images: Tensor) -> Features:
        """Normalised pictures [I, 3, S, S] → Features, with all that depends on the picture alone.

        This is the dear part, and all prompts and rounds share it: so are the keys and values of the decoder's layers.
        """
        features = self.encoder(images, clip_patch_features(self.clip, images))
        # positions join the pixels, so that a mask may be "on the left", too: [S·S, E] → [1, E, S, S]
        positions = self.pixel_position_proj(self._position_encoding(cell_centres(*images.shape[-2:])))
        mask_features = features.mask_features + positions.T.view(1, -1, *images.shape[-2:])
        # layers attend to 1/8 and 1/4 of the side in turn: [I, D, h, w] → [I, h·w, D]
        read = [
            (level.flatten(2).transpose(1, 2), self._position_encoding(cell_centres(*level.shape[-2:])))
            for level in features.levels[:2]
        ]
        return replace(
            features,
            mask_features=mask_features,
            mask_features_half=F.avg_pool2d(mask_features, 2),
            keys_values=[layer.cross_attn.project_kv(*read[number % 2]) for number, layer in enumerate(self.layers)],
        )

    def sample(self, features: Features, points: Tensor, positive: Tensor) -> Tensor:
        """Visual prompt tokens of points [B, N, 2], with signs bool [B, N], from all three levels → [B, N, D]."""
        inputs = features.per_image(points), features.per_image(positive), self.indicators
        sampled = [visual_sampler(level, *inputs) for level in features.levels]  # [I, prompts_per_image·N, D]
        tokens = sum(proj(level) for proj, level in zip(self.level_projs, sampled, strict=True))
        return tokens.view(*points.shape[:2], tokens.shape[-1])  # [I, prompts_per_image·N, D] → [B, N, D]

    def reference_tokens(self, features: Features, regions: Sequence[np.ndarray]) -> list[Tensor]:
        """Tokens [R, D] of a region bool [S, S] of each picture, for prompts about others. ValueError if empty."""
        if not all(region.any() for region in regions):
            raise ValueError("The region of the other picture has no area: mark at least one pixel of it.")
        points, valid = pad([sample_points(region) for region in regions])
        tokens = self.sample(features, points, torch.ones_like(valid))
        return [row[real].float() for row, real in zip(tokens, valid, strict=True)]

    def segment_everything(self, features: Features) -> SeemOutput:
        """Without a prompt: as many masks as there are object queries."""
        batch, count, side = len(features.mask_features), self.config.num_object_queries, self.config.image_size
        self_attn_mask = attention_mask(["object"] * count, torch.ones(batch, count, dtype=torch.bool))
        queries, no_mask = self.object_queries.expand(batch, -1, -1), torch.zeros(batch, side, side)
        return self._decode(replace(features, prompts_per_image=1), queries, count, self_attn_mask, None, no_mask)[0]

    def segment(
        self,
        features: Features,
        prompts: Sequence[Prompt] | PromptBatch,
        prev_mask: Tensor | None = None,
        mask_input: bool = True,
    ) -> SeemOutput:
        """One mask a prompt [B, 1, S, S]. prev_mask bool [B, S, S]: the last round's mask; None in the first round.

        mask_input: may the pixels see the last mask, too? Without it, only the memory tokens know of it, as in SEEM.
        """
        if not isinstance(prompts, PromptBatch):
            prompts = collate(prompts, self.clip, self.config.image_size, self.config.width)
        if prev_mask is None:
            prev_mask = torch.zeros(len(prompts.text), *features.mask_features.shape[-2:], dtype=torch.bool)
        # one round of the decoder
        x, self_attn_mask = self._prompt_tokens(features, prompts, prev_mask)
        signs = (2.0 * prev_mask - 1) * prev_mask.flatten(1).any(dim=1)[:, None, None]  # [B, S, S]; empty mask: 0
        signs = signs * mask_input
        output, x = self._decode(features, x, 1, self_attn_mask, prev_mask, signs)
        # the mask is mended around the points
        first = 1 + self.config.num_memory_tokens + prompts.text.shape[1]
        point_tokens = x[:, first : first + prompts.points.shape[1]]
        mended = self.point_refiner(features, prompts.points, prompts.points_valid, point_tokens, x[:, 0], signs)
        return replace(output, mask_logits=output.mask_logits + mended[:, None])

    def _prompt_tokens(self, features: Features, prompts: PromptBatch, prev_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Query, memory, text and visual tokens [B, N, D], and their self-attention mask bool [B, N, N]."""
        batch, num_memory = len(prompts.text), self.config.num_memory_tokens
        learned = torch.cat([self.prompt_query, self.memory_tokens]).expand(batch, -1, -1)
        visual = self.sample(features, prompts.points, prompts.positive) + self._position_encoding(prompts.points)
        visual = torch.cat([visual, prompts.reference + self.reference_embed], dim=1)
        x = torch.cat([learned, self.text_proj(prompts.text), visual], dim=1)
        # who attends to whom: by kind, never to padding, nor to the memory of an empty mask
        kinds = ["query"] + ["memory"] * num_memory
        kinds += ["text"] * prompts.text.shape[1] + ["visual"] * visual.shape[1]
        has_memory = prev_mask.flatten(1).any(dim=1, keepdim=True)
        learned_valid = torch.cat([torch.ones_like(has_memory), has_memory.expand(-1, num_memory)], dim=1)
        valid = [learned_valid, prompts.text_valid, prompts.points_valid, prompts.reference_valid]
        return x, attention_mask(kinds, torch.cat(valid, dim=1))

    def _decode(
        self,
        features: Features,
        x: Tensor,
        num_queries: int,
        self_attn_mask: Tensor,
        prev_mask: Tensor | None,
        signs: Tensor,
    ) -> tuple[SeemOutput, Tensor]:
        """The decoder's layers and heads: tokens x [B, N, D] → the output of its queries, and the tokens afterwards.

        x begins with `num_queries` queries, followed, where there is a prev_mask bool [B, S, S], by the memory tokens.
        signs [B, S, S]: 1 in the last round's mask, -1 outside, all 0 without one.
        """
        signs_half, aux_masks = F.avg_pool2d(signs, 2), []
        self_attn_mask = self_attn_mask.repeat_interleave(self.config.heads, dim=0)  # [B·heads, N, N] in all layers
        sizes = [level.shape[-2:] for level in features.levels[:2]]  # layers attend to 1/8 and 1/4 in turn
        memory_attn_masks = [] if prev_mask is None else [memory_update(prev_mask, *size) for size in sizes]
        for number, layer in enumerate(self.layers):
            # queries attend inside the mask of the layer before, in the first everywhere; the memory inside prev_mask
            height, width = sizes[number % 2]
            if aux_masks:
                cell_logits = F.adaptive_avg_pool2d(aux_masks[-1].detach().float(), (height, width))
                cross_attn_mask = (cell_logits > 0).flatten(2)  # [B, Q, h·w]
            else:
                cross_attn_mask = torch.ones(len(x), num_queries, height * width, dtype=torch.bool)
            if memory_attn_masks:
                memory_attn_mask = memory_attn_masks[number % 2][:, None].expand(-1, self.config.num_memory_tokens, -1)
                cross_attn_mask = torch.cat([cross_attn_mask, memory_attn_mask], dim=1)
            x = layer(x, features, features.keys_values[number], cross_attn_mask, self_attn_mask)
            if number + 1 < len(self.layers):  # classes are for the last layer's masks
                aux_masks.append(self._aux_masks(features, self.norm(x[:, :num_queries]), signs_half))
        x = self.norm(x)
        class_logits, mask_logits = self._heads(features, x[:, :num_queries], signs)
        objectness = self.objectness_head(x[:, :num_queries])[..., 0]
        return SeemOutput(mask_logits, class_logits, objectness, aux_masks), x

    def _heads(self, features: Features, queries: Tensor, signs: Tensor) -> tuple[Tensor, Tensor]:
        """Queries [B, Q, D], signs [B, S, S] → class logits [B, Q, C + 1], mask logits [B, Q, S, S]."""
        mask_embeddings = self.mask_embed(queries)
        text_embeddings = torch.cat([self.class_text_embeddings, self.no_object_embed[None]])
        class_queries = features.per_image(self.class_embed(queries))  # [I, prompts_per_image·Q, D]
        class_logits, mask_logits = mask_head(
            class_queries,
            text_embeddings,
            features.per_image(mask_embeddings),
            features.mask_features,
            self.logit_scale.exp(),
        )
        mask_logits = mask_logits.view(*queries.shape[:2], *signs.shape[1:])  # → [B, Q, S, S]
        return class_logits.view(*queries.shape[:2], -1), mask_logits + self._prev_mask_logits(mask_embeddings, signs)

    def _aux_masks(self, features: Features, queries: Tensor, signs: Tensor) -> Tensor:
        """Mask logits at half the size: queries [B, Q, D], signs [B, S/2, S/2] → [B, Q, S/2, S/2]."""
        mask_embeddings = self.mask_embed(queries)
        # [I, prompts_per_image·Q, S/2·S/2] → [B, Q, S/2, S/2]
        logits = features.per_image(mask_embeddings) @ features.mask_features_half.flatten(2)
        logits = logits.view(*queries.shape[:2], *signs.shape[1:])
        return logits + self._prev_mask_logits(mask_embeddings, signs)

    def _prev_mask_logits(self, mask_embeddings: Tensor, signs: Tensor) -> Tensor:
        """What the last round's mask adds: mask embeddings [B, Q, E], signs [B, H, W] → [B, Q, H, W]."""
        return (mask_embeddings @ self.prev_mask_embed)[..., None, None] * signs[:, None]

    def _position_encoding(self, xy: Tensor) -> Tensor:
        """(x, y) in 0–1 [..., 2] → [..., D]."""
        return self.position_proj(sine_features(xy))
