"""The splice: where the text says `<image>`, the picture's patches take their places among the words.

LLaVA keeps one mark in the text and makes room for N patches when it embeds it (llava/model/llava_arch.py,
`prepare_inputs_labels_for_multimodal`). transformers writes the mark N times, and then only fills in; so do we.
"""

import torch
from torch import Tensor

ALONE = 1000  # groups from here on don't see the picture (`shared_mask`)


def splice(embeddings: Tensor, is_image: Tensor, patches: Tensor) -> Tensor:
    """Put patches where the marks are: embeddings [B, T, D], is_image bool [B, T], patches [I, N, D] → [B, T, D].

    The I pictures come in the order of the text. Raises ValueError when the marks do not number I × N: the text was cut off
    within a picture, or belongs to other pictures.
    """
    marks, given = int(is_image.sum()), patches.shape[0] * patches.shape[1]
    if marks != given:
        raise ValueError(f"The text has places for {marks} patches, the pictures have {given}. Was the text cut off?")
    flat = patches.flatten(0, 1).to(embeddings.dtype)  # [I, N, D] → [I·N, D]
    return embeddings.masked_scatter(is_image.unsqueeze(-1), flat)


def shared_mask(groups: Tensor) -> Tensor:
    """Who may look at whom when several conversations share one picture: groups [B, T] → bool [B, 1, T, T].

    Group 0 is what they share, 1, 2, … are the conversations, −1 is padding. Each token sees what is before it in its own
    group and in group 0, so that a conversation learns as if it were alone with the picture. Groups from ALONE on don't see
    group 0 either: they are conversations without a picture.
    """
    length = groups.shape[1]
    before = torch.ones(length, length, dtype=torch.bool).tril()
    same = groups[:, :, None] == groups[:, None, :]  # [B, T, T]: of the one who looks, of the one looked at
    sees = (groups >= 0) & (groups < ALONE)  # [B, T]
    shared = (groups[:, None, :] == 0) & sees[:, :, None]
    return ((same | shared) & before)[:, None]  # [B, 1, T, T]
