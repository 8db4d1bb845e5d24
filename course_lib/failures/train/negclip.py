"""NegCLIP: CLIP tuned with hard negatives, captions whose words change places (Yuksekgonul et al., 2023, arXiv 2210.01936).

In a batch of random scenes whoever knows *which* words hold has won, and their order is never asked for. A negative of the same words
asks for nothing else. As in the paper, pictures that are hard negatives stand in the batch, too: here a pair's other picture.
"""

import random
from dataclasses import dataclass, replace
from pathlib import Path

from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.clip.data.testsets import render_images
from course_lib.clip.loss import contrastive_loss
from course_lib.clip.model import PocketCLIP
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.clip.train import ClipRecipe, make_batch
from course_lib.common.precision import mixed_precision
from course_lib.failures.data.swaps import SWAPS, make_swap
from course_lib.failures.loss import negclip_loss
from course_lib.session import quick
from course_lib.training import Progress, fit


@dataclass(frozen=True)
class NegClipRecipe:
    """A tuning of CLIP. Its steps show pairs with swapped captions and, in turn, what CLIP was trained on (`replay`)."""

    steps: int = 300
    num_pairs: int = 48  # of pictures, in a step of swaps
    learning_rate: float = 3e-4
    replay_frac: float = 0.5  # of the steps
    negative_captions: bool = True
    negative_images: bool = True
    seed: int = 0


@dataclass(frozen=True)
class SwapBatch:
    """B pictures, their captions, and captions of the same words that are false."""

    images: Tensor  # [B, 3, 64, 64], normalised
    texts: Tensor  # [B, L] token ids
    negatives: Tensor  # [B, L]


def swap_batch(step: int, recipe: NegClipRecipe) -> SwapBatch:
    """The pairs of a step, the three sorts in turn; with `negative_images`, both pictures of each."""
    rng = random.Random(f"negclip/{recipe.seed}/{step}")
    pairs = [make_swap(SWAPS[i % 3], rng.randrange(1_000_000_000), "train") for i in range(recipe.num_pairs)]
    rows = [(pair.scene, pair.caption, pair.other_caption) for pair in pairs]
    if recipe.negative_images:
        rows += [(pair.other, pair.other_caption, pair.caption) for pair in pairs]
    scenes, texts, negatives = (list(column) for column in zip(*rows, strict=True))
    tokenizer = get_tokenizer()
    return SwapBatch(normalise(to_tensor(render_images(scenes))), tokenizer(texts), tokenizer(negatives))


def tune(model: PocketCLIP, recipe: NegClipRecipe = NegClipRecipe(), state_file: Path | None = None) -> Progress:
    """Tune in place. See `training.fit` for stopping and resuming."""
    recipe = replace(recipe, steps=6, num_pairs=6) if quick() else recipe
    usual = ClipRecipe(steps=recipe.steps, batch_size=32 if quick() else 128, close_up_frac=0, augment_strength=0.6)

    def batch(step: int):
        replay = random.Random(f"replay/{recipe.seed}/{step}").random() < recipe.replay_frac
        return make_batch(step, replace(usual, seed=recipe.seed + 1)) if replay else swap_batch(step, recipe)

    def loss(model: PocketCLIP, batch) -> Tensor:
        with mixed_precision():
            images, texts, scale = model(batch.images, batch.texts)
            if not isinstance(batch, SwapBatch) or not recipe.negative_captions:
                return contrastive_loss(images, texts, scale)
            return negclip_loss(images, texts, model.encode_text(batch.negatives, normalize=True), scale)

    rate, clamp = recipe.learning_rate, model.clamp_temperature
    return fit(model, batch, loss, steps=recipe.steps, learning_rate=rate, after_step=clamp, state_file=state_file)
