"""Exercise of Lesson 06: the splice."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.llava.model import splice

LAYOUTS = (  # for each text: 1 for a picture's places, 0 for a word
    ((0, 1, 0), (1, 0, 1, 0), (0, 0, 0, 1)),
    ((0, 0, 1, 0), (0, 0, 0), (0, 1, 1)),
    ((0, 1, 0),),
)
FAULTS = (None, "cut off", None, "a place too many", None, "a picture too many", None, "a picture too few", None)


def splice_inputs(rng) -> tuple[Tensor, Tensor, Tensor]:
    """Texts with no, one or two pictures, also at the ends and side by side; in every other draw a fault of `FAULTS`."""
    layout, fault = rng.in_turn(LAYOUTS), rng.in_turn(FAULTS)
    num_patches, width = rng.in_turn((4, 5, 3, 4, 1)), int(rng.integers(7, 9))
    rows = [[part == 1 for part in row for _ in range(num_patches if part else 2)] for row in layout]
    length = max(map(len, rows))
    is_image = torch.tensor([[*row, *[False] * (length - len(row))] for row in rows])
    pictures = sum(map(sum, layout)) + {"a picture too many": 1, "a picture too few": -1}.get(fault, 0)
    if fault in ("cut off", "a place too many"):
        row, place = (is_image == (fault == "cut off")).nonzero()[-1]
        is_image[row, place] = fault != "cut off"
    return normal(rng, *is_image.shape, width), is_image, normal(rng, pictures, num_patches, width)


def splice_unchecked(embeddings, is_image, patches):
    return embeddings.masked_scatter(is_image.unsqueeze(-1), patches)


def splice_too_few_noticed(embeddings, is_image, patches):
    if is_image.sum() < patches.shape[0] * patches.shape[1]:
        raise ValueError("too few places")
    return splice_cyclic(embeddings, is_image, patches)


def splice_too_many_noticed(embeddings, is_image, patches):
    if is_image.sum() > patches.shape[0] * patches.shape[1]:
        raise ValueError("too many places")
    return splice_unchecked(embeddings, is_image, patches)


def splice_cyclic(embeddings, is_image, patches):
    flat, count = patches.flatten(0, 1), int(is_image.sum())
    return embeddings.masked_scatter(is_image.unsqueeze(-1), flat[torch.arange(count) % max(1, len(flat))])


def splice_left_to_torch(embeddings, is_image, patches):
    spliced = embeddings.clone()
    spliced[is_image] = patches.flatten(0, 1)
    return spliced


def splice_a_picture_a_text(embeddings, is_image, patches):
    splice(embeddings, is_image, patches)
    spliced = embeddings.clone()
    for row in range(len(spliced)):
        spliced[row, is_image[row]] = patches[row]
    return spliced


def splice_pictures_counted(embeddings, is_image, patches):
    if is_image.sum() != len(patches):
        raise ValueError("counts differ")
    return splice(embeddings, is_image, patches)


def splice_another_error(embeddings, is_image, patches):
    assert is_image.sum() == patches.shape[0] * patches.shape[1], "counts differ"
    return splice(embeddings, is_image, patches)


def splice_last_picture_first(embeddings, is_image, patches):
    return splice(embeddings, is_image, patches.flip(0))


def splice_means(embeddings, is_image, patches):
    return splice(embeddings, is_image, patches.mean(1, keepdim=True).expand_as(patches))


def splice_words_replaced(embeddings, is_image, patches):
    splice(embeddings, is_image, patches)
    return embeddings.masked_scatter(~is_image.unsqueeze(-1), patches.repeat(9, 9, 1).flatten(0, 1))


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


def splice_by_loop(embeddings, is_image, patches):
    waiting, rows = [patch for picture in patches for patch in picture], []
    if len(waiting) != int(is_image.count_nonzero()):
        raise ValueError
    for row, marks in zip(embeddings, is_image.tolist(), strict=True):
        rows.append(torch.stack([waiting.pop(0) if mark else word for mark, word in zip(marks, row, strict=True)]))
    return torch.stack(rows)


TASKS = [
    Task(
        id="llava.splice",
        title="The splice",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=splice,
        used_at=("llava.model:splice",),
        make_inputs=splice_inputs,
        refuses=(ValueError,),
        special_cases=(("places and patches differ in number", lambda e, m, p: int(m.sum()) != p[..., 0].numel()),),
        check_gradient=True,
        draws=9,
        mistakes=(
            Mistake(
                "counts not compared",
                splice_unchecked,
                "The places are right, but nobody compares the counts. A text that was cut off within its picture goes through in silence, and every later picture is shifted. If marks and patches differ in number, raise a ValueError.",
            ),
            Mistake(
                "only too few places noticed",
                splice_too_few_noticed,
                "Too few places are refused, but not too many: there the text has marks without a patch, of another picture, say. Any difference is an error: compare with `!=`.",
            ),
            Mistake(
                "only too many places noticed",
                splice_too_many_noticed,
                "Too many places are refused, but not too few: a text that was cut off within its picture goes through in silence. Any difference is an error: compare with `!=`.",
            ),
            Mistake(
                "left to torch",
                splice_left_to_torch,
                "Where the counts differ, torch raises an error of its own, a RuntimeError about shapes that tells nobody what is wrong. Compare the counts first, and raise a `ValueError`.",
            ),
            Mistake(
                "a picture for each text",
                splice_a_picture_a_text,
                "The first text gets the first picture, the second the second, and so on. A text may have two pictures, or none: go by the marks, not by the texts.",
            ),
            Mistake(
                "pictures counted, not patches",
                splice_pictures_counted,
                "The places are compared with the number of *pictures*, so nearly every right text is refused. Each picture has N patches: compare with I · N.",
            ),
            Mistake(
                "another error",
                splice_another_error,
                "The counts are compared, but what is raised is no `ValueError`, and the lesson catches that one. (An `assert` raises AssertionError, and `python -O` leaves it out.)",
            ),
            Mistake(
                "last picture first",
                splice_last_picture_first,
                "The pictures come in the wrong order, the last one first. The first picture belongs to the first places of the text.",
            ),
            Mistake(
                "a picture's mean everywhere",
                splice_means,
                "All places of a picture get the mean of its patches: nothing is left of where things are. Each place gets a patch of its own.",
            ),
            Mistake(
                "words replaced",
                splice_words_replaced,
                "It is the wrong way round: the words are overwritten, and the marks stay. Patches go where `is_image` is true.",
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
        alternatives=(splice_by_index, splice_by_counting, splice_by_loop),
        hints=(
            "Read row by row, the true places of `is_image` and the rows of the flattened patches come in the same order.",
            "Flatten the patches, $[I, N, D] \\to [I \\cdot N, D]$; there must be as many true values in `is_image`. `masked_scatter` or an index by a mask puts them in.",
            "```python\nflat = patches.flatten(0, 1)  # [I·N, D]\nif int(is_image.sum()) != ...:\n    raise ValueError(...)\nreturn embeddings.masked_scatter(is_image.unsqueeze(-1), ...)\n```",
        ),
    ),
]
