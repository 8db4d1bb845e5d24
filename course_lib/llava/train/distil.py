"""LLaVA-1.5's connector, a two-layer MLP, in the place of the mixture of words: first it learns to say what the mixture says.

Captions alone bring an MLP where the mixture is, too, but slowly (`connector`). Distillation is the short way: a student learns a teacher's
outputs (Hinton et al., 2015, arXiv 1503.02531; of hidden vectors, as here, Romero et al., 2015, FitNets, arXiv 1412.6550). No caption, no question
and no answer is seen in it. Stage 2 goes on from there, with the loss that LLaVA has.
"""

import random
from dataclasses import replace

import torch
from torch import Tensor, nn

from course_lib.llava.data.pictures import draw_pictures
from course_lib.llava.model import MiniLlava
from course_lib.llava.recipes import DISTIL, LlavaRecipe
from course_lib.training import Progress, fit

HIDDEN_WIDTH = 1024  # about four times what comes in, as LLaVA-1.5's 4,096 are four times its tower's 1,024
NUM_PICTURES, CHUNK = 9600, 64  # of the pool; pictures that go through the vision tower at once


def new_mlp(model: MiniLlava, hidden_width: int = HIDDEN_WIDTH) -> nn.Sequential:
    """A two-layer MLP for what the model's mixture gets and gives, letters included: [..., W + L] → [..., D]."""
    residual, letters = model.connector.residual, model.connector.letter_embeddings
    layers = (
        nn.Linear(residual.in_features + len(letters), hidden_width),
        nn.Linear(hidden_width, residual.out_features),
    )
    return nn.Sequential(layers[0], nn.GELU(), layers[1])


@torch.no_grad()
def patches_pool(model: MiniLlava, count: int, recipe: LlavaRecipe = DISTIL) -> tuple[Tensor, Tensor]:
    """Training pictures, signs among them, looked at once: features of all patches [P, W + L], what the mixture says of each, [P, D]."""
    features, targets, chunk = [], [], replace(recipe, batch_size=CHUNK)
    for number in range(count // CHUNK):
        _, _, pixel_values = draw_pictures(chunk, random.Random(f"distil/{recipe.seed}/{number}"), None)
        patches = model.image_features(pixel_values).flatten(0, 1)  # [64, N, W + L] → [64·N, W + L]
        features.append(patches.half())
        targets.append(model.connector(patches).half())
    return torch.cat(features), torch.cat(targets)


def distil(
    student: nn.Module, pool: tuple[Tensor, Tensor], recipe: LlavaRecipe = DISTIL, num_patches: int = 64, **options
) -> Progress:
    """Least squares, in place: features [P, W + L] → targets [P, D] of a pool. options: callbacks and state_file, see `fit`."""
    features, targets = pool
    variance = targets.float().var()

    def batch(step: int) -> tuple[Tensor, Tensor]:
        generator = torch.Generator().manual_seed(step)
        rows = torch.randint(len(features), (recipe.batch_size * num_patches,), generator=generator)
        return features[rows].float(), targets[rows].float()

    def loss(student: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        return (student(batch[0]) - batch[1]).square().mean() / variance

    rate, decay = recipe.learning_rate, recipe.weight_decay
    return fit(student, batch, loss, steps=recipe.steps, learning_rate=rate, weight_decay=decay, **options)


@torch.no_grad()
def explained_variance(student: nn.Module, pool: tuple[Tensor, Tensor]) -> float:
    """The share of the targets' variance that the student explains, at most 1."""
    features, targets = (part.float() for part in pool)
    return 1 - float((student(features) - targets).square().mean() / targets.var())
