"""Pictures to be tested on: drawn from the stream "test", which no training and no tuning ever sees."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.batches import base_names
from course_lib.clip.data.images import normalise, to_tensor
from course_lib.world.language import caption, swapped_captions
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.splits import DRAWN_IN_HELD_OUT_COLOUR, TRAIN_STYLES
from course_lib.world.stickers import COLOURS, class_named, classes

CHUNK = 256  # pictures encoded at once


@dataclass(frozen=True)
class ClassificationSet:
    """N pictures to be classified, the scenes they show, and the label of each."""

    __test__ = False  # not a pytest class
    scenes: list[Scene]
    images: np.ndarray  # uint8 [N, 64, 64, 3]
    labels: np.ndarray  # int64 [N]
    class_names: tuple[str, ...]  # label → name

    @property
    def recolourable(self) -> np.ndarray:
        """bool [N]: the thing could have had another colour."""
        return np.array([class_named(scene.things[0].name).recolourable for scene in self.scenes])


def single_things(
    names=None, per_class: int = 10, styles=TRAIN_STYLES, colour="mixed", split="base", stream="test"
) -> ClassificationSet:
    """`per_class` scenes with one thing, for every class."""
    names = tuple(names or base_names())
    spec = SceneSpec(stream=stream, styles=tuple(styles), colour=colour, split=split)
    scenes = [
        make_scene(c * per_class + i, replace(spec, names=(name,)))
        for c, name in enumerate(names)
        for i in range(per_class)
    ]
    return ClassificationSet(scenes, render_images(scenes), np.repeat(np.arange(len(names)), per_class), names)


def unseen_pairs(per_class: int = 24) -> ClassificationSet:
    """Scenes of painted things in the one colour that training never showed on them; the labels are all pairs.

    Classes that are drawn in that colour anyway are no subject of the question, but stay possible labels.
    """
    names = [c.name for c in classes() if c.split == "base" and c.recolourable]
    unseen = [name for name in names if name not in DRAWN_IN_HELD_OUT_COLOUR]
    pictures = single_things(unseen, per_class, colour="held out")
    pairs = tuple(f"{colour} {name}" for name in names for colour in COLOURS)
    labels = [pairs.index(f"{s.things[0].colour} {s.things[0].name}") for s in pictures.scenes]
    return ClassificationSet(pictures.scenes, pictures.images, np.array(labels), pairs)


def novel_things(per_class: int = 25) -> ClassificationSet:
    """The 40 classes that training never named nor showed."""
    return single_things([c.name for c in classes() if c.split == "novel"], per_class, split="novel")


def retrieval_pairs(n: int = 512) -> tuple[np.ndarray, list[str]]:
    """n scenes of two to four things, and one caption each in wordings never trained on."""
    rng = random.Random("retrieval")
    scenes = [make_scene(i, SceneSpec(stream="test", count=(2, 4)), seed=7) for i in range(n)]
    return render_images(scenes), [caption(scene, rng, templates="test") for scene in scenes]


def swapped_pairs(n: int = 400) -> tuple[np.ndarray, np.ndarray, list[tuple[str, str]]]:
    """Winoground in miniature: n scenes of two things, the same with the things' places exchanged, and (caption, swapped caption)."""
    scenes, others, texts = [], [], []
    index = 0
    while len(scenes) < n:
        scene = make_scene(index, SceneSpec(stream="test", count=(2, 2), kinds=(1.0, 0.0, 0.0)), seed=8)
        index += 1
        pair = swapped_captions(scene)
        if pair is None or pair[0] == pair[1]:
            continue
        a, b = scene.things
        scenes.append(scene)
        others.append(replace(scene, things=(replace(a, x=b.x, y=b.y), replace(b, x=a.x, y=a.y))))
        texts.append(pair)
    return render_images(scenes), render_images(others), texts


def render_images(scenes: list[Scene]) -> np.ndarray:
    """uint8 [N, 64, 64, 3]."""
    return np.stack([render(scene).image for scene in scenes])


@torch.no_grad()
def encode_images(encode: Callable[[Tensor], Tensor], images: np.ndarray) -> Tensor:
    """What `encode` makes of pictures uint8 [N, 64, 64, 3], a few hundred at a time: [N, …]."""
    chunks = [normalise(to_tensor(images[i : i + CHUNK])) for i in range(0, len(images), CHUNK)]
    return torch.cat([encode(chunk) for chunk in chunks])


def image_features(model, images: np.ndarray) -> Tensor:
    """uint8 [N, 64, 64, 3] → [N, D] of length 1."""
    return encode_images(lambda chunk: model.encode_image(chunk, normalize=True), images)


@torch.no_grad()
def text_features(model, tokenizer, texts: list[str]) -> Tensor:
    """N texts → [N, D] of length 1."""
    chunks = [tokenizer(texts[i : i + CHUNK]) for i in range(0, len(texts), CHUNK)]
    return torch.cat([model.encode_text(chunk, normalize=True) for chunk in chunks])
