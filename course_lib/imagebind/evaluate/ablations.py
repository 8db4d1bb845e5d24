"""What makes it work, one change at a time, each in a short run of the same length: temperatures, and three ways to break it."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.clip.data.augment import augment as change_pictures
from course_lib.clip.data.images import normalise, to_images, to_tensor
from course_lib.clip.data.testsets import image_features
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.clip.pretrained import load_clip
from course_lib.figures import Figure, share
from course_lib.imagebind.data.pairs import Pairs, make_pairs
from course_lib.imagebind.data.voices import SOUNDING
from course_lib.imagebind.evaluate.alignment import embed, names_correct, sounds_of
from course_lib.imagebind.loss import info_nce
from course_lib.imagebind.model import Tower
from course_lib.imagebind.train import SOUNDS, BindRecipe, build_tower, sound_batches, train_audio
from course_lib.training import fit

RECIPE = replace(SOUNDS, steps=150, scenes=2000)
TEMPERATURES = (0.02, 0.07, 0.5)
UNFROZEN = replace(RECIPE, steps=60, batch_size=64)  # pictures must now go through their tower in every step


def figures() -> Iterator[Figure]:
    """Sound → word of short runs. Their names say what was changed; temperature 0.07 is the recipe's own."""
    clip, pairs = load_clip(), make_pairs(RECIPE.scenes)
    mels, names = torch.from_numpy(pairs.mels), classifier(clip, list(SOUNDING)).T
    features = image_features(clip, pairs.images)
    runs = {f"tau{tau}": (features, replace(RECIPE, temperature=tau)) for tau in TEMPERATURES}
    runs["augmented"] = image_features(clip, strongly_changed(pairs)), RECIPE
    for name, (targets, recipe) in runs.items():
        yield named(name, train_audio(mels, targets, recipe), names)
    yield named("learned_tau", learned_temperature(mels, features, RECIPE), names)
    for name, free in (("frozen", False), ("unfrozen", True)):
        tower, pictures_right = trained_with_pictures(pairs, names, free)
        yield named(name, tower, names, baseline=pictures_right, note="baseline: pictures → words after the run")


def named(name: str, tower: Tower, names: Tensor, **company) -> Figure:
    """Sound → word on the held-out speakers."""
    right = names_correct(embed(tower, sounds_of()), names)
    return share(f"imagebind.ablation.{name}", right, chance=1 / len(names), **company)


def strongly_changed(pairs: Pairs):
    """The pictures as a contrastive training without text changes them: bent, recoloured, blurred; uint8 [N, 64, 64, 3]."""
    free = torch.zeros(len(pairs.images), dtype=torch.bool)
    generator = torch.Generator().manual_seed(0)
    return to_images(change_pictures(to_tensor(pairs.images), free, free, 2.0, generator))


class WithTemperature(nn.Module):
    """A tower with a temperature that learns, as CLIP's does."""

    def __init__(self, tower: Tower, start: float) -> None:
        super().__init__()
        self.tower, self.log_scale = tower, nn.Parameter(-torch.tensor(start).log())


def learned_temperature(mels: Tensor, features: Tensor, recipe: BindRecipe) -> Tower:
    """The same run, with a temperature that starts at the recipe's."""
    model = WithTemperature(build_tower("audio", mels), recipe.temperature)

    def loss(model: WithTemperature, batch: tuple[Tensor, Tensor]) -> Tensor:
        return info_nce(model.tower(batch[0]), batch[1], 1 / model.log_scale.exp())

    fit(model, sound_batches(mels, features, recipe), loss, steps=recipe.steps, learning_rate=recipe.learning_rate)
    return model.tower


def trained_with_pictures(pairs: Pairs, names: Tensor, free: bool) -> tuple[Tower, float]:
    """A run in which pictures go through their tower in every step; `free`: the tower may learn, too.

    Returns the audio tower, and how many pictures of the pairs still find the noun that sounds in scenes of one thing.
    """
    clip, mels = copy.deepcopy(load_clip()), torch.from_numpy(pairs.mels)
    model = nn.ModuleDict({"audio": build_tower("audio", mels), "image": clip.visual.requires_grad_(free)})
    pictures = to_tensor(pairs.images)

    def loss(model: nn.ModuleDict, batch: tuple[Tensor, Tensor]) -> Tensor:
        sounds, images = batch
        return info_nce(model["audio"](sounds), F.normalize(model["image"](normalise(images)), dim=-1))

    fit(
        model, sound_batches(mels, pictures, UNFROZEN), loss, steps=UNFROZEN.steps, learning_rate=UNFROZEN.learning_rate
    )
    alone = [row for row, scene in enumerate(pairs.scenes) if len(scene.things) == 1][:300]
    answers = torch.tensor([SOUNDING.index(pairs.nouns[row]) for row in alone])
    found = (image_features(clip, pairs.images[alone]) @ names.T).argmax(dim=1)
    return model["audio"], round(float((found == answers).float().mean()), 4)
