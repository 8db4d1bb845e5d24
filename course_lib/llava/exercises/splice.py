"""Exercises of Lesson 06: the splice, and the labels of a conversation about a picture."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.chat_format import picture_labels
from course_lib.llava.exercises.lora import normal
from course_lib.llava.model import splice
from course_lib.lm.loss import IGNORE_INDEX

IMAGE, END = 5, 3  # token ids


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


def conversation_inputs(rng) -> tuple[list[tuple[bool, list[int]]], int, int, int]:
    """One or two turns each, the mark in the first; in some draws the text is too long, in some by the whole answer."""
    num_patches, segments = int(rng.integers(4, 8)), [(False, [1])]
    for turn in range(int(rng.integers(1, 3))):
        question = [int(i) for i in rng.integers(20, 99, int(rng.integers(2, 5)))]
        answer = [int(i) for i in rng.integers(20, 99, int(rng.integers(2, 5)))]
        segments += [(False, [2, 10]), (False, [*([IMAGE] if turn == 0 else []), *question, END])]
        segments += [(False, [2, 11]), (True, [*answer, END])]
    whole = num_patches - 1 + sum(len(tokens) for _, tokens in segments)
    before = num_patches + 3 + len(segments[2][1]) + 1  # up to where the first answer begins
    return segments, IMAGE, num_patches, (whole + 5, before + 2, before)[int(rng.integers(0, 3))]


def _labelled(segments, image_token: int, num_patches: int, learn_user: bool = False) -> tuple[list[int], list[int]]:
    ids, labels = [], []
    for learned, tokens in segments:
        for token in tokens:
            picture = token == image_token
            times = num_patches if picture else 1
            ids += [token] * times
            labels += [token if (learned or learn_user) and not picture else IGNORE_INDEX] * times
    return ids, labels


def _refuse_if_empty(ids, labels) -> tuple[list[int], list[int]]:
    if not any(label != IGNORE_INDEX for label in labels):
        raise ValueError("nothing is left to learn")
    return ids, labels


def labels_of_the_picture(segments, image_token, num_patches, max_length):
    ids, labels = picture_labels(segments, image_token, num_patches, max_length)
    return ids, [i if i == image_token else label for i, label in zip(ids, labels, strict=True)]


def labels_of_one_mark(segments, image_token, num_patches, max_length):
    return picture_labels(segments, image_token, 1, max_length)


def labels_of_a_class_token(segments, image_token, num_patches, max_length):
    return picture_labels(segments, image_token, num_patches + 1, max_length)


def labels_of_the_user(segments, image_token, num_patches, max_length):
    ids, labels = _labelled(segments, image_token, num_patches, learn_user=True)
    return _refuse_if_empty(ids[:max_length], labels[:max_length])


def labels_cut_too_early(segments, image_token, num_patches, max_length):
    pairs = [(learned, token) for learned, tokens in segments for token in tokens][:max_length]
    ids, labels = _labelled([(learned, [token]) for learned, token in pairs], image_token, num_patches)
    return _refuse_if_empty(ids, labels)


def labels_empty_unnoticed(segments, image_token, num_patches, max_length):
    ids, labels = _labelled(segments, image_token, num_patches)
    return ids[:max_length], labels[:max_length]


def labels_by_pairs(segments, image_token, num_patches, max_length):
    """Right, written differently: ids and labels grow together, pair by pair."""
    pairs = []
    for learned, tokens in segments:
        for token in tokens:
            if token == image_token:
                pairs += [(token, -100)] * num_patches
            else:
                pairs.append((token, token if learned else -100))
    return _refuse_if_empty([i for i, _ in pairs[:max_length]], [label for _, label in pairs[:max_length]])


def labels_by_replacing(segments, image_token, num_patches, max_length):
    ids = [token for _, tokens in segments for token in tokens]
    labels = [token if learned else -100 for learned, tokens in segments for token in tokens]
    at = ids.index(image_token)
    ids[at : at + 1], labels[at : at + 1] = [image_token] * num_patches, [-100] * num_patches
    if max(labels[:max_length]) < 0:
        raise ValueError("too long")
    return ids[:max_length], labels[:max_length]


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
    Task(
        id="llava.picture_labels",
        title="Labels of a conversation about a picture",
        difficulty=3,
        importance=5,
        minutes=12,
        reference=picture_labels,
        used_at=("llava.chat_format:picture_labels",),
        make_inputs=conversation_inputs,
        build=Refusing,
        draws=8,
        mistakes=(
            Mistake(
                "picture positions learned",
                labels_of_the_picture,
                "The places of the picture have labels: the model learns to write `<image>` many times, and its loss is mostly about that. At patches the label is -100.",
            ),
            Mistake(
                "one place for the picture",
                labels_of_one_mark,
                "The mark stays one token, but the picture has `num_patches` features, and the splice will refuse. Repeat the mark `num_patches` times, and -100 as often.",
            ),
            Mistake(
                "a place for the class token",
                labels_of_a_class_token,
                'One place too many, as if the class token came along. Who makes the places must count as the vision tower does (LLaVA\'s "tokens 575, features 576").',
            ),
            Mistake(
                "the user's words learned",
                labels_of_the_user,
                "The user's words are learned, too, so the model learns to ask. Only segments with `learned` keep their ids as labels.",
            ),
            Mistake(
                "cut before the picture took its places",
                labels_cut_too_early,
                "It is cut to `max_length` *before* the mark grows, so the text ends up longer than `max_length`. Make room first, cut last.",
            ),
            Mistake(
                "nothing left, and nobody told",
                labels_empty_unnoticed,
                "When the picture pushes the whole answer over the edge, every label is -100: the loss is 0 or nan, and nothing complains (LLaVA#816). Raise a ValueError if no label is left.",
            ),
        ),
        alternatives=(labels_by_pairs, labels_by_replacing),
        hints=(
            "It is Lesson 04's mask, token by token, with one exception: the mark.",
            "Each mark becomes `num_patches` times (mark, -100); each other token (token, token) if learned, else (token, -100). Cut both lists to `max_length`; then look whether any label is not -100.",
            "```python\nids, labels = [], []\nfor learned, tokens in segments:\n    for token in tokens:\n        times = num_patches if token == image_token else 1\n        ids += [token] * times\n        labels += [...] * times\nif all(label == -100 for label in ...):\n    raise ValueError(...)\nreturn ids[:max_length], labels[:max_length]\n```",
        ),
    ),
]
