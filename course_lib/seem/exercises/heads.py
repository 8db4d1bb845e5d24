"""The exercise on the heads: classes by cosine with text embeddings, masks by dot product with pixels."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.decoder import mask_head
from course_lib.seem.exercises.attention import normal


def head_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All sizes different, and text embeddings of very different lengths."""
    batch, num_queries, width, num_classes, mask_dim = (int(rng.integers(low, low + 2)) for low in (2, 4, 6, 8, 10))
    text_embeddings = normal(rng, num_classes, width)
    text_embeddings = text_embeddings * torch.from_numpy(rng.uniform(0.3, 4, (num_classes, 1)).astype("float32"))
    mask_features = normal(rng, batch, mask_dim, int(rng.integers(3, 5)), int(rng.integers(5, 7)))
    return (
        normal(rng, batch, num_queries, width),
        text_embeddings,
        normal(rng, batch, num_queries, mask_dim),
        mask_features,
        torch.tensor(float(rng.uniform(5, 20))),
    )


def _masks(mask_embeddings, mask_features) -> Tensor:
    return torch.einsum("bqe,behw->bqhw", mask_embeddings, mask_features)


def head_dot_product(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return scale * queries @ text_embeddings.T, _masks(mask_embeddings, mask_features)


def head_no_scale(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return mask_head(queries, text_embeddings, mask_embeddings, mask_features, 1.0)


def head_words_not_normalised(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return scale * F.normalize(queries, dim=-1) @ text_embeddings.T, _masks(mask_embeddings, mask_features)


def head_softmax(queries, text_embeddings, mask_embeddings, mask_features, scale):
    class_logits, masks = mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return class_logits.softmax(dim=-1), masks


def head_thresholded(queries, text_embeddings, mask_embeddings, mask_features, scale):
    class_logits, masks = mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return class_logits, (masks > 0).float()


def head_normalised_pixels(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return mask_head(
        queries, text_embeddings, F.normalize(mask_embeddings, dim=-1), F.normalize(mask_features, dim=1), scale
    )


def head_by_matmul(queries, text_embeddings, mask_embeddings, mask_features, scale):
    masks = (mask_embeddings @ mask_features.flatten(2)).unflatten(2, mask_features.shape[2:])
    return F.normalize(queries, dim=-1) @ (scale * F.normalize(text_embeddings, dim=-1)).T, masks


def head_by_cosine(queries, text_embeddings, mask_embeddings, mask_features, scale):
    class_logits = scale * F.cosine_similarity(queries.unsqueeze(2), text_embeddings, dim=-1)
    return class_logits, (mask_embeddings[..., None, None] * mask_features.unsqueeze(1)).sum(dim=2)


TASKS = [
    Task(
        id="seem.mask_head",
        title="One head for any words",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=mask_head,
        used_at=("seem.model:mask_head",),
        make_inputs=head_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "dot product",
                head_dot_product,
                "Queries and text embeddings are not normalised: long text embeddings win whatever is seen. Classes go by *cosine*: normalise both.",
            ),
            Mistake(
                "no scale",
                head_no_scale,
                "The class logits are bare cosines between -1 and 1: their softmax is nearly flat. Multiply by `scale`.",
            ),
            Mistake(
                "words not normalised",
                head_words_not_normalised,
                "The text embeddings are not normalised: a class with a longer one gets higher scores for nothing.",
            ),
            Mistake(
                "softmax here",
                head_softmax,
                "This returns probabilities. Return *logits*: the loss takes the softmax itself.",
            ),
            Mistake(
                "thresholded",
                head_thresholded,
                "The masks are cut to 0 and 1. A threshold has no gradient, so nothing could be learned: return logits.",
            ),
            Mistake(
                "cosine for pixels",
                head_normalised_pixels,
                "The masks are cosines. Classes go by cosine, masks by plain dot product: else a logit could never exceed 1.",
            ),
        ),
        alternatives=(head_by_matmul, head_by_cosine),
        hints=(
            "Two comparisons of the same kind: with every text embedding, and with every pixel. Only the first is between directions.",
            "Classes: $s\\,\\langle \\hat q, \\hat w_c\\rangle$, $[B, Q, C]$. Masks: $\\sum_e v_{bqe}\\,p_{behw}$, $[B, Q, H, W]$.",
            '```python\nclass_logits = scale * F.normalize(...) @ F.normalize(...).T  # [B, Q, C]\nmask_logits = torch.einsum("...", mask_embeddings, mask_features)  # [B, Q, H, W]\nreturn class_logits, mask_logits\n```',
        ),
    ),
]
