"""The small parts of stage 1, each as short as it can be said. Lesson 06 has them written; the course's own code does the same."""

import hashlib
from collections.abc import Mapping, Sequence

from torch import Tensor, nn

from course_lib.llava.labels import Segments
from course_lib.lm.loss import IGNORE


def select_features(hidden_states: Sequence[Tensor], layer: int, class_token: bool) -> Tensor:
    """What the connector gets of a picture tower: L + 1 states [B, 1 + N, W], the embeddings first → [B, N, W].

    `layer` counts as Python does: −1 is what the last block gave, −2 the one before. Without a class token the states are
    [B, N, W] already (LLaVA: llava/model/multimodal_encoder/clip_encoder.py, `feature_select`).
    """
    return hidden_states[layer][:, int(class_token) :]


def picture_labels(segments: Segments, image_token: int, patches: int, most: int) -> tuple[list[int], list[int]]:
    """Segments (learned?, token ids) in which `image_token` stands once for a picture → ids, labels, at most `most` of each.

    The mark becomes `patches` places, from which nothing is learned; then what is too long is cut off, as LLaVA does
    (llava/model/llava_arch.py, `prepare_inputs_labels_for_multimodal`). ValueError if no label is left.
    """
    ids: list[int] = []
    labels: list[int] = []
    for learned, tokens in segments:
        for token in tokens:
            times = patches if token == image_token else 1
            ids += [token] * times
            labels += [token if learned and token != image_token else IGNORE] * times
    if all(label == IGNORE for label in labels[:most]):
        raise ValueError(f"Nothing is left to learn within {most} tokens, {patches} of them the picture's.")
    return ids[:most], labels[:most]


def freeze(model: nn.Module) -> list[str]:
    """Stage 1, in place: of `vision`, `connector` and `language_model` only the connector learns → the names of what learns."""
    model.requires_grad_(False)
    model.connector.requires_grad_(True)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def fingerprints(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """{name: tensor} → {name: SHA-256 of its bytes}: equal for equal bits, different if a single one has changed."""
    return {
        name: hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in tensors.items()
    }
