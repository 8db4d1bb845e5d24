"""MiniLlavaVideo: a clip is a row of pictures, each seen by the same frozen tower, and a quarter of its tokens is kept.

    frames [B, T, 3, S, S] ── vision (frozen) ──→ [B, T·64, W] ── connector ──→ [B, T·64, D] ── clip_tokens ──→ [B, T·(16 + 1), D]
                                                                                                                      │ splice, in place of <image>
    answer ←──────────────────── language model, positions of the clip divided by `position_scale` ←──────────────────┘

- Nothing new sees or computes anything between frames: order is only where a frame's tokens stand, and how they are stamped. LLaVA-NeXT-Video
  does the same, without stamps, with 24² patches a frame, pooled to 12² (Zhang et al., 2024, the blog of April 30; LLaVA-VL/LLaVA-NeXT,
  llava/model/llava_arch.py).
- A newline token ends every frame, as it ends every row of a tiled picture in LLaVA-NeXT. It is stamped with the time: the embedding of the
  frame's number is added. VTG-LLM adds the time to visual tokens (Guo et al., 2024, arXiv 2405.13382), Qwen3-VL writes it between frames as
  text (Bai et al., 2025, arXiv 2511.21631). Told by position alone, this model learned what changes in a clip, and not when.
- A longer clip than training had may be squeezed into the positions that were trained: linear scaling of rotary positions (Chen et al., 2023,
  arXiv 2306.15595). LLaVA-NeXT-Video scales all positions; here only the clip's, since words still follow words.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.llava.connector import WordMixture
from course_lib.llava.model import MiniLlava

PATCHES_ASIDE = 8  # of a frame of 64 px
NUM_PATCHES = PATCHES_ASIDE**2
POOL = 2  # patches aside that become one token
FRAME_TOKENS = (PATCHES_ASIDE // POOL) ** 2 + 1  # 16, and the newline


def clip_tokens(patches: Tensor, newline: Tensor) -> Tensor:
    """Frames one after the other, each pooled and ended by a newline: patches [B, T, 64, D], newline [D] → [B, T · 17, D].

    Two by two patches of a frame's 8 × 8 are averaged into one token; the 4 × 4 tokens come row by row.
    """
    batch, num_frames, _, width = patches.shape
    grid = patches.unflatten(2, (PATCHES_ASIDE, PATCHES_ASIDE)).flatten(0, 1)  # → [B, T, 8, 8, D] → [B·T, 8, 8, D]
    pooled = F.avg_pool2d(grid.permute(0, 3, 1, 2), POOL)  # [B·T, D, 4, 4]
    tokens = pooled.flatten(2).transpose(1, 2)  # [B·T, D, 16] → [B·T, 16, D]
    ends = newline.expand(len(tokens), 1, width)  # [B·T, 1, D]
    return torch.cat([tokens, ends], dim=1).unflatten(0, (batch, num_frames)).flatten(1, 2)


def scaled_positions(is_clip: Tensor, position_scale: float) -> Tensor:
    """Where each token stands, bool [B, L] → float [B, L]: the first at 0, each further from the one before it than the last.

    After a word the next token stands 1 further; after a token of the clip only 1 / position_scale.
    """
    steps = torch.where(is_clip, 1 / position_scale, 1.0)  # [B, L]
    return steps.cumsum(dim=1) - steps


class FrameConnector(nn.Module):
    """Patches of all frames in one row → a clip's tokens: [B, T·64, W] → [B, T·17, D], by Lesson 07's mixture of words.

    numbers [16, D]: the language model's embeddings of " 1" to " 16", one of which is added to the newline of each frame. They are divided as
    positions are: at a `position_scale` of 2 two frames each are stamped 1, 2, …
    """

    position_scale = 1.0

    def __init__(self, mixture: WordMixture, numbers: Tensor) -> None:
        super().__init__()
        self.mixture = mixture
        self.newline = nn.Parameter(torch.zeros(mixture.residual.out_features))
        self.numbers = nn.Parameter(numbers.detach().clone())

    def forward(self, features: Tensor) -> Tensor:
        tokens = clip_tokens(self.mixture(features).unflatten(1, (-1, NUM_PATCHES)), self.newline)  # [B, T·17, D]
        return tokens + self.stamps(tokens.shape[1] // FRAME_TOKENS)

    def stamps(self, num_frames: int) -> Tensor:
        """What is added to a clip's tokens: a number to each newline, nothing to the others, [T·17, D]."""
        numbers = self.numbers[(torch.arange(num_frames) / self.position_scale).long()]  # [T, D]
        return F.pad(numbers[:, None], (0, 0, FRAME_TOKENS - 1, 0)).flatten(0, 1)  # [T, 1, D] → [T, 17, D] → [T·17, D]


class MiniLlavaVideo(MiniLlava):
    """A MiniLlava for clips, all clips of a batch of one length."""

    @torch.no_grad()
    def image_features(self, pixel_values: Tensor) -> Tensor:
        """pixel_values [B, T, 3, S, S], normalised → patch features of all frames in one row, [B, T·64, W]."""
        features = self.vision(pixel_values.flatten(0, 1))  # [B·T, 64, W]
        return features.unflatten(0, pixel_values.shape[:2]).flatten(1, 2)

    def num_tokens(self, features: Tensor) -> int:
        """How many places each of these clips takes in the text."""
        return features.shape[1] // NUM_PATCHES * FRAME_TOKENS

    @torch.no_grad()
    def answer(self, picture: Tensor, questions: Sequence[str], max_new_tokens: int = 16) -> list[str]:
        """Features [B, T·64, W] of clips and a question about each → what the model says, greedily."""
        input_ids, attention_mask = self._prompts(questions, self.num_tokens(picture))
        positions = scaled_positions(input_ids == self.image_token, self.connector.position_scale)  # [B, L]
        unread = self.embed(input_ids, picture)
        cache, new_ids = None, []
        stop_ids, stopped = torch.tensor(self.stop_token_ids()), torch.zeros(len(input_ids), dtype=torch.bool)
        for _ in range(max_new_tokens):
            out = self.language_model(
                inputs_embeds=unread,
                attention_mask=attention_mask,
                position_ids=positions,
                past_key_values=cache,
                use_cache=True,
            )
            cache, next_ids = out.past_key_values, out.logits[:, -1].argmax(dim=-1)  # [B]
            stopped |= torch.isin(next_ids, stop_ids)
            new_ids.append(next_ids.masked_fill(stopped, self.tokenizer.pad_token_id))
            if stopped.all():
                break
            unread = self.language_model.get_input_embeddings()(next_ids)[:, None]  # [B, 1, D]
            positions = positions[:, -1:] + 1
            attention_mask = F.pad(attention_mask, (0, 1), value=1)
        texts = self.tokenizer.batch_decode(torch.stack(new_ids, dim=1), skip_special_tokens=True)
        return [text.strip() for text in texts]
