"""The exercise on the heads: classes by cosine with text embeddings, masks by dot product with pixels."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.decoder import mask_head
from course_lib.seem.exercises.attention import normal

SIZES = (  # B, Q, D, C, E, H, W: all different, one of each, tall, and those that agree where they need not
    *((2, 4, 6, 8, 10, 3, 5), (3, 5, 7, 9, 4, 6, 3), (1, 1, 6, 1, 4, 2, 3), (2, 3, 3, 3, 3, 3, 3), (3, 2, 5, 4, 5, 4, 2)),
)  # fmt: skip


def head_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Sizes of many kinds, and text embeddings of very different lengths."""
    batch, num_queries, width, num_classes, mask_dim, height, across = rng.in_turn(SIZES)
    text_embeddings = normal(rng, num_classes, width)
    text_embeddings = text_embeddings * torch.from_numpy(rng.uniform(0.3, 4, (num_classes, 1)).astype("float32"))
    return (
        normal(rng, batch, num_queries, width),
        text_embeddings,
        normal(rng, batch, num_queries, mask_dim),
        normal(rng, batch, mask_dim, height, across),
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


def head_queries_not_normalised(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return scale * queries @ F.normalize(text_embeddings, dim=-1).T, _masks(mask_embeddings, mask_features)


def head_wrong_axis(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return scale * F.normalize(queries) @ F.normalize(text_embeddings).T, _masks(mask_embeddings, mask_features)


def head_divided(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return mask_head(queries, text_embeddings, mask_embeddings, mask_features, 1 / scale)


def head_exponential(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale.exp())


def head_scaled_masks(queries, text_embeddings, mask_embeddings, mask_features, scale):
    class_logits, masks = mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return class_logits, scale * masks


def head_mean(queries, text_embeddings, mask_embeddings, mask_features, scale):
    class_logits, masks = mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return class_logits, masks / mask_features.shape[1]


def head_exchanged(queries, text_embeddings, mask_embeddings, mask_features, scale):
    return mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale)[::-1]


def head_sigmoid(queries, text_embeddings, mask_embeddings, mask_features, scale):
    class_logits, masks = mask_head(queries, text_embeddings, mask_embeddings, mask_features, scale)
    return class_logits, masks.sigmoid()


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
        draws=len(SIZES),
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
            Mistake(
                "queries not normalised",
                head_queries_not_normalised,
                "The queries are not normalised: a longer one is more sure of every class. Cosine wants both of length 1.",
            ),
            Mistake(
                "normalised along the wrong axis",
                head_wrong_axis,
                "`F.normalize` goes along dimension 1 unless told otherwise, and in [B, Q, D] those are the queries. Say `dim=-1`.",
            ),
            Mistake(
                "divided by the scale",
                head_divided,
                "The cosines are divided by `scale`. It is a factor, as in CLIP: multiply.",
            ),
            Mistake(
                "scaled masks",
                head_scaled_masks,
                "The masks are multiplied by `scale`, too. It belongs to the classes alone.",
            ),
            Mistake(
                "mean for sum",
                head_mean,
                "The masks are a mean over E. A dot product is the *sum*.",
            ),
            Mistake(
                "masks first",
                head_exchanged,
                "Class logits come first, mask logits second: these are exchanged.",
            ),
            Mistake(
                "sigmoid here",
                head_sigmoid,
                "The masks are probabilities. Return *logits*: the loss takes the sigmoid itself.",
            ),
            Mistake(
                "exponential of the scale",
                head_exponential,
                "The cosines are multiplied by `scale.exp()`. CLIP stores a logarithm, but this `scale` is a factor already.",
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
