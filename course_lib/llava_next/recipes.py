"""The recipes of MiniLlavaNext: what was trained for the shipped weights, and what the lesson trains live."""

from dataclasses import dataclass, replace

from course_lib.llava.recipes import LlavaRecipe

# Form of a batch's pictures → how often. Of "whole" and "upsampled" there are some, so that the controls show pictures of a known kind.
ALL_FORMS = (("tiles", 0.66), ("whole", 0.12), ("upsampled", 0.08), ("wide", 0.07), ("tall", 0.07))


@dataclass(frozen=True)
class NextRecipe(LlavaRecipe):
    """A training run. Beside Lesson 07's fields: what the pictures show, and how their size varies."""

    forms: tuple[tuple[str, float], ...] = ALL_FORMS
    many_frac: float = 0.35  # of the pictures: five to nine small things
    letter_frac: float = 0.15  # of short questions: answered by an option's letter
    num_scenes: int | None = None  # different ones of each kind; None: ever new ones
    sentence_frac: float = 0.12  # of short questions: without a line, answered in a sentence


LETTERS = NextRecipe(steps=2000, batch_size=24, learning_rate=2e-3, seed=0)  # from a pool of pictures, looked at once
BAKED = NextRecipe(
    steps=700,
    batch_size=12,
    learning_rate=5e-4,
    connector_lr_mult=2,
    text_only_frac=0.08,
    ocr_frac=0.3,
    instruction_frac=0.8,
    num_existence=5,
    num_captions=1,
    varied_requests=True,
    format_prompt=True,
    max_question_tokens=70,
    length_buckets=3,
    seed=1,
)
LIVE = replace(BAKED, steps=60, batch_size=8, learning_rate=3e-4, seed=2)
