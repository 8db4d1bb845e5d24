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
    frame_questions: int = 0  # about single frames, of each clip: "is the dog there in frame 3?"


FIRST = VideoRecipe(
    steps=2000,
    batch_size=8,
    learning_rate=7e-4,
    rank=64,
    connector_lr_mult=2,
    length_buckets=2,
    format_prompt=True,
    seed=1,
)
BAKED = (  # runs in turn: what happens, then what each frame shows, from which it must be told when it happens
    FIRST,
    replace(FIRST, steps=1000, learning_rate=5e-4, caption_frac=0.25, dense_frac=0.25, frame_questions=4, seed=3),
)
LIVE = replace(FIRST, steps=60, learning_rate=3e-4, seed=2)
