"""The recipes of MiniLlavaNext: what was trained for the shipped weights, and what the lesson trains live."""

from dataclasses import dataclass, replace

from course_lib.llava.recipes import LlavaRecipe


@dataclass(frozen=True)
class NextRecipe(LlavaRecipe):
    """A training run. Beside Lesson 07's fields: what the pictures show, and how their size varies."""

    # Of a batch's pictures, and how often. Of "whole" and "upsampled" there are some, so that the controls show pictures of a known kind.
    forms: tuple[str, ...] = ("tiles", "whole", "upsampled", "wide", "tall")
    form_weights: tuple[float, ...] = (0.66, 0.12, 0.08, 0.07, 0.07)
    many_frac: float = 0.35  # of the pictures: five to nine small things
    num_existence_many: int = (
        9  # questions about them: is this there? Of 10 pixels in the whole view, they are seen in tiles only
    )
    letter_frac: float = 0.15  # of short questions: answered by an option's letter
    num_scenes: int | None = None  # different ones of each kind; None: ever new ones
    sentence_frac: float = 0.12  # of short questions: without a line, answered in a sentence


LETTERS = NextRecipe(steps=2000, batch_size=24, learning_rate=2e-3, seed=0)  # from a pool of pictures, looked at once
BAKED = NextRecipe(
    steps=1100,
    batch_size=12,
    learning_rate=5e-4,
    rank=64,
    connector_lr_mult=2,
    text_only_frac=0.08,
    ocr_frac=0.25,
    num_existence=5,
    num_captions=1,
    varied_requests=True,
    format_prompt=True,
    max_question_tokens=70,
    length_buckets=3,
    seed=1,
)
LIVE = replace(BAKED, steps=60, batch_size=8, learning_rate=3e-4, seed=2)
