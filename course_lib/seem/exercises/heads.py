"""The exercise on what the queries say: one head for any words, and masks."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.seem.exercises.reading import normal
from course_lib.seem.model import mask_head


def head_inputs(rng) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """All sizes different, and text embeddings of very different lengths."""
    batch, queries, width, words, fine = (int(rng.integers(low, low + 2)) for low in (2, 4, 6, 8, 10))
    embeddings = normal(rng, words, width) * torch.from_numpy(rng.uniform(0.3, 4, (words, 1)).astype("float32"))
    pixels = normal(rng, batch, fine, int(rng.integers(3, 5)), int(rng.integers(5, 7)))
    return (
        normal(rng, batch, queries, width),
        embeddings,
        normal(rng, batch, queries, fine),
        pixels,
        torch.tensor(float(rng.uniform(5, 20))),
    )


def _masks(vectors, pixels) -> Tensor:
    return torch.einsum("bqe,behw->bqhw", vectors, pixels)


def head_dot_product(queries, words, vectors, pixels, scale):
    return scale * queries @ words.T, _masks(vectors, pixels)


def head_no_scale(queries, words, vectors, pixels, scale):
    return mask_head(queries, words, vectors, pixels, 1.0)


def head_words_as_they_are(queries, words, vectors, pixels, scale):
    return scale * F.normalize(queries, dim=-1) @ words.T, _masks(vectors, pixels)


def head_softmax(queries, words, vectors, pixels, scale):
    classes, masks = mask_head(queries, words, vectors, pixels, scale)
    return classes.softmax(dim=-1), masks


def head_thresholded(queries, words, vectors, pixels, scale):
    classes, masks = mask_head(queries, words, vectors, pixels, scale)
    return classes, (masks > 0).float()


def head_normalised_pixels(queries, words, vectors, pixels, scale):
    return mask_head(queries, words, F.normalize(vectors, dim=-1), F.normalize(pixels, dim=1), scale)


def head_by_matmul(queries, words, vectors, pixels, scale):
    masks = (vectors @ pixels.flatten(2)).unflatten(2, pixels.shape[2:])
    return F.normalize(queries, dim=-1) @ (scale * F.normalize(words, dim=-1)).T, masks


def head_by_cosine(queries, words, vectors, pixels, scale):
    classes = scale * F.cosine_similarity(queries.unsqueeze(2), words, dim=-1)
    return classes, (vectors[..., None, None] * pixels.unsqueeze(1)).sum(dim=2)


TASKS = [
    Task(
        id="seem.mask_head",
        title="One head for any words",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=mask_head,
        make_inputs=head_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "dot product",
                head_dot_product,
                "Queries and words are not normalised: long text embeddings win whatever is seen. Names go by *cosine*: normalise both.",
            ),
            Mistake(
                "no scale",
                head_no_scale,
                "The class logits are bare cosines between -1 and 1: their softmax is nearly flat. Multiply by `scale`.",
            ),
            Mistake(
                "words as they are",
                head_words_as_they_are,
                "The words are not normalised: a class with a longer vector gets higher scores for nothing.",
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
                "The masks are cosines. Names go by cosine, masks by plain dot product: else a logit could never exceed 1.",
            ),
        ),
        alternatives=(head_by_matmul, head_by_cosine),
        hints=(
            "Two comparisons of the same kind: with every word, and with every pixel. Only the first is between directions.",
            "Names: $s\\,\\langle \\hat q, \\hat w_c\\rangle$, $[B, Q, C]$. Masks: $\\sum_e v_{bqe}\\,p_{behw}$, $[B, Q, H, W]$.",
            '```python\nclasses = scale * F.normalize(...) @ F.normalize(...).T  # [B, Q, C]\nmasks = torch.einsum("...", vectors, pixels)  # [B, Q, H, W]\nreturn classes, masks\n```',
        ),
    ),
]
