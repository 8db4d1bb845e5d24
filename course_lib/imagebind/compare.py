"""What one does with embeddings of several modalities: add them, ask them for names, and see how far the modalities lie apart."""

from torch import Tensor
from torch.nn import functional as F


def add_embeddings(first: Tensor, second: Tensor) -> Tensor:
    """Two things wanted at once, as one query: [B, D] and [B, D] of any length → [B, D] of length 1.

    Each is normalised before they are added, so that both count alike: ImageBind's own outputs have lengths from 1 to 20.
    """
    return F.normalize(F.normalize(first, dim=-1) + F.normalize(second, dim=-1), dim=-1)


def classify_sounds(sounds: Tensor, names: Tensor, temperature: float = 0.07) -> Tensor:
    """Zero-shot classification of sounds: sounds [B, D] and the text features of names [C, D], of any length → probabilities [B, C].

    The same as CLIP's zero-shot classification of pictures, with sounds in the pictures' place.
    """
    cosines = F.normalize(sounds, dim=-1) @ F.normalize(names, dim=-1).T  # [B, C]
    return (cosines / temperature).softmax(dim=-1)


def modality_gap(first: Tensor, second: Tensor) -> Tensor:
    """How far two modalities lie apart: embeddings [N, D] and [M, D] of any length → scalar, 0 to 2.

    The distance between the means of what is normalised (Liang et al., 2022, section 2).
    """
    return (F.normalize(first, dim=-1).mean(dim=0) - F.normalize(second, dim=-1).mean(dim=0)).norm()


def centre(embeddings: Tensor) -> Tensor:
    """A modality's own mean taken away, which closes the gap: [N, D] → [N, D] of length 1."""
    normalised = F.normalize(embeddings, dim=-1)
    return F.normalize(normalised - normalised.mean(dim=0), dim=-1)
