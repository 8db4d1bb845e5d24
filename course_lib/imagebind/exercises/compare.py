"""Exercises on embeddings of several modalities: names for sounds, the gap between modalities, and things added up."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.checker.task import Mistake, Task
from course_lib.clip.exercises.image_head import normal
from course_lib.imagebind.compare import add_embeddings, classify_sounds, modality_gap


def lengths(rng, rows: int) -> Tensor:
    """Very different lengths [rows, 1], as the outputs of several modalities have."""
    return torch.from_numpy(rng.uniform(0.2, 6, (rows, 1)).astype("float32"))


def classify_inputs(rng) -> tuple[Tensor, Tensor, float]:
    """Sounds, names and a temperature; one sound, one name, sizes alike."""
    many = tuple(int(rng.integers(low, low + 3)) for low in (2, 6, 10))
    batch, dimensions, names = rng.in_turn((many, (1, 6, 4), (4, 5, 1), (5, 5, 5), (3, 8, 3)))
    sounds = normal(rng, batch, dimensions) * lengths(rng, batch)
    return sounds, normal(rng, names, dimensions) * lengths(rng, names), float(rng.uniform(0.1, 0.5))


def classify_sounds_not_normalised(sounds, names, temperature=0.07):
    return (sounds @ F.normalize(names, dim=-1).T / temperature).softmax(dim=-1)


def classify_names_not_normalised(sounds, names, temperature=0.07):
    return (F.normalize(sounds, dim=-1) @ names.T / temperature).softmax(dim=-1)


def classify_over_sounds(sounds, names, temperature=0.07):
    return (F.normalize(sounds, dim=-1) @ F.normalize(names, dim=-1).T / temperature).softmax(dim=0)


def classify_multiplied(sounds, names, temperature=0.07):
    return (F.normalize(sounds, dim=-1) @ F.normalize(names, dim=-1).T * temperature).softmax(dim=-1)


def classify_by_cosine_similarity(sounds, names, temperature=0.07):
    return torch.softmax(F.cosine_similarity(sounds[:, None], names[None], dim=-1) / temperature, dim=1)


def classify_by_exp(sounds, names, temperature=0.07):
    units = [one / one.norm(dim=1, keepdim=True) for one in (sounds, names)]
    scores = torch.exp(torch.einsum("bd,cd->bc", *units) / temperature)
    return scores / scores.sum(1, keepdim=True)


def pair_inputs(rng) -> tuple[Tensor, Tensor]:
    """Rows of two modalities with lengths of their own; one row, two, as many as dimensions."""
    many = int(rng.integers(3, 6)), int(rng.integers(7, 12))
    batch, dimensions = rng.in_turn((many, (1, 6), (5, 5), (2, 8), (6, 3)))
    return normal(rng, batch, dimensions) * lengths(rng, batch), normal(rng, batch, dimensions) * lengths(rng, batch)


def add_as_they_are(first, second):
    return F.normalize(first + second, dim=-1)


def add_not_renormalised(first, second):
    return F.normalize(first, dim=-1) + F.normalize(second, dim=-1)


def add_only_first_normalised(first, second):
    return F.normalize(F.normalize(first, dim=-1) + second, dim=-1)


def add_by_norms(first, second):
    total = first / first.norm(dim=1, keepdim=True) + second / second.norm(dim=1, keepdim=True)
    return total / total.norm(dim=1, keepdim=True)


def add_by_stack(first, second):
    units = F.normalize(torch.stack([first, second]), dim=-1)
    return F.normalize(units.mean(dim=0), dim=-1)


def gap_inputs(rng) -> tuple[Tensor, Tensor]:
    """Two clouds around places of their own, of unlike numbers and lengths; one of a single row."""
    many = tuple(int(rng.integers(low, low + 3)) for low in (3, 7, 4))
    first, second, dimensions = rng.in_turn((many, (1, 5, 6), (4, 4, 4), (6, 1, 3), (8, 3, 5)))
    places = normal(rng, 2, dimensions)
    clouds = [normal(rng, rows, dimensions) * 0.5 + place for rows, place in zip((first, second), places, strict=True)]
    return tuple(cloud * lengths(rng, len(cloud)) for cloud in clouds)


def gap_not_normalised(first, second):
    return (first.mean(dim=0) - second.mean(dim=0)).norm()


def gap_of_normalised_means(first, second):
    return (F.normalize(first.mean(dim=0), dim=0) - F.normalize(second.mean(dim=0), dim=0)).norm()


def gap_means_normalised_again(first, second):
    means = [F.normalize(F.normalize(one, dim=-1).mean(dim=0), dim=0) for one in (first, second)]
    return (means[0] - means[1]).norm()


def gap_mean_distance(first, second):
    return torch.cdist(F.normalize(first, dim=-1), F.normalize(second, dim=-1)).mean()


def gap_by_sums(first, second):
    means = [(one / one.norm(dim=1, keepdim=True)).sum(0) / len(one) for one in (first, second)]
    return torch.dist(*means)


def gap_by_squares(first, second):
    difference = F.normalize(first, dim=1).mean(0) - F.normalize(second, dim=1).mean(0)
    return difference.square().sum().sqrt()


TASKS = [
    Task(
        id="imagebind.classify_sounds",
        title="Names for sounds",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=classify_sounds,
        used_at=("imagebind.evaluate.alignment:classify_sounds",),
        make_inputs=classify_inputs,
        mistakes=(
            Mistake(
                "sounds not normalised",
                classify_sounds_not_normalised,
                "The sounds keep their lengths, so long ones are surer of everything. Normalise them first: a cosine compares directions.",
            ),
            Mistake(
                "names not normalised",
                classify_names_not_normalised,
                "The names keep their lengths, so long ones win too often. Normalise them first: a cosine compares directions.",
            ),
            Mistake(
                "softmax over the sounds",
                classify_over_sounds,
                "The softmax runs over the sounds, so each *name* chooses a sound. Each sound chooses a name: the last axis, `dim=-1`.",
            ),
            Mistake(
                "multiplied by the temperature",
                classify_multiplied,
                "The cosines are multiplied by the temperature, which makes all names nearly equally probable. Divide by it.",
            ),
        ),
        alternatives=(classify_by_cosine_similarity, classify_by_exp),
        hints=(
            "Lesson 02's zero-shot classifier, with a sound in the picture's place. What must be normalised, and over what do the names compete?",
            "$p_{bc} = \\mathrm{softmax}_c\\left(\\cos(s_b, t_c) / \\tau\\right)$, a table [B, C] whose rows add up to 1.",
            "```python\ncosines = F.normalize(..., dim=-1) @ F.normalize(..., dim=-1).T  # [B, C]\nreturn (cosines / ...).softmax(dim=...)\n```",
        ),
    ),
    Task(
        id="imagebind.add_embeddings",
        title="A picture plus a sound",
        difficulty=1,
        importance=4,
        minutes=5,
        reference=add_embeddings,
        used_at=("imagebind.evaluate.alignment:add_embeddings",),
        make_inputs=pair_inputs,
        mistakes=(
            Mistake(
                "added as they are",
                add_as_they_are,
                "The two are added with their own lengths, so the longer one drowns the other. Normalise each first, then add.",
            ),
            Mistake(
                "not of length 1",
                add_not_renormalised,
                "The sum is not of length 1: two that disagree make a short one. Normalise it again at the end.",
            ),
            Mistake(
                "only the first normalised",
                add_only_first_normalised,
                "Only the first is normalised before it is added: the second counts by its length. Normalise both.",
            ),
        ),
        alternatives=(add_by_norms, add_by_stack),
        hints=(
            "ImageBind's audio comes out 20 long, its pictures 1 long. Which would a plain sum listen to?",
            "$q = \\mathrm{normalise}\\left(\\mathrm{normalise}(a) + \\mathrm{normalise}(b)\\right)$, row by row, [B, D].",
            "```python\ntotal = F.normalize(..., dim=-1) + ...\nreturn F.normalize(total, dim=-1)\n```",
        ),
    ),
    Task(
        id="imagebind.modality_gap",
        title="The gap between modalities",
        difficulty=2,
        importance=3,
        minutes=5,
        reference=modality_gap,
        used_at=("imagebind.evaluate.alignment:modality_gap",),
        make_inputs=gap_inputs,
        mistakes=(
            Mistake(
                "not normalised",
                gap_not_normalised,
                "The embeddings keep their lengths, so long ones pull the mean, and the gap has no scale. Normalise each row first.",
            ),
            Mistake(
                "means first",
                gap_of_normalised_means,
                "The mean is taken before anything is normalised, and then only the mean is. Normalise each *row*, then take the mean, and leave it as long as it is.",
            ),
            Mistake(
                "means normalised again",
                gap_means_normalised_again,
                "The means are normalised again. How short a mean is says how widely its modality is spread: leave it.",
            ),
            Mistake(
                "mean of the distances",
                gap_mean_distance,
                "This is the mean distance of all pairs, which is large even within one modality. The gap is the distance of the *means*.",
            ),
        ),
        alternatives=(gap_by_sums, gap_by_squares),
        hints=(
            "On the sphere each modality is a cloud. How far is the middle of one from the middle of the other?",
            "$\\left\\lVert \\frac1N \\sum_i \\hat a_i - \\frac1M \\sum_j \\hat b_j \\right\\rVert$, where a hat means: of length 1.",
            "```python\nfirst_mean = F.normalize(first, dim=-1).mean(dim=0)  # [D]\n...\nreturn (first_mean - second_mean).norm()\n```",
        ),
    ),
]
