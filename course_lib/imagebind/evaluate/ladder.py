"""The ladder of image towers: does hearing get better with seeing, though nothing of the sounds changed? (ImageBind, table 8)

Each rung trains the same audio tower for as long, against the frozen features of another image tower, and asks it for the names that
*this* tower knows. An untrained CLIP and one after 250 steps have their own text tower; the supervised classifier has none, so
that its 60 rows of weights stand for the names, as labels without meaning.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip import train as clip_train
from course_lib.clip import train_supervised
from course_lib.clip.data import batches
from course_lib.clip.data.testsets import encode_images, single_things
from course_lib.clip.evaluate.zero_shot import classifier
from course_lib.clip.pretrained import build_clip, load_clip
from course_lib.figures import Figure, share
from course_lib.imagebind.data.pairs import make_pairs
from course_lib.imagebind.data.voices import SOUNDING
from course_lib.imagebind.evaluate.alignment import embed, names_correct, sounds_of
from course_lib.imagebind.train import SOUNDS, train_audio

RECIPE = replace(SOUNDS, steps=150, scenes=2000)
BRIEF = replace(clip_train.LIVE, steps=250, close_up_frac=1.0)


@dataclass(frozen=True)
class Rung:
    """An image tower, and the names that it knows, as directions of its own space."""

    encode: Callable[[Tensor], Tensor]  # pictures [B, 3, 64, 64] → [B, 128]
    names: Tensor  # [60, 128] of length 1


def rungs() -> dict[str, Callable[[], Rung]]:
    """From the poorest to the best; each is made when it is called for."""
    return {"untrained": lambda: of_clip(build_clip()), "brief": brief, "supervised": supervised} | {
        "clip": lambda: of_clip(load_clip())
    }


def of_clip(clip) -> Rung:
    """A PocketCLIP with its own text tower."""
    return Rung(clip.encode_image, classifier(clip, list(SOUNDING)).T)


def brief() -> Rung:
    """A PocketCLIP after 250 steps on close-ups."""
    clip = build_clip()
    clip_train.train(clip, BRIEF)
    return of_clip(clip)


@torch.no_grad()
def supervised() -> Rung:
    """The classifier of Lesson 02, whose weights of a class stand for its name."""
    model = train_supervised.load_baked()
    rows = [batches.base_names().index(name) for name in SOUNDING]
    return Rung(model.visual, F.normalize(model.head.weight[rows], dim=-1))


def figures() -> Iterator[Figure]:
    """Sound → name of each rung; baseline: picture → name, by the same tower and the same names."""
    pairs, pictures = make_pairs(RECIPE.scenes), single_things(SOUNDING, 5)
    mels = torch.from_numpy(pairs.mels)
    for name, make in rungs().items():
        rung = make()
        features = F.normalize(encode_images(rung.encode, pairs.images), dim=-1)
        tower = train_audio(mels, features, RECIPE)
        seen = F.normalize(encode_images(rung.encode, pictures.images), dim=-1)
        own = round(float(np.mean(names_correct(seen, rung.names, 5))), 4)
        right = names_correct(embed(tower, sounds_of()), rung.names)
        note = "baseline: the image tower's own pictures → names"
        yield share(f"imagebind.ladder.{name}", right, chance=1 / len(SOUNDING), baseline=own, note=note)
