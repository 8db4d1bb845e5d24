"""From a query to a name and a mask (X-Decoder and SEEM: modeling/interface/seem_v1.py)."""

from torch import Tensor
from torch.nn import functional as F


def mask_head(queries: Tensor, words: Tensor, vectors: Tensor, pixels: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Names by cosine with text embeddings, masks by dot product with the pixels.

    queries [B, Q, D], words [C, D] (text embeddings, of any length), vectors [B, Q, E], pixels [B, E, H, W], scale a
    factor → class logits [B, Q, C], mask logits [B, Q, H, W].
    """
    classes = scale * F.normalize(queries, dim=-1) @ F.normalize(words, dim=-1).T
    return classes, (vectors @ pixels.flatten(2)).unflatten(-1, pixels.shape[2:])
