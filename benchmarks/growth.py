"""How does time grow: with the number of scenes, the length of a text, the number of classes and of boxes.

Each over a factor of 100 or more.

    python benchmarks/growth.py

Each figure is the exponent k of time ∝ size^k between the two largest sizes, the median of some turns at each; its note has the times.
"""

import math
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from floor import seconds

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.clip.zero_shot import classify
from course_lib.figures import Figure
from course_lib.gligen.model import CONFIG, MAX_TEXT_TOKENS, Generator
from course_lib.lm.pretrained import build_lm
from course_lib.world.evaluate import annotated_scene

TURNS = 3


def make_scenes(count: int) -> Callable[[], object]:
    """So many annotated scenes."""
    rng = random.Random(0)
    return lambda: [annotated_scene(index, rng) for index in range(count)]


def read_tokens(length: int) -> Callable[[], object]:
    """A text of so many tokens, read by the pocket language model at once."""
    model, ids = build_lm(), torch.ones(1, length, dtype=torch.long)
    return lambda: model(input_ids=ids).logits


def tell_classes(count: int) -> Callable[[], object]:
    """One picture told among so many classes."""
    torch.manual_seed(0)
    features, weights = torch.randn(1, 128), torch.randn(128, count)
    return lambda: classify(features, weights, torch.tensor(50.0))


def obey_boxes(count: int) -> Callable[[], object]:
    """One look of the gated generator at a picture with so many boxes."""
    model, width = Generator(CONFIG, gated=True).eval(), CONFIG.cross_attention_dim
    noisy = torch.zeros(1, CONFIG.latent_channels, CONFIG.sample_size, CONFIG.sample_size)
    states = torch.zeros(1, MAX_TEXT_TOKENS, width)
    grounding = {
        "boxes": torch.zeros(1, count, 4),
        "masks": torch.ones(1, count),
        "positive_embeddings": torch.zeros(1, count, width),
    }
    return lambda: model.velocity(noisy, torch.tensor([500]), states, grounding)


SIZES = {
    "scenes": (make_scenes, (10, 100, 1000)),
    "tokens": (read_tokens, (5, 50, 500)),
    "classes": (tell_classes, (160, 16_000, 160_000)),
    "boxes": (obey_boxes, (4, 40, 400)),
}


@torch.no_grad()
def figures() -> list[Figure]:
    """An exponent for each kind of size."""
    found = []
    for name, (prepare, sizes) in SIZES.items():
        times = [statistics.median(seconds(prepare(size), TURNS)) for size in sizes]
        exponent = math.log(times[-1] / times[-2]) / math.log(sizes[-1] / sizes[-2])
        note = ", ".join(f"{size:,}: {1000 * took:.3g} ms" for size, took in zip(sizes, times, strict=True))
        found.append(Figure(f"bench.growth.{name}", round(exponent, 2), n=TURNS, unit="(exponent)", note=note))
    return found


if __name__ == "__main__":
    for figure in figures():
        print(figure.to_json())
