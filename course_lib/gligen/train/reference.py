"""Grounding by a picture: what a crop shows, as the embedding that its phrase would have had.

The grounding net reads phrases as the text tower has them before its projection; a picture lies behind one, in CLIP's
common space. GLIGEN goes back through the inverse of the text tower's projection and sets the length to the usual one of
a phrase (28.7). That needs no training, but two towers that agree far better than small ones do (`evaluate/reference.py`
says how well it does here). So this map is learned: ridge regression, on crops of training pictures, in seconds.
It has seen twelve phrases, and can say of a crop little more than which of them it is. It has seen them drawn by two
hands: with the generator's own style alone, it would know few things that another hand has drawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import normalise, open_picture, to_tensor
from course_lib.gligen.data.scenes import PIXELS, STYLE, draw_scene
from course_lib.gligen.model import frozen_clip, phrase_embeddings
from course_lib.gligen.vocabulary import NAMES
from course_lib.world.nouns import article
from course_lib.world.render import render
from course_lib.world.scenes import Scene

NUM_SCENES = 400  # that the map is fitted to: some 600 crops
STYLES = ("noto", "twemoji")  # those that CLIP's training saw
SEED = 2000  # other pictures than base and gates see
RIDGE_PENALTY = (
    0.001  # of the ridge; the best of 0.00001 to 10 on the stream "val", where all but the last do about as well
)
MIN_CROP_SIDE = 4  # pixels a side of a crop


@dataclass(frozen=True)
class ReferenceMap:
    """From CLIP's image features to phrase embeddings: centre, turn, set the length."""

    image_mean: Tensor  # [128]
    weights: Tensor  # [128, 128]
    phrase_mean: Tensor  # [128]
    length: float  # of a phrase embedding, on average

    def __call__(self, features: Tensor) -> Tensor:
        """Image features of length 1 [N, 128] → [N, 128], in the space of `phrase_embeddings`."""
        mapped = (features - self.image_mean) @ self.weights + self.phrase_mean
        return self.length * F.normalize(mapped, dim=-1)


def fit_ridge(features: Tensor, phrases: Tensor, penalty: float = RIDGE_PENALTY) -> ReferenceMap:
    """The linear map of least squared error on pairs [N, 128] and [N, 128], with large weights made expensive."""
    image_mean, phrase_mean = features.mean(dim=0), phrases.mean(dim=0)
    x, y = features - image_mean, phrases - phrase_mean
    weights = torch.linalg.solve(x.T @ x + penalty * torch.eye(x.shape[1]), x.T @ y)
    return ReferenceMap(image_mean, weights, phrase_mean, phrases.norm(dim=-1).mean().item())


@cache
def reference_map() -> ReferenceMap:
    """The map of the lesson, fitted once in a session."""
    pictures, classes = crops("train", NUM_SCENES, SEED, styles=STYLES)
    return fit_ridge(image_features(pictures), class_phrases()[classes])


def reference_embeddings(pictures: Sequence[np.ndarray]) -> Tensor:
    """Crops uint8 [h, w, 3], each of one thing → [N, 128], each for a `GroundedPhrase(embedding=…)`. Raises PictureError."""
    return reference_map()(image_features(pictures))


@torch.no_grad()
def image_features(pictures: Sequence[np.ndarray]) -> Tensor:
    """Crops uint8 [h, w, 3], stretched to a square → CLIP's image features, of length 1 [N, 128]."""
    squares = [open_picture(picture).resize((PIXELS, PIXELS), Image.Resampling.BICUBIC) for picture in pictures]
    pixels = normalise(to_tensor(np.stack([np.asarray(square) for square in squares])))
    return torch.cat([frozen_clip().encode_image(batch, normalize=True) for batch in pixels.split(64)])


def class_phrases() -> Tensor:
    """The embeddings of "a panda", "a frog" and so on [12, 128]."""
    return phrase_embeddings([f"{article(name, name)} {name}" for name in NAMES])


def crops(
    stream: str, count: int, seed: int = 0, num_things: tuple[int, int] = (1, 2), styles: Sequence[str] = (STYLE,)
) -> tuple[list[np.ndarray], Tensor]:
    """The things of `count` scenes, cut out along their boxes: uint8 [h, w, 3] each, and their classes, int [N].

    One scene after the other is drawn in one of `styles` after the other.
    """
    images, classes = [], []
    for index in range(count):
        scene = _restyled(draw_scene(index, stream, num_things, seed), styles[index % len(styles)])
        picture = render(scene, PIXELS)
        for thing, (x0, y0, x1, y1) in zip(scene.things, picture.boxes.astype(int), strict=True):
            if min(x1 - x0, y1 - y0) >= MIN_CROP_SIDE:
                images.append(picture.image[y0:y1, x0:x1])
                classes.append(NAMES.index(thing.name))
    return images, torch.tensor(classes)


def _restyled(scene: Scene, style: str) -> Scene:
    """The same things, drawn by another hand."""
    return replace(scene, things=tuple(replace(thing, style=style) for thing in scene.things))
