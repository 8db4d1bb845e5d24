"""Exercise of Lesson 06: the splice."""

import torch
from torch import Tensor

from course_lib.exercises.task import Mistake, Task
from course_lib.llava.exercises_lora import normal
from course_lib.llava.splice import splice


class Refusing:
    """A written function whose ValueError is an answer, too: told by this sentence, whatever its text."""

    def __init__(self, written) -> None:
        self.written = written

    def __call__(self, *inputs):
        try:
            return self.written(*inputs)
        except ValueError:
            return "refused with a ValueError"


def splice_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Texts with pictures at different places, one of them maybe with two; in some draws the last text was cut off."""
    batch, patches, width = (int(rng.integers(low, low + 2)) for low in (3, 4, 7))
    length = 2 * patches + int(rng.integers(4, 7))
    is_image, pictures = torch.zeros(batch, length, dtype=torch.bool), 0
    for row in range(batch):
        first = 1 + (row + int(rng.integers(0, 2))) % 3
        for _ in range(1 + (row == 1)):
            is_image[row, first : first + patches] = True
            first, pictures = first + patches + 1, pictures + 1
    if rng.random() < 0.4:
        is_image[-1, is_image[-1].nonzero()[-1]] = False
    return normal(rng, batch, length, width), is_image, normal(rng, pictures, patches, width)


def splice_unchecked(embeddings, is_image, patches):
    return embeddings.masked_scatter(is_image.unsqueeze(-1), patches)


def splice_one_late(embeddings, is_image, patches):
    return splice(embeddings, torch.roll(is_image, 1, dims=1), patches)


def splice_one_early(embeddings, is_image, patches):
    return splice(embeddings, torch.roll(is_image, -1, dims=1), patches)


def splice_added(embeddings, is_image, patches):
    return embeddings + splice(torch.zeros_like(embeddings), is_image, patches)


def splice_first_picture_everywhere(embeddings, is_image, patches):
    return splice(embeddings, is_image, patches[:1].expand_as(patches))


def splice_patch_by_patch(embeddings, is_image, patches):
    turned = patches.transpose(0, 1).reshape(patches.shape)  # [N, I, D] → [I, N, D], in the wrong order
    return splice(embeddings, is_image, turned)


def splice_by_index(embeddings, is_image, patches):
    flat = patches.reshape(-1, patches.shape[-1])  # [I, N, D] → [I·N, D]
    if len(flat) != is_image.sum():
        raise ValueError("counts differ")
    spliced = embeddings.clone()
    spliced[is_image] = flat
    return spliced


def splice_by_counting(embeddings, is_image, patches):
    numbers = is_image.flatten().cumsum(0).view_as(is_image) - 1  # [B·T] → [B, T]: which patch belongs here
    flat = patches.flatten(0, 1)  # [I, N, D] → [I·N, D]
    if numbers.max() + 1 != len(flat):
        raise ValueError(f"{len(flat)} patches for {int(is_image.sum())} places")
    return torch.where(is_image[..., None], flat[numbers.clamp(min=0)], embeddings)


TASKS = [
    Task(
        id="llava.splice",
        title="The splice",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=splice,
        make_inputs=splice_inputs,
        build=Refusing,
        check_gradient=True,
        draws=6,
        mistakes=(
            Mistake(
                "counts not compared",
                splice_unchecked,
                "The places are right, but nobody compares the counts. A text that was cut off within its picture goes through in silence, and every later picture is shifted. If marks and patches differ in number, raise a ValueError.",
            ),
            Mistake(
                "one place too late",
                splice_one_late,
                "Each picture stands one place too late: its first mark stays a mark, and its last patch overwrites a word. The places are exactly those where `is_image` is true.",
            ),
            Mistake(
                "one place too early",
                splice_one_early,
                "Each picture stands one place too early, over the word before it. The places are exactly those where `is_image` is true.",
            ),
            Mistake(
                "added",
                splice_added,
                "The patches are added to the embedding of the mark `<image>`. They must take its place: the mark itself means nothing.",
            ),
            Mistake(
                "the first picture everywhere",
                splice_first_picture_everywhere,
                "Every text gets the first picture. It would train without an error, and learn that pictures don't matter. The I pictures come in the order of the text.",
            ),
            Mistake(
                "patches of all pictures mixed",
                splice_patch_by_patch,
                "All first patches come first, then all second ones: the pictures are mixed. Flatten such that a picture's own patches stay together: [I, N, D] → [I·N, D].",
            ),
        ),
        alternatives=(splice_by_index, splice_by_counting),
        hints=(
            "Read row by row, the true places of `is_image` and the rows of the flattened patches come in the same order.",
            "Flatten the patches, $[I, N, D] \\to [I \\cdot N, D]$; there must be as many true values in `is_image`. `masked_scatter` or an index by a mask puts them in.",
            "```python\nflat = patches.flatten(0, 1)  # [I·N, D]\nif int(is_image.sum()) != ...:\n    raise ValueError(...)\nreturn embeddings.masked_scatter(is_image.unsqueeze(-1), ...)\n```",
        ),
    ),
]
