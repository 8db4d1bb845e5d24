"""How the eyes for letters are trained: signs with random letters, and where the renderer has put each of them.

Synthetic text with the place of every letter is how text detectors are trained (Gupta et al., 2016, "Synthetic Data for Text
Localisation", arXiv 1604.06646; CRAFT, Baek et al., 2019, arXiv 1904.01941). Words that tests ask to read are never among it.

What was tried, each for five minutes of a core, and scored on random words that were not trained on: words alone, without places, by
CTC (Graves et al., 2006). With CLIP's whole tower free to learn, 23 % of the words were read, and a quarter of the variance of all
patch features had changed, which the rest of the model relies on; with new layers on frozen ones, 15 %. With places, 82 % of the
letters' cells are named right.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.pretrained import load_clip
from course_lib.common.precision import mixed_precision
from course_lib.llava.data.batches import practice_scene
from course_lib.llava.letters import ALPHABET, PocketVisionTowerWithLetters
from course_lib.training import Progress, fit
from course_lib.world.render import render
from course_lib.world.scenes import Scene
from course_lib.world.signs import letter_boxes

NAME = "llava_letters.safetensors"
CELLS = 16  # along a side of the picture
NOTHING = 0.1  # what a cell without a letter counts, of one with a letter: most have none


@dataclass(frozen=True)
class LetterRecipe:
    """A training run."""

    steps: int = 3000
    batch_size: int = 24  # pictures
    learning_rate: float = 3e-3
    seed: int = 0


BAKED = LetterRecipe()


def letter_targets(scene: Scene, instances: np.ndarray) -> np.ndarray:
    """The number of the letter in the middle of each cell, 0 for none: int64 [CELLS, CELLS].

    instances uint8 [S, S], as rendered: a letter that something hides is not there.
    """
    middle = (np.arange(CELLS) + 0.5) / CELLS
    seen = instances[np.ix_(*[(middle * len(instances)).astype(int)] * 2)]  # [CELLS, CELLS]
    found = np.zeros((CELLS, CELLS), np.int64)
    for number, thing in enumerate(scene.things, start=1):
        for letter, box in zip(thing.text or "", letter_boxes(thing.text) if thing.text else [], strict=True):
            x0, y0, x1, y1 = np.array(box) * thing.width + (thing.x, thing.y, thing.x, thing.y)
            inside = np.outer((y0 < middle) & (middle < y1), (x0 <= middle) & (middle < x1))
            found[inside & (seen == number)] = 1 + ALPHABET.index(letter)
    return found


def letter_batch(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """Pixels [B, 3, 64, 64], and the letters in their cells [B, CELLS, CELLS]."""
    drawn = [render(scene) for scene in scenes]
    letters = [letter_targets(scene, one.instances) for scene, one in zip(scenes, drawn, strict=True)]
    return normalise(to_tensor(np.stack([one.image for one in drawn]))), torch.tensor(np.stack(letters))


def letter_loss(eyes: PocketVisionTowerWithLetters, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy over all cells, those without a letter counting less."""
    pixels, letters = batch
    with mixed_precision():
        scores = eyes.letter_logits(pixels)  # [B, CELLS, CELLS, 37]
    weights = torch.ones(scores.shape[-1])
    weights[0] = NOTHING
    return F.cross_entropy(scores.flatten(0, 2), letters.flatten(), weights)  # [B, h, w, 37] → [B·h·w, 37]


def train(eyes: PocketVisionTowerWithLetters, recipe: LetterRecipe = BAKED, **options) -> Progress:
    """The layers for letters learn, in place, and nothing else. `options`: callbacks and state_file, see `fit`."""
    eyes.requires_grad_(False)
    eyes.letters.requires_grad_(True)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rng = random.Random(f"letters/{recipe.seed}/{step}")
        return letter_batch([practice_scene(rng) for _ in range(recipe.batch_size)])

    return fit(
        eyes,
        batch,
        letter_loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=0.01,
        **options,
    )


def load(layer: int = -2, folder: Path = checkpoints.FOLDER) -> PocketVisionTowerWithLetters:
    """Eyes that read. CheckpointError, saying what to do, when a file is missing or damaged."""
    eyes = PocketVisionTowerWithLetters(load_clip(), layer)
    checkpoints.load_into(eyes.letters, folder / NAME)
    return eyes.eval()


def bake(out_folder: Path, recipe: LetterRecipe = BAKED) -> None:
    """The shipped layers for letters. Interrupted, it goes on where it was when called again."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        eyes = PocketVisionTowerWithLetters(load_clip())
    file = out_folder / NAME
    progress = train(eyes, recipe, state_file=file.with_suffix(".training.safetensors"))
    if progress.stopped:
        return
    data = "training scenes with signs of random letters, and where each letter stands"
    card = checkpoints.card(file.stem, data, recipe, progress.seconds / 60, progress.losses, stored_as="float16")
    checkpoints.save(file, {name: t.half() for name, t in eyes.letters.state_dict().items()}, card)
