"""Several conversations about one picture in one row, as if each stood alone.

A picture takes 64 places, an answer two or three. So conversations share their picture's row: each sees the picture and itself, and
nothing of the others. That is the same lesson for the model at a fraction of the cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.llava import chat_format
from course_lib.llava.chat_format import MAX_LENGTH, Segments
from course_lib.llava.model import FIRST_TEXT_ONLY, packed_attention_mask
from course_lib.lm.chat import mask_labels
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.lm.tokenizer import IMAGE

NUM_PATCHES = 64
NUM_SHARED_SEGMENTS = 3  # of conversations about one picture: the beginning, the first role, the picture


@dataclass(frozen=True)
class LlavaBatch:
    """Packed rows with their pictures, as `MiniLlava.forward` takes them: B rows of T tokens, a picture each."""

    input_ids: Tensor  # int64 [B, T]
    labels: Tensor  # int64 [B, T], IGNORE_INDEX where nothing is learned
    attention_mask: Tensor  # bool [B, 1, T, T], see `packed_attention_mask`
    position_ids: Tensor  # int64 [B, T]: each conversation continues from the picture's last position
    pixel_values: Tensor  # float [B, 3, 64, 64], or the patch features [B, N, W] of a `PicturePool`

    def inputs(self) -> dict[str, Tensor]:
        """The arguments of `MiniLlava.forward`."""
        return dict(vars(self))

    def split_by_length(self, num_buckets: int) -> list["LlavaBatch"]:
        """The same rows, those of like length together, each bucket padded only to its own longest: less is computed for nothing."""
        if num_buckets == 1:
            return [self]
        # Padding has position 0, the last word of a row has not.
        columns = torch.arange(self.input_ids.shape[1])
        lengths = ((self.position_ids > 0) * columns).amax(dim=1) + 1  # [B]
        buckets = []
        for rows in lengths.argsort(stable=True).chunk(num_buckets):
            end = int(lengths[rows].max())
            ids, labels, positions = (t[rows, :end] for t in (self.input_ids, self.labels, self.position_ids))
            mask = self.attention_mask[rows, :, :end, :end]
            buckets.append(LlavaBatch(ids, labels, mask, positions, self.pixel_values[rows]))
        return buckets


def collate(
    tokenizer,
    conversations: Sequence[Sequence[Segments]],
    pixel_values: Tensor,
    num_patches: int = NUM_PATCHES,
    learn_user: bool = False,
    text_only: Sequence[Sequence[Segments]] | None = None,
) -> LlavaBatch:
    """For each picture its conversations, in segments → one packed row a picture, padded to the longest.

    text_only: for each picture, conversations that don't see it and stand in the same row to save padding.
    learn_user: the user's words have labels as well (a mistake, for the lesson to measure).
    """
    image_token = tokenizer.convert_tokens_to_ids(IMAGE)
    rows = [
        _pack(with_picture, without, image_token, num_patches, learn_user)
        for with_picture, without in zip(conversations, text_only or [[]] * len(conversations), strict=True)
    ]
    length = max(len(ids) for ids, *_ in rows)
    input_ids, labels, segment_ids, position_ids = (
        torch.tensor([row + [padding] * (length - len(row)) for row in column])  # [B, T]
        for column, padding in zip(zip(*rows, strict=True), (0, IGNORE_INDEX, -1, 0), strict=True)
    )
    return LlavaBatch(input_ids, labels, packed_attention_mask(segment_ids), position_ids, pixel_values)


def _pack(
    conversations: Sequence[Segments],
    text_only: Sequence[Segments],
    image_token: int,
    num_patches: int,
    learn_user: bool,
) -> tuple[list[int], list[int], list[int], list[int]]:
    """(input ids, labels, segment ids, position ids) of one row.

    First what conversations about the picture share, then one conversation after the other, then those without the picture.
    """

    def labelled(segments: Segments, num_shared_segments: int = 0) -> Segments:
        shared, own = segments[:num_shared_segments], segments[num_shared_segments:]
        return [*shared, *((learned or learn_user, tokens) for learned, tokens in own)]

    num_shared = sum(len(tokens) for _, tokens in conversations[0][:NUM_SHARED_SEGMENTS]) - 1 + num_patches
    ids: list[int] = []
    labels: list[int] = []
    segment_ids, position_ids = [0] * num_shared, list(range(num_shared))
    for number, segments in enumerate(conversations, start=1):
        whole_ids, whole_labels = chat_format.picture_labels(
            labelled(segments, NUM_SHARED_SEGMENTS), image_token, num_patches, MAX_LENGTH
        )
        begin = 0 if number == 1 else num_shared  # the shared beginning stands in the row once
        ids += whole_ids[begin:]
        labels += whole_labels[begin:]
        segment_ids += [number] * (len(whole_ids) - num_shared)
        position_ids += range(num_shared, len(whole_ids))
    for number, segments in enumerate(text_only, start=FIRST_TEXT_ONLY):
        own_ids, own_labels = mask_labels(labelled(segments))
        ids += own_ids
        labels += own_labels
        segment_ids += [number] * len(own_ids)
        position_ids += range(len(own_ids))
    return ids, labels, segment_ids, position_ids
