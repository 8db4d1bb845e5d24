"""The contrastive shortcut, one thing changed at a time: what a batch holds, and what its captions say.

Every run sees the same number of pairs. `python -m course_lib evaluate clip --live` trains them all anew.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from course_lib import show
from course_lib.clip import train
from course_lib.clip.data import batches
from course_lib.clip.data.images import denormalise, normalise, to_images, to_tensor
from course_lib.clip.data.testsets import text_features
from course_lib.clip.evaluate.zero_shot import classifier, colour_histogram
from course_lib.clip.model import PocketCLIP
from course_lib.clip.pretrained import build_clip
from course_lib.clip.tokenizer import get_tokenizer
from course_lib.figures import Figure
from course_lib.session import quick
from course_lib.show.plots import INK, SOFT

PAIRS, BATCH_SIZE = 51_200, train.ClipRecipe.batch_size  # every run sees so many pairs
SEEDS = (0, 1, 2)
UNSEEN = 10**6  # the number of a step that no run reaches: its scenes are new
CANDIDATES = 256  # captions to choose from


@dataclass(frozen=True)
class Design:
    """How the batches of a run are made."""

    distinct: bool = True  # no class twice in a batch
    sparing: bool = True  # captions often leave out size, colour and place
    colours_only: bool = False  # the image tower sees how much of which colour there is, and no shapes

    def pictures(self, step: int, batch_size: int, seed: int) -> batches.PictureBatch:
        """What a step shows."""
        return batches.close_ups(step, batch_size, seed, self.distinct, self.sparing)


SHORTCUT = {
    "anything_full": Design(distinct=False, sparing=False),
    "distinct_full": Design(sparing=False),
    "anything_sparing": Design(distinct=False),
    "distinct_sparing": Design(),
    "colours_only": Design(distinct=False, sparing=False, colours_only=True),
}


class ColourTower(nn.Module):
    """A linear map of the colour histogram, in place of the image tower: [B, 3, S, S] → [B, D]."""

    def __init__(self, embed_dim: int) -> None:
        super().__init__()
        self.linear = nn.Linear(64, embed_dim)

    def forward(self, image: Tensor) -> Tensor:
        """image [B, 3, S, S], normalised → [B, D]."""
        histogram = colour_histogram(to_images(denormalise(image).clamp(0, 1)))
        return self.linear(torch.from_numpy(histogram).float())


def train_design(design: Design, seed: int, pairs: int = PAIRS) -> PocketCLIP:
    """A PocketCLIP trained on close-ups of this design, from nothing."""
    pairs = 256 if quick() else pairs
    model = build_clip(seed)
    if design.colours_only:
        model.visual = ColourTower(model.config.embed_dim)
    recipe = train.ClipRecipe(pairs // BATCH_SIZE, augment_strength=0, seed=seed)
    train.train(model, recipe, kind=design.pictures)
    return model.eval()


@torch.no_grad()
def finds_and_names(model: PocketCLIP) -> tuple[float, float]:
    """How often it finds a picture's full caption among 256, and how often it names a thing among 160."""
    full = batches.close_ups(UNSEEN, CANDIDATES, distinct=False, sparing=False)
    captions = text_features(model, get_tokenizer(), full.captions)
    found = (_encode(model, full) @ captions.T).argmax(1) == torch.arange(CANDIDATES)
    names = batches.base_names()
    weights = classifier(model, names)
    named = []
    for step in range(UNSEEN, UNSEEN + 4):
        things = batches.close_ups(step, len(names))
        labels = torch.tensor([names.index(name) for name in things.names])
        named.append((_encode(model, things) @ weights).argmax(1) == labels)
    return float(found.float().mean()), float(torch.cat(named).float().mean())


def _encode(model: PocketCLIP, pictures: batches.PictureBatch) -> Tensor:
    return model.encode_image(normalise(to_tensor(pictures.images)), normalize=True)


def figures(seeds: Sequence[int] = SEEDS) -> Iterator[Figure]:
    """Train every design with every seed: two minutes of a quiet core each."""
    for name, design in SHORTCUT.items():
        yield from summary(name, [finds_and_names(train_design(design, seed)) for seed in seeds])


def summary(name: str, runs: Sequence[tuple[float, float]]) -> Iterator[Figure]:
    """What a design's runs found and named: the mean of its seeds, with the lowest and the highest."""
    found, named = zip(*runs, strict=True)
    for measure, values, chance in (("finds", found, 1 / CANDIDATES), ("names", named, 1 / 160)):
        mean, low, high = (round(float(value), 4) for value in (np.mean(values), min(values), max(values)))
        note = f"{PAIRS:,} pairs, {len(runs)} seeds; the interval is the range of the seeds"
        yield Figure(f"clip.shortcut.{measure}.{name}", mean, low, high, len(runs), chance=chance, note=note)


def chart(measured: Sequence[Figure], labels: dict[str, str]) -> None:
    """Finding the caption to the right, naming the thing upwards: a point for each design in `labels`, with its seeds' range."""
    from matplotlib import pyplot

    by_id = {figure.id.removeprefix("clip.shortcut."): figure for figure in measured}
    canvas, axes = pyplot.subplots(figsize=(8, 4.8), layout="constrained")
    words, placed = [], []
    for (name, label), marker in zip(labels.items(), "osD^v", strict=False):
        found, named = by_id[f"finds.{name}"], by_id[f"names.{name}"]
        x, y = 100 * found.value, 100 * named.value
        axes.plot([100 * found.low, 100 * found.high], [y, y], color=SOFT, linewidth=4)
        axes.plot([x, x], [100 * named.low, 100 * named.high], color=SOFT, linewidth=4)
        axes.plot(x, y, marker=marker, color=INK, markersize=9)
        dx, align = (-9, "right") if x > 60 else (9, "left")  # labels stay within the axes
        dy = -16 if any(abs(x - a) < 10 and 0 <= b - y < 3 for a, b in placed) else 8  # and off each other
        placed.append((x, y))
        axes.annotate(label, (x, y), (dx, dy), textcoords="offset points", ha=align, fontsize=9)
        words.append(f"{label}: finds {x:.0f} percent, names {y:.0f} percent")
    axes.set(xlabel="finds the full caption among 256 (%)", ylabel="names the thing among 160 (%)")
    axes.set(xlim=(0, 100), ylim=(0, None), title=f"seeds a design: {measured[0].n}")
    axes.grid(color="0.92")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    show.show_figure(canvas, f"Two scores of the same runs. {'; '.join(words)}.")
