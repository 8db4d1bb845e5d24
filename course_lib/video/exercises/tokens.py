"""Exercises of Lesson 14: frames as tokens, and where they stand."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.video.model import clip_tokens, scaled_positions

SIZES = ((1, 3), (2, 2), (3, 1), (2, 5))  # clips, frames
LAYOUTS = (  # for each text: 1 where a token is of the clip
    ((0, 1, 1, 1, 0, 0), (0, 0, 1, 1, 1, 0)),
    ((1, 1, 1, 0, 0),),
    ((0, 0, 0, 1, 1, 1), (0, 0, 0, 0, 0, 0), (0, 1, 0, 1, 0, 1)),
)
SCALES = (2.0, 1.0, 4.0, 1.5)


def tokens_inputs(rng) -> tuple[Tensor, Tensor]:
    """Clips of a few frames, [B, T, 64, D], and a newline [D]."""
    clips, frames = rng.in_turn(SIZES)
    width = int(rng.integers(3, 6))
    return normal(rng, clips, frames, 64, width), normal(rng, width)


def _grid(patches):
    return patches.unflatten(2, (8, 8))  # [B, T, 8, 8, D]


def _averaged(patches):
    """[B, T, 64, D] → [B, T, 4, 4, D]."""
    return _grid(patches).unflatten(3, (4, 2)).unflatten(2, (4, 2)).mean(dim=(3, 5))


def _end_frames(tokens, newline):
    """[B, T, N, D] → [B, T · (N + 1), D]."""
    ends = newline.expand(*tokens.shape[:2], 1, -1)
    return torch.cat([tokens, ends], dim=2).flatten(1, 2)


def tokens_in_a_line(patches, newline):
    return _end_frames(patches.unflatten(2, (16, 4)).mean(dim=3), newline)


def tokens_every_second(patches, newline):
    return _end_frames(_grid(patches)[:, :, ::2, ::2].flatten(2, 3), newline)


def tokens_max(patches, newline):
    return _end_frames(_grid(patches).unflatten(3, (4, 2)).unflatten(2, (4, 2)).amax(dim=(3, 5)).flatten(2, 3), newline)


def tokens_newline_first(patches, newline):
    tokens = _averaged(patches).flatten(2, 3)
    return torch.cat([newline.expand(*tokens.shape[:2], 1, -1), tokens], dim=2).flatten(1, 2)


def tokens_newline_once(patches, newline):
    tokens = _averaged(patches).flatten(1, 3)
    return torch.cat([tokens, newline.expand(len(tokens), 1, -1)], dim=1)


def tokens_no_newline(patches, newline):
    return _averaged(patches).flatten(1, 3)


def tokens_interleaved(patches, newline):
    tokens = _end_frames(_averaged(patches).flatten(2, 3), newline)
    return tokens.unflatten(1, (patches.shape[1], -1)).transpose(1, 2).flatten(1, 2)


def tokens_by_means(patches, newline):
    return _end_frames(_averaged(patches).flatten(2, 3), newline)


def tokens_by_loop(patches, newline):
    rows = []
    for frame in patches.unbind(1):  # [B, 64, D]
        grid = frame.reshape(len(frame), 8, 8, -1)
        four = grid[:, ::2, ::2] + grid[:, 1::2, ::2] + grid[:, ::2, 1::2] + grid[:, 1::2, 1::2]  # [B, 4, 4, D]
        rows += [four.reshape(len(frame), 16, -1) / 4, newline.repeat(len(frame), 1, 1)]
    return torch.cat(rows, dim=1)


def positions_inputs(rng) -> tuple[Tensor, float]:
    """Which tokens are the clip's, bool [B, L], and what their positions are divided by."""
    return torch.tensor(rng.in_turn(LAYOUTS), dtype=torch.bool), rng.in_turn(SCALES)


def positions_all_divided(is_clip, position_scale):
    return torch.arange(is_clip.shape[1]).expand(is_clip.shape) / position_scale


def positions_with_a_gap(is_clip, position_scale):
    places = torch.arange(float(is_clip.shape[1])).expand(is_clip.shape)
    return torch.where(is_clip, places / position_scale, places)


def positions_from_one(is_clip, position_scale):
    return torch.where(is_clip, 1 / position_scale, 1.0).cumsum(dim=1)


def positions_multiplied(is_clip, position_scale):
    return scaled_positions(is_clip, 1 / position_scale)


def positions_whole(is_clip, position_scale):
    return scaled_positions(is_clip, position_scale).floor()


def positions_after_their_own_step(is_clip, position_scale):
    steps = torch.where(is_clip, 1 / position_scale, 1.0)
    return steps.cumsum(dim=1) - 1


def positions_by_loop(is_clip, position_scale):
    rows = []
    for row in is_clip.tolist():
        place, places = 0.0, []
        for clip in row:
            places.append(place)
            place += 1 / position_scale if clip else 1
        rows.append(places)
    return torch.tensor(rows)


def positions_by_shift(is_clip, position_scale):
    steps = 1 - is_clip.float() * (1 - 1 / position_scale)
    return F.pad(steps, (1, 0))[:, :-1].cumsum(dim=1)


TASKS = [
    Task(
        id="video.clip_tokens",
        title="A clip as tokens",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=clip_tokens,
        used_at=("video.model:clip_tokens",),
        make_inputs=tokens_inputs,
        check_gradient=True,
        draws=8,
        mistakes=(
            Mistake(
                "pooled in a line",
                tokens_in_a_line,
                "Four patches side by side *in a row* became one token. Pool 2 × 2: make the 64 patches an 8 × 8 grid first.",
            ),
            Mistake(
                "every second patch",
                tokens_every_second,
                "Three patches of four are thrown away. Average all four: what lies between the kept ones would not be seen.",
            ),
            Mistake(
                "the largest",
                tokens_max,
                "Each number is the largest of four. LLaVA-NeXT-Video averages them; embeddings may be negative, too.",
            ),
            Mistake(
                "newline first",
                tokens_newline_first,
                "The newline stands before each frame. It *ends* a frame: put it behind the 16 tokens.",
            ),
            Mistake(
                "newline once",
                tokens_newline_once,
                "There is one newline, at the very end. Every frame has its own: 17 tokens a frame.",
            ),
            Mistake(
                "no newline",
                tokens_no_newline,
                "The newline is missing: 16 tokens a frame, but there should be 17.",
            ),
            Mistake(
                "frames interleaved",
                tokens_interleaved,
                "First comes the first token of every frame. Put the frames one after the other, each of them whole.",
            ),
        ),
        alternatives=(tokens_by_means, tokens_by_loop),
        hints=(
            "Make each frame a grid again, average two by two, and make it a row again. Then the newline, then all frames in one row.",
            "$[B, T, 64, D] \\to [BT, D, 8, 8] \\to [BT, D, 4, 4] \\to [BT, 16, D]$, joined with $[BT, 1, D]$, then $[B, 17T, D]$.",
            "```python\ngrid = patches.unflatten(2, (8, 8)).flatten(0, 1)\npooled = F.avg_pool2d(grid.permute(0, 3, 1, 2), 2)\ntokens = pooled.flatten(2).transpose(1, 2)\nends = newline.expand(len(tokens), 1, -1)\nreturn ...\n```",
        ),
    ),
    Task(
        id="video.scaled_positions",
        title="A long clip in trained positions",
        difficulty=3,
        importance=4,
        minutes=10,
        reference=scaled_positions,
        used_at=("video.model:scaled_positions",),
        make_inputs=positions_inputs,
        draws=12,
        mistakes=(
            Mistake(
                "all divided",
                positions_all_divided,
                "Words are squeezed as well as frames. The language model knows words that stand 1 apart: divide the clip's steps only.",
            ),
            Mistake(
                "a gap behind the clip",
                positions_with_a_gap,
                "The clip's positions are divided, but the words behind it stand where they stood before: far away. Each token follows the one before it.",
            ),
            Mistake(
                "from one", positions_from_one, "The first token stands at position 0: take its own step off again."
            ),
            Mistake(
                "multiplied",
                positions_multiplied,
                "The clip's tokens stand further apart than before. They should be closer: divide the step.",
            ),
            Mistake(
                "rounded down",
                positions_whole,
                "Positions were rounded: several tokens stand at one place. Rotary positions may be fractions.",
            ),
            Mistake(
                "one taken off everywhere",
                positions_after_their_own_step,
                "Each position should be the sum of the steps *before* it: take off the token's own step, which is less than 1 in the clip.",
            ),
        ),
        alternatives=(positions_by_loop, positions_by_shift),
        hints=(
            "How far is it from each token to the next? Where a token stands is the sum of the steps before it.",
            "Step $s_i = 1/f$ for tokens of the clip, else $1$; position $p_i = \\sum_{j<i} s_j$.",
            "```python\nsteps = torch.where(is_clip, ..., 1.0)\nreturn steps.cumsum(dim=1) - ...\n```",
        ),
    ),
]
