"""CLIP's headline, words reach nouns that no pair named, with real towers: DeViSE's idea (Frome et al., 2013) with CLIP's loss.

Both towers stay frozen. What is trained is one matrix from the features of the one to those of the other, on drawings of the 160 base classes
in the two styles that the pocket CLIP was trained on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.clip.data.testsets import image_features
from course_lib.clip.evaluate.real_towers import INSTALL, available, read, see, unlabelled
from course_lib.clip.evaluate.zero_shot import PROMPTS, classifier
from course_lib.clip.pretrained import load_clip
from course_lib.figures import Figure, share
from course_lib.training import fit
from course_lib.world.splits import SHIFT_STYLES, TRAIN_STYLES
from course_lib.world.stickers import classes, load_atlas

__all__ = ["INSTALL", "NOUNS", "available", "figures", "train_bridge"]
WORDINGS = ("{}", "a picture of {}")  # for training; tests ask in PROMPTS
NOUNS = (10, 20, 40, 80)  # how many of the 160 are trained on, to see what more nouns are worth
PHOTOGRAPHS = ("cat", "coffee", "rocket")
SCALE = 20.0  # cosines are multiplied by it
Drawings = tuple[np.ndarray, np.ndarray]  # uint8 [N, 56, 56, 3], and the places of their classes in `classes()`


@dataclass(frozen=True)
class Lab:
    """All that is measured on, each picture and text encoded once; classes are their places in `classes()`."""

    train: Drawings
    shifted: Drawings  # base classes in a style never trained
    novel: Drawings
    seen: dict[str, Tensor]  # of "train", "shifted" and "novel": features [N, 1280]
    taught: Tensor  # [200, 384]: every name in the wordings of training,
    asked: Tensor  # and in those of tests


def set_up() -> Lab:
    """Draw, look and read."""
    train, shifted = drawings(TRAIN_STYLES, "base"), drawings(("fluent_flat",), "base")
    novel = drawings(TRAIN_STYLES + SHIFT_STYLES, "novel")
    seen = {"train": see(train[0]), "shifted": see(shifted[0]), "novel": see(novel[0])}
    names = [one.name for one in classes()]
    return Lab(train, shifted, novel, seen, read(names, WORDINGS), read(names, PROMPTS))


def figures() -> Iterator[Figure]:
    """All of the lab: a minute of a quiet core."""
    lab = set_up()
    bridge = train_bridge(lab.seen["train"], lab.train[1], lab.taught)
    yield from unseen_nouns(lab, bridge)
    yield from unseen_style(lab, bridge)
    yield named_photographs(lab, bridge)


def unseen_nouns(lab: Lab, bridge: "Bridge") -> Iterator[Figure]:
    """Things whose names were in no pair: among 40 of them, among all 200, and by how many nouns were trained on."""
    base, novel = np.unique(lab.train[1]), np.unique(lab.novel[1])
    # A control that must fail: names at random. (The next class's name won't do: classes stand in groups, a cat beside a dog.)
    exchanged = dict(zip(base, np.random.default_rng(1).permutation(base), strict=True))
    wrong = train_bridge(lab.seen["train"], np.array([exchanged[at] for at in lab.train[1]]), lab.taught)
    told = told_in_other_styles(lab, novel)
    for k in (1, 5):
        right = topk_correct(bridge, lab.seen["novel"], lab.novel[1], lab.asked, novel, k)
        yield share(
            f"clip.lab.novel_top{k}",
            right,
            chance=k / len(novel),
            control=mean(topk_correct(wrong, lab.seen["novel"], lab.novel[1], lab.asked, novel, k)),
            baseline=mean(pocket_correct(lab.novel, novel, k)),
            ceiling=mean(told[k]),
            note="control: taught with shuffled names; baseline: the pocket CLIP; ceiling: taught these nouns, in other styles",
        )
        if k == 1:
            new = np.isin(lab.novel[1], unlabelled())
            yield share("clip.lab.novel_top1.not_in_imagenet", right[new], chance=1 / len(novel))
    among_all = topk_correct(bridge, lab.seen["novel"], lab.novel[1], lab.asked, np.arange(len(lab.asked)))
    yield share("clip.lab.novel_among_200", among_all, chance=1 / len(lab.asked))
    for count in NOUNS:
        some = np.isin(lab.train[1], np.random.default_rng(0).permutation(base)[:count])
        few = train_bridge(lab.seen["train"][some], lab.train[1][some], lab.taught)
        right = topk_correct(few, lab.seen["novel"], lab.novel[1], lab.asked, novel)
        yield share(f"clip.lab.novel_top1.nouns{count}", right, chance=1 / len(novel))


def told_in_other_styles(lab: Lab, novel: np.ndarray) -> dict[int, np.ndarray]:
    """The ceiling, k → bool [N]: each style's new nouns by a matrix that was taught them, too, in all other styles."""
    features, answers = lab.seen["novel"], lab.novel[1]
    style = np.arange(len(answers)) // (
        len(answers) // len(TRAIN_STYLES + SHIFT_STYLES)
    )  # they were drawn style by style
    right = {k: np.zeros(len(answers), bool) for k in (1, 5)}
    for number in np.unique(style):
        here = style == number
        seen = torch.cat([lab.seen["train"], features[~here]])
        bridge = train_bridge(seen, np.concatenate([lab.train[1], answers[~here]]), lab.taught)
        for k in right:
            right[k][here] = topk_correct(bridge, features[here], answers[here], lab.asked, novel, k)
    return right


def unseen_style(lab: Lab, bridge: "Bridge") -> Iterator[Figure]:
    """160 classes in a style never trained: by words, by labels (one direction a class, with no meaning), by bare names."""
    base = np.unique(lab.train[1])
    labels = torch.eye(len(lab.asked))
    rival = train_bridge(lab.seen["train"], lab.train[1], labels)
    features, answers = lab.seen["shifted"], lab.shifted[1]
    yield share(
        "clip.lab.fluent_flat",
        topk_correct(bridge, features, answers, lab.asked, base),
        chance=1 / len(base),
        baseline=mean(topk_correct(rival, features, answers, labels, base)),
        note="baseline: the same image tower with labels in place of words",
    )
    yield share("clip.lab.fluent_flat.pocket", pocket_correct(lab.shifted, base), chance=1 / len(base))
    bare = read([one.name for one in classes()], ("{}",))
    yield share(
        "clip.lab.fluent_flat.name_only", topk_correct(bridge, features, answers, bare, base), chance=1 / len(base)
    )


def named_photographs(lab: Lab, bridge: "Bridge") -> Figure:
    """Photographs that scikit-image ships: is the thing among the first five of the 160 nouns? The note says which those are."""
    from skimage import data

    base, names = np.unique(lab.train[1]), [one.name for one in classes()]
    square = [
        np.array(Image.fromarray(getattr(data, name)()).resize((224, 224), Image.Resampling.BICUBIC))
        for name in PHOTOGRAPHS
    ]
    with torch.no_grad():
        best = bridge.cosines(see(np.stack(square)), lab.asked[base]).topk(5, dim=1).indices.numpy()  # [N, 5]
    said = {photo: [names[base[at]] for at in row] for photo, row in zip(PHOTOGRAPHS, best, strict=True)}
    note = "; ".join(f"{photo}: {', '.join(first)}" for photo, first in said.items())
    right = [photo in first for photo, first in said.items()]
    return share("clip.lab.photographs", right, chance=round(5 / len(base), 4), note=note)


def mean(right: np.ndarray) -> float:
    """A share, as figures keep it."""
    return round(float(right.mean()), 4)


def topk_correct(
    bridge: "Bridge", features: Tensor, answers: np.ndarray, texts: Tensor, candidates: np.ndarray, k: int = 1
) -> np.ndarray:
    """bool [N]: is the right class among the k nearest of the candidates?"""
    with torch.no_grad():
        best = bridge.cosines(features, texts[candidates]).topk(k, dim=1).indices.numpy()  # [N, k]
    return (candidates[best] == answers[:, None]).any(1)


def pocket_correct(pictures: Drawings, candidates: np.ndarray, k: int = 1) -> np.ndarray:
    """bool [N]: the same question to the shipped pocket CLIP."""
    model, (images, answers) = load_clip(), pictures
    weights = classifier(model, [classes()[at].name for at in candidates])  # [D, C]
    best = (image_features(model, images) @ weights).topk(k, dim=1).indices.numpy()
    return (candidates[best] == answers[:, None]).any(1)


def drawings(styles: Sequence[str], split: str) -> Drawings:
    """Every drawing of a split in these styles, on white, with a rim."""
    images, labels = [], []
    for atlas in map(load_atlas, styles):
        alpha = atlas[..., 3:] / 255
        on_white = (atlas[..., :3] * alpha + 255 * (1 - alpha)).round().astype(np.uint8)
        framed = np.pad(on_white, ((0, 0), (4, 4), (4, 4), (0, 0)), constant_values=255)  # [215, 56, 56, 3]
        for label, one in enumerate(classes()):
            if one.split == split:
                images.extend(framed[list(one.drawings)])
                labels.extend([label] * len(one.drawings))
    return np.stack(images), np.array(labels)


class Bridge(nn.Module):
    """One matrix from picture features to text features, each centred on what training saw."""

    def __init__(self, features: Tensor, texts: Tensor) -> None:
        super().__init__()
        self.mean, self.std, self.centre = features.mean(0), features.std(0) + 1e-6, texts.mean(0)
        self.linear = nn.Linear(features.shape[1], texts.shape[1], bias=False)
        nn.init.normal_(self.linear.weight, std=features.shape[1] ** -0.5)

    def cosines(self, features: Tensor, texts: Tensor) -> Tensor:
        """features [N, 1280], texts [C, 384] → [N, C]."""
        standard = F.normalize((features - self.mean) / self.std, dim=-1)
        return F.normalize(self.linear(standard), dim=-1) @ F.normalize(texts - self.centre, dim=-1).T


def train_bridge(features: Tensor, labels: np.ndarray, texts: Tensor, steps: int = 150) -> Bridge:
    """A bridge trained with CLIP's loss by rows: each picture chooses among the texts of all classes that are in `labels`.

    features [N, 1280], labels [N], texts [200, 384]. Each class is one column, so there are no false negatives.
    """
    present, targets = np.unique(labels, return_inverse=True)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        bridge = Bridge(features, texts[present])

    def loss(bridge: Bridge, _) -> Tensor:
        return F.cross_entropy(SCALE * bridge.cosines(features, texts[present]), torch.from_numpy(targets))

    fit(bridge, lambda step: None, loss, steps=steps, learning_rate=3e-3, weight_decay=1.0)
    return bridge
