"""The recipes of MiniLlavaVideo: what was trained for the shipped weights, and what the lesson trains live."""

from dataclasses import dataclass, replace

from course_lib.llava.recipes import LlavaRecipe


@dataclass(frozen=True)
class VideoRecipe(LlavaRecipe):
    """A training run. Beside Lesson 07's fields; `batch_size` counts clips, of which every second one is the mirror of the one before it."""

    num_frames: int = 8
    mirrors: bool = True  # False: clips of their own in place of mirrors, for the lesson's comparison
    caption_frac: float = 0.5  # of the clips: what happens is also told in a sentence
    log_frac: float = 0.25  # of the clips: their log is read, too, in place of the frames
    dense_frac: float = 0.5  # of the clips: their log is also written, frame by frame, from what is seen


BAKED = VideoRecipe(
    steps=2000,
    batch_size=8,
    learning_rate=7e-4,
    rank=64,
    connector_lr_mult=2,
    length_buckets=2,
    format_prompt=True,
    seed=1,
)
LIVE = replace(BAKED, steps=60, learning_rate=3e-4, seed=2)
