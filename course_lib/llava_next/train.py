"""From Lesson 07's assistant to MiniLlavaNext: the connector learns letters, then connector and language model learn to use tiles.

The vision tower is Lesson 02's, frozen, at 64 px. LLaVA-NeXT tunes everything, its tower too, after a connector stage of its own.
"""

import random
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib import checkpoints
from course_lib.clip.pretrained import load_clip
from course_lib.common.precision import mixed_precision
from course_lib.llava import lora
from course_lib.llava.data.practice_signs import practice_scene
from course_lib.llava.train import parameters, saved, stages
from course_lib.llava.train.letters import BACKGROUND_WEIGHT, letter_targets
from course_lib.llava.vision import PocketVisionTower
from course_lib.llava_next.data.batches import next_batch
from course_lib.llava_next.data.pictures import to_pixels
from course_lib.llava_next.data.scenes import SIDE
from course_lib.llava_next.model import MiniLlavaNext, TileConnector
from course_lib.llava_next.recipes import BAKED, LETTERS, NextRecipe
from course_lib.training import Progress, fit
from course_lib.world.render import render

NUM_POOL = 4800  # pictures with signs, for the letters
POOL_CHUNK = 16  # pictures that go through the vision tower at once
FILE = checkpoints.FOLDER / "llava_next.safetensors"


def build_model(folder: Path = checkpoints.FOLDER, stage: str = "mixture", seed: int = 0) -> MiniLlavaNext:
    """Lesson 07's assistant with a mixture of words, without its letter head (or stage "1", Lesson 06's captioner), before tiles that it has never seen."""
    assistant = saved.load(stage, folder)
    if not stages.has_letter_features(assistant):
        stages.add_letter_features(assistant, folder)
    if (
        stage == "mixture"
    ):  # the words as captions taught them: after stage 2 they know less of small things (AUC 0.95, before 0.98)
        assistant.connector.word_logits = saved.load("words", folder).connector.word_logits
    vision = PocketVisionTower(load_clip(), assistant.vision.layer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        connector = TileConnector(assistant.connector)
    return MiniLlavaNext(vision, connector, assistant.language_model, assistant.tokenizer).eval()


@torch.no_grad()
def letters_pool(model: MiniLlavaNext, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Signs of random letters at 128 px, looked at once: patches of the tiles [P, 16, 16, W], and the letter at each, [P, 16, 16]."""
    rng, features, targets = random.Random(f"next letters/{seed}"), [], []
    for start in range(0, count, POOL_CHUNK):
        scenes = [practice_scene(rng) for _ in range(min(POOL_CHUNK, count - start))]
        rendered = [render(scene, SIDE) for scene in scenes]
        features.append(model.image_features(to_pixels(np.stack([one.image for one in rendered]))).tiles.half())
        targets += [letter_targets(scene, one.instances) for scene, one in zip(scenes, rendered, strict=True)]
    return torch.cat(features), torch.from_numpy(np.stack(targets))


def letters_loss(model: MiniLlavaNext, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Cross-entropy over all patches of the tiles [B, 16, 16, W], those without a letter counting less. Scalar."""
    tiles, targets = batch
    with mixed_precision():
        logits = model.connector.letter_logits(tiles.float())  # [B, 16, 16, 37]
    weights = torch.ones(logits.shape[-1])
    weights[0] = BACKGROUND_WEIGHT
    return F.cross_entropy(logits.flatten(0, 2), targets.flatten(), weights)  # [B, h, w, 37] → [B·h·w, 37]


def train_letters(
    model: MiniLlavaNext, pool: tuple[Tensor, Tensor], recipe: NextRecipe = LETTERS, **options
) -> Progress:
    """The connector's convolutions learn letters from a pool, in place. `options`: callbacks and state_file, see `fit`."""
    model.requires_grad_(False)
    model.connector.letters.requires_grad_(True)

    def batch(step: int) -> tuple[Tensor, Tensor]:
        rows = random.Random(f"next letters/{recipe.seed}/{step}").sample(range(len(pool[0])), recipe.batch_size)
        return pool[0][rows], pool[1][rows]

    rate, decay = recipe.learning_rate, recipe.weight_decay
    return fit(model, batch, letters_loss, steps=recipe.steps, learning_rate=rate, weight_decay=decay, **options)


def copy_letters(model: MiniLlavaNext, file: Path = FILE) -> None:
    """The shipped convolutions that read letters, into a model that has not learned any, in place."""
    tensors, _ = checkpoints.load(file)
    start = "connector.letters."
    letters = {name.removeprefix(start): tensor.float() for name, tensor in tensors.items() if name.startswith(start)}
    model.connector.letters.load_state_dict(letters)


def train(model: MiniLlavaNext, recipe: NextRecipe = BAKED, **options) -> Progress:
    """The connector learns in full, the language model by adapters, in place, all forms of pictures and of answers."""
    prepare(model, recipe)
    return stages.train(model, lambda step: next_batch(model.tokenizer, step, recipe), recipe, **options)


def prepare(model: MiniLlavaNext, recipe: NextRecipe) -> None:
    """Connector and adapters learn, in place; adapters are new where there are none yet."""
    if not stages.has_adapters(model):
        model.requires_grad_(False)
        stages.add_adapters(model, recipe.rank, recipe.seed)
    model.connector.requires_grad_(True)


def bake(out_folder: Path, recipes: tuple[NextRecipe, ...] = (LETTERS, BAKED)) -> None:
    """The shipped weights: letters first, then the runs of connector and language model, each from where the last one ended.

    Interrupted, the run that was under way goes on where it was when called again.
    """
    model, minutes = build_model(out_folder), 0.0
    runs = [out_folder / f"llava_next.run{number}.safetensors" for number in range(len(recipes) - 1)]
    for number, file in enumerate([*runs, out_folder / FILE.name]):
        if file not in runs or not file.with_suffix(".json").exists():  # the card is written last
            state = file.with_suffix(".training.safetensors")
            if number == 0:
                progress = train_letters(model, letters_pool(model, NUM_POOL), recipes[0], state_file=state)
            else:
                progress = train(model, recipes[number], state_file=state)
            if progress.stopped:
                return
            save(file, model, recipes[: number + 1], progress, minutes)
        tensors, card = checkpoints.load(file)  # read even if just made: the next run begins with what was rounded
        saved.load_weights(model, tensors, file.name)
        minutes = card["minutes"]


def save(file: Path, model: MiniLlavaNext, recipes: tuple[NextRecipe, ...], progress: Progress, earlier: float) -> None:
    """What has learned in half precision, with its card. earlier: minutes."""
    data = "training scenes at 128 px, of few and of many things, with questions, descriptions, captions, signs to read"
    minutes, losses = earlier + progress.seconds / 60, progress.losses
    card = checkpoints.card(file.stem, data, recipes, minutes, losses, stored_as="float16")
    learned = parameters.to_save(dict(model.named_parameters()))
    checkpoints.save(file, {name: tensor.detach().half() for name, tensor in learned.items()}, card)


def load(file: Path = FILE) -> MiniLlavaNext:
    """The shipped model. `CheckpointError`, saying what to do, when a file is missing, damaged or of another model."""
    tensors, _ = checkpoints.load(file)
    model = build_model(file.parent)
    prepare(model, BAKED)
    saved.load_weights(model, tensors, file.name)
    model.language_model = lora.merge_peft_adapters(model.language_model)
    return model.eval()
