"""The rival: the same image tower with 160 fixed outputs instead of a text tower, trained on labels.

It sees the same close-ups and scenes as CLIP does, as often, changed in the same way; only a scene of several things has no
one label, so scenes of one thing stand in for those. What it is worth on styles it never saw is CLIP's fair comparison.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip import train
from course_lib.clip.data import batches
from course_lib.clip.model import PocketConfig
from course_lib.clip.vision import VisionTower
from course_lib.common.precision import mixed_precision
from course_lib.training import fit

CHECKPOINT = checkpoints.FOLDER / "clip_supervised.safetensors"
RECIPE = replace(train.BAKED, several=False)


class Classifier(nn.Module):
    """An image tower and a linear layer: 160 answers, fixed for ever."""

    def __init__(self) -> None:
        super().__init__()
        config = PocketConfig()
        self.visual = VisionTower(config)
        self.head = nn.Linear(config.embed_dim, len(batches.base_names()))

    def forward(self, image: Tensor) -> Tensor:
        """image [B, 3, S, S] → logits [B, 160], in the order of `batches.base_names()`."""
        return self.head(self.visual(image))


def bake(out_folder: Path, recipe: train.ClipRecipe = RECIPE) -> None:
    """Train the shipped classifier. Interrupted, it goes on where it was when called again."""
    torch.manual_seed(recipe.seed)
    model = Classifier()

    def loss(model: Classifier, batch: train.ImageTextBatch) -> Tensor:
        with mixed_precision():
            logits = model(batch.images)
        return F.cross_entropy(logits.float(), batch.labels)

    progress = fit(
        model,
        lambda step: train.make_batch(step, recipe),
        loss,
        steps=recipe.steps,
        learning_rate=recipe.learning_rate,
        weight_decay=recipe.weight_decay,
        state_file=out_folder / "clip_supervised.training.safetensors",
    )
    if progress.stopped:
        return
    data = "the sticker world, stream train: what course_lib.world.splits allows; labels instead of captions"
    minutes, losses = progress.seconds / 60, progress.losses
    card = checkpoints.card("clip_supervised", data, recipe, minutes, losses, stored_as="float16")
    checkpoints.save(out_folder / CHECKPOINT.name, model.half(), card)


def load_baked(file: Path = CHECKPOINT) -> Classifier:
    """The one we made earlier, as float32. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    model = Classifier()
    checkpoints.load_into(model, file)
    return model.eval()
