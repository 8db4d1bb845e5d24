"""Training batches of clips: each clip with its mirror beside it, and what is asked of both.

As in Lesson 07, conversations about one clip share its row (`llava/data/packing.py`), and a batch is a function of its step's number.
"""

import random
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.llava.chat_format import Segments, caption_segments, in_one_word, picture_segments
from course_lib.llava.data.batches import to_messages
from course_lib.llava.data.packing import LlavaBatch, collate
from course_lib.lm.chat import chat_segments
from course_lib.video.data.clips import Clip, caption, log, make_clip, mirror, render_clip
from course_lib.video.data.questions import (
    FrameQuestion,
    TemporalQuestion,
    frame_questions,
    static_questions,
    temporal_questions,
)
from course_lib.video.model import FRAME_TOKENS
from course_lib.video.recipes import VideoRecipe
from course_lib.world.questions import Question

CAPTION_PROMPTS = ("what happens here?", "tell me what happens.", "what happens in the clip?", "say what happens.")
DENSE_PROMPT = "what happens, frame by frame?"
Features = Callable[[Tensor], Tensor]  # pixel_values [B, T, 3, S, S] → [B, T·64, W]


def video_batch(tokenizer, image_features: Features, step: int, recipe: VideoRecipe) -> LlavaBatch:
    """Clips of the stream "train", each followed by its mirror: the same frames, the same words, other answers.

    The batch holds features in place of pixels: the tower looks at a clip once, and its mirror's are the same the other way round.
    """
    rng = random.Random(f"video/{recipe.seed}/{step}")
    drawn = recipe.batch_size // 2 if recipe.mirrors else recipe.batch_size
    clips = [make_clip(rng.randrange(1_000_000_000), "train", recipe.num_frames) for _ in range(drawn)]
    features = image_features(to_pixels([render_clip(clip) for clip in clips]))  # [B, T·64, W]
    if recipe.mirrors:
        features = torch.stack([features, mirrored(features, recipe.num_frames)], dim=1).flatten(0, 1)  # [2·B, T·64, W]
    conversations, text_only = [], []
    for clip in clips:
        asked, still = temporal_questions(clip, rng), static_questions(clip, rng)
        framed = frame_questions(clip, recipe.frame_questions, rng)
        prompt = rng.choice(CAPTION_PROMPTS) if rng.random() < recipe.caption_frac else None
        reads, writes = rng.random() < recipe.log_frac, rng.random() < recipe.dense_frac
        for one in (clip, mirror(clip)) if recipe.mirrors else (clip,):
            dense = [caption_segments(tokenizer, log(one), DENSE_PROMPT)] if writes else []
            conversations.append([*conversations_about(tokenizer, one, [*asked, *framed], still, prompt), *dense])
            text_only.append([read_log(tokenizer, one, question) for question in asked if reads])
    return collate(tokenizer, conversations, features, recipe.num_frames * FRAME_TOKENS, text_only=text_only)


def conversations_about(
    tokenizer,
    clip: Clip,
    asked: Sequence[TemporalQuestion | FrameQuestion],
    still: Sequence[Question],
    prompt: str | None,
) -> list[Segments]:
    """Temporal and static questions, and where there is a prompt for it a caption."""
    pairs = [(one.text, one.answer(clip)) for one in asked] + [(one.text, one.answer) for one in still]
    short = [picture_segments(tokenizer, to_messages([(in_one_word(text), answer)])) for text, answer in pairs]
    return [*short, caption_segments(tokenizer, caption(clip), prompt)] if prompt else short


def read_log(tokenizer, clip: Clip, question: TemporalQuestion) -> Segments:
    """A conversation without frames: the clip's log in words, a question, and its answer."""
    return chat_segments(tokenizer, to_messages([(log_prompt(clip, question.text), question.answer(clip))]))


def log_prompt(clip: Clip, question: str) -> str:
    """A clip's log, and behind it a question that asks for one word."""
    return f"{log(clip)} {in_one_word(question)}"


def to_pixels(clips: Sequence[np.ndarray]) -> Tensor:
    """Frames uint8 [T, H, W, 3] of each clip → pixel_values [B, T, 3, H, W]."""
    frames = np.stack(clips)
    return normalise(to_tensor(frames.reshape(-1, *frames.shape[2:]))).unflatten(0, frames.shape[:2])


def mirrored(features: Tensor, num_frames: int) -> Tensor:
    """The same frames played backwards: features [B, T·64, W] → [B, T·64, W]."""
    return features.unflatten(1, (num_frames, -1)).flip(1).flatten(1, 2)
