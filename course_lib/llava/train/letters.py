"""How the letter head is trained: signs with random letters, and where the renderer has put each of them.

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
from course_lib.clip.pretrained import load_clip
from course_lib.common.precision import mixed_precision
from course_lib.llava.data.pictures import to_pixels
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.llava.letters import ALPHABET, PocketVisionTowerWithLetters
from course_lib.training import Progress, fit
from course_lib.world.render import render
from course_lib.world.scenes import Scene
from course_lib.world.signs import letter_boxes

NAME = "llava_letters.safetensors"
CELLS = 16  # along a side of the picture
BACKGROUND_WEIGHT = 0.1  # of a cell without a letter in the loss, one with a letter counting 1: most have none


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
    visible = instances[np.ix_(*[(middle * len(instances)).astype(int)] * 2)]  # [CELLS, CELLS]
    targets = np.zeros((CELLS, CELLS), np.int64)
    for number, thing in enumerate(scene.things, start=1):
        for letter, box in zip(thing.text or "", letter_boxes(thing.text) if thing.text else [], strict=True):
            x0, y0, x1, y1 = np.array(box) * thing.width + (thing.x, thing.y, thing.x, thing.y)
            inside = np.outer((y0 < middle) & (middle < y1), (x0 <= middle) & (middle < x1))
            targets[inside & (visible == number)] = 1 + ALPHABET.index(letter)
    return targets


def letter_batch(scenes: Sequence[Scene]) -> tuple[Tensor, Tensor]:
    """Pixels [B, 3, 64, 64], and the letters in their cells [B, CELLS, CELLS]."""
    rendered = [render(scene) for scene in scenes]
    targets = [letter_targets(scene, picture.instances) for scene, picture in zip(scenes, rendered, strict=True)]
    return to_pixels(rendered), torch.tensor(np.stack(targets))


def letter_loss(vision: PocketVisionTowerWithLetters, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy over all cells, those without a letter counting less."""
    pixel_values, targets = batch
    with mixed_precision():
        logits = vision.letter_logits(pixel_values)  # [B, CELLS, CELLS, 37]
    weights = torch.ones(logits.shape[-1])
    weights[0] = BACKGROUND_WEIGHT
    return F.cross_entropy(logits.flatten(0, 2), targets.flatten(), weights)  # [B, h, w, 37] → [B·h·w, 37]


def train(vision: PocketVisionTowerWithLetters, recipe: LetterRecipe = BAKED, **options) -> Progress:
    """The letter head learns, in place, and nothing else. `options`: callbacks and state_file, see `fit`."""
    vision.requires_grad_(False)
    vision.letter_head.requires_grad_(True)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rng = random.Random(f"letters/{recipe.seed}/{step}")
        return letter_batch([practice_scene(rng) for _ in range(recipe.batch_size)])

    return fit(
        vision,
        batch,
        letter_loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=0.01,
        **options,
    )


def load(layer: int = -2, folder: Path = checkpoints.FOLDER) -> PocketVisionTowerWithLetters:
    """The vision tower with letters. CheckpointError, saying what to do, when a file is missing or damaged."""
    vision = PocketVisionTowerWithLetters(load_clip(), layer)
    checkpoints.load_into(vision.letter_head, folder / NAME)
    return vision.eval()


def bake(out_folder: Path, recipe: LetterRecipe = BAKED) -> None:
    """The shipped letter head. Interrupted, it goes on where it was when called again."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        vision = PocketVisionTowerWithLetters(load_clip())
    file = out_folder / NAME
    progress = train(vision, recipe, state_file=file.with_suffix(".training.safetensors"))
    if progress.stopped:
        return
    data = "training scenes with signs of random letters, and where each letter stands"
    card = checkpoints.card(file.stem, data, recipe, progress.seconds / 60, progress.losses, stored_as="float16")
    checkpoints.save(file, {name: t.half() for name, t in vision.letter_head.state_dict().items()}, card)
