"""The exercise on how the towers learn: InfoNCE against pictures, at a fixed temperature, with pairs that go by scene."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.imagebind.loss import info_nce


def loss_inputs(rng) -> tuple[Tensor, Tensor, float]:
    """Normalised embeddings, pairs a little alike, and a temperature; one pair, two, as many as dimensions, and more."""
    many = int(rng.integers(4, 8)), int(rng.integers(9, 14))
    batch, dimensions = rng.in_turn((many, (1, 7), (6, 6), (2, 9), (7, 3)))
    image = torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))
    sound = image * 0.3 + torch.from_numpy(rng.standard_normal((batch, dimensions)).astype("float32"))
    return F.normalize(sound, dim=-1), F.normalize(image, dim=-1), float(rng.uniform(0.05, 0.6))


def _both(logits: Tensor, targets: Tensor) -> Tensor:
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2


def loss_multiplied(embeddings, image_features, temperature=0.07):
    return _both(embeddings @ image_features.T * temperature, torch.arange(len(embeddings)))


def loss_no_temperature(embeddings, image_features, temperature=0.07):
    return _both(embeddings @ image_features.T, torch.arange(len(embeddings)))


def loss_sounds_choose_only(embeddings, image_features, temperature=0.07):
    return F.cross_entropy(embeddings @ image_features.T / temperature, torch.arange(len(embeddings)))


def loss_both_as_negatives(embeddings, image_features, temperature=0.07):
    everything = torch.cat([image_features, embeddings])
    logits = embeddings @ everything.T / temperature
    own = torch.eye(len(embeddings), len(everything), dtype=torch.bool).roll(len(embeddings), dims=1)
    return F.cross_entropy(logits.masked_fill(own, float("-inf")), torch.arange(len(embeddings)))


def loss_by_likeness(embeddings, image_features, temperature=0.07):
    targets = (image_features @ image_features.T / temperature).softmax(dim=1)
    logits = embeddings @ image_features.T / temperature
    return (F.cross_entropy(logits, targets) + F.cross_entropy(logits.T, targets)) / 2


def loss_pairs_only(embeddings, image_features, temperature=0.07):
    return -(embeddings * image_features / temperature).sum(dim=1).mean()


def loss_by_log_softmax(embeddings, image_features, temperature=0.07):
    logits = image_features @ embeddings.T / temperature
    return -(logits.log_softmax(1).diagonal().mean() + logits.log_softmax(0).diagonal().mean()) / 2


def loss_by_logsumexp(embeddings, image_features, temperature=0.07):
    logits = torch.einsum("bd,cd->bc", embeddings, image_features) * (1 / temperature)
    return ((logits.logsumexp(0) + logits.logsumexp(1)) / 2 - logits.diagonal()).mean()


TASKS = [
    Task(
        id="imagebind.info_nce",
        title="InfoNCE against pictures, at a fixed temperature",
        difficulty=2,
        importance=5,
        minutes=10,
        reference=info_nce,
        used_at=("imagebind.train:info_nce",),
        make_inputs=loss_inputs,
        check_gradient=True,
        mistakes=(
            Mistake(
                "multiplied by the temperature",
                loss_multiplied,
                "The cosines are multiplied by the temperature, which makes them tiny and the softmax flat. A temperature *divides*; CLIP's `logit_scale`, its inverse, multiplies.",
            ),
            Mistake(
                "no temperature",
                loss_no_temperature,
                "The logits are bare cosines, between -1 and 1: the softmax is nearly flat. Divide them by `temperature`.",
            ),
            Mistake(
                "sounds choose only",
                loss_sounds_choose_only,
                "Only the sounds choose their picture here. The loss is symmetric: pictures choose their sound too (`logits.T`); take the mean of both.",
            ),
            Mistake(
                "sounds as negatives of sounds",
                loss_both_as_negatives,
                "The other sounds of the batch stand among the negatives, and only one direction chooses. In ImageBind the negatives of a sound are the other *pictures* alone.",
            ),
            Mistake(
                "what looks alike counts as right",
                loss_by_likeness,
                "Pictures that look alike are counted as right, too, in part: that is pairing by what is *in* them, which nobody told us. Right is the scene's own picture alone, `torch.arange(B)`, false negatives and all.",
            ),
            Mistake(
                "only the right pairs",
                loss_pairs_only,
                "Only the right pairs count, and the best answer is the same embedding for every sound. The other pictures of the batch must push away: `F.cross_entropy` over each row.",
            ),
        ),
        alternatives=(loss_by_log_softmax, loss_by_logsumexp),
        hints=(
            "Lesson 02's loss with a sound in the text's place, and with a temperature that divides and is not learned.",
            "$L_{ij} = \\langle q_i, k_j\\rangle / \\tau$ is $[B, B]$. Loss $= \\tfrac12\\left[\\mathrm{CE}(L, y) + \\mathrm{CE}(L^\\top, y)\\right]$ with $y = (0, 1, \\dots, B-1)$.",
            "```python\nlogits = ... / temperature  # [B, B]\ntargets = torch.arange(len(logits))\nreturn (F.cross_entropy(...) + F.cross_entropy(...)) / 2\n```",
        ),
    ),
]
