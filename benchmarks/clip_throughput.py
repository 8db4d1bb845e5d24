"""How many pictures a second does CLIP training take in: our loop, and open_clip's model and loss in a plain loop.

    python benchmarks/clip_throughput.py [--seconds 120]

Both get the same pictures and texts: whole 64 px scenes of one to four things, changed as in the second half of training,
in batches of 128, with 48 tokens at most and the same vocabulary. open_clip's model is its own ViT and text tower at our
widths, as deep as it takes to have about as many parameters. Measured are

- the step alone (forward, loss, backward, optimiser) on batches that were made before, and
- training as it is, where every batch is made on the way, at the same cost for all;
- for us also the shipped recipe, in which half of the steps and more see 32 px close-ups.

The contenders take turns, so that a busy moment hits all alike; the figures are medians over the turns. open_clip runs in
float32, which is what its code does unless told otherwise, and once more in the number format that we choose.
Progress goes to stderr, JSON to stdout.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import torch
from floor import share

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.clip import train as clip_train
from course_lib.clip.model import PocketConfig, count_parameters
from course_lib.clip.pretrained import build_clip
from course_lib.clip.train import make_batch  # by name: `Ours` puts another in its place within `clip_train`
from course_lib.common.precision import bfloat16_is_faster, mixed_precision
from course_lib.figures import Figure

STEPS = 4  # a turn
KINDS = ("step alone", "training")
VISION_LAYERS = 4  # of open_clip's ViT: 1.85 million parameters with its text tower, as many as ours has
READY = 8  # batches made before, for the step alone
LATE = clip_train.BAKED.steps * 3 // 4 // 4 * 4  # a step of the second half, when pictures are changed most


def whole_scenes(i: int) -> clip_train.ImageTextBatch:
    """The i-th batch of whole scenes: the recipe has them at every second step (of one thing and of several, in turn)."""
    return make_batch(LATE + 2 * i, clip_train.BAKED)


def recipe_mix(i: int) -> clip_train.ImageTextBatch:
    """Batches from all over the shipped recipe, in its own proportions (997 is odd, so every kind gets its turn)."""
    return make_batch(997 * i % clip_train.BAKED.steps, clip_train.BAKED)


class Ours:
    """`clip_train.train` as the lesson calls it, fed with batches of our choice."""

    def __init__(self) -> None:
        self.model = build_clip()

    def train(self, batch: Callable[[int], clip_train.ImageTextBatch], first: int) -> None:
        """STEPS steps on batch(first), batch(first + 1), …"""
        with patch.object(clip_train, "make_batch", lambda step, recipe: batch(first + step)):
            clip_train.train(self.model, replace(clip_train.BAKED, steps=STEPS))


class OpenClip:
    """open_clip's CLIP and ClipLoss in a loop as its own training code has it."""

    def __init__(self, autocast: Callable = nullcontext) -> None:
        from open_clip import ClipLoss
        from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg

        ours = PocketConfig()
        sizes = {"context_length": ours.context_length, "vocab_size": ours.vocab_size, "heads": ours.heads}
        text = CLIPTextCfg(**sizes, width=ours.text_width, layers=ours.text_layers)
        vision = CLIPVisionCfg(
            layers=VISION_LAYERS,
            width=ours.vision_width,
            head_width=ours.vision_width // ours.heads,
            patch_size=8,
            image_size=ours.image_size,
        )
        self.model, self.loss, self.autocast = CLIP(ours.embed_dim, vision, text), ClipLoss(), autocast
        self.optimizer = torch.optim.AdamW(self.model.parameters(), 8e-4, betas=(0.9, 0.98), eps=1e-6, fused=True)

    def train(self, batch: Callable[[int], clip_train.ImageTextBatch], first: int) -> None:
        """STEPS steps on batch(first), batch(first + 1), …"""
        for i in range(first, first + STEPS):
            data = batch(i)
            self.optimizer.zero_grad()
            with self.autocast():
                image_features, text_features, logit_scale = self.model(data.images, data.texts)
                loss = self.loss(image_features, text_features, logit_scale)
            loss.backward()
            self.optimizer.step()
            with torch.no_grad():
                self.model.logit_scale.clamp_(0, 4.6052)
            loss.item()


def contenders() -> dict[str, Callable[[int], None]]:
    """Name → a function that trains STEPS steps from a batch number on."""
    ready = [whole_scenes(i) for i in range(READY)]
    ours, plain, quick = Ours(), OpenClip(), OpenClip(mixed_precision)
    turns = {"ours": ours, "open_clip": plain, "open_clip, our number format": quick}
    runs = {f"{name}: step alone": _run(who, lambda i: ready[i % READY]) for name, who in turns.items()}
    runs |= {f"{name}: training": _run(who, whole_scenes) for name, who in turns.items()}
    runs["ours: training, shipped recipe"] = _run(ours, recipe_mix)
    return runs


def _run(who: Ours | OpenClip, batch: Callable[[int], clip_train.ImageTextBatch]) -> Callable[[int], None]:
    return lambda first: who.train(batch, first)


def measure(runs: dict[str, Callable[[int], None]], seconds: float) -> dict[str, list[float]]:
    """Let the contenders take turns until the time is up; name → pictures a second, one figure a turn."""
    names, rates, rounds = list(runs), {name: [] for name in runs}, 0
    started = time.perf_counter()
    while rounds < 2 or time.perf_counter() - started < seconds:
        for name in names[rounds % len(names) :] + names[: rounds % len(names)]:  # another one begins each time
            begun = time.perf_counter()
            runs[name](rounds * STEPS)
            if rounds:  # the first round warms up
                rates[name].append(STEPS * clip_train.BAKED.batch_size / (time.perf_counter() - begun))
        rounds += 1
        print(f"round {rounds}, {time.perf_counter() - started:.0f} s", file=sys.stderr)
    return rates


def figures(rates: dict[str, list[float]]) -> list[Figure]:
    """Ratios to open_clip, each with its lowest and highest turn, then what every contender reached."""
    form = "bfloat16" if bfloat16_is_faster() else "float32"
    how = f"{form}, {torch.get_num_threads()} thread(s), batches of {clip_train.BAKED.batch_size}, torch {torch.__version__}"
    found = []
    for kind in KINDS:
        for theirs, suffix in (("open_clip", ""), ("open_clip, our number format", ".our_format")):
            times = [a / b for a, b in zip(rates[f"ours: {kind}"], rates[f"{theirs}: {kind}"], strict=True)]
            name = f"clip.speedup.{kind.replace(' ', '_')}{suffix}"
            found.append(
                Figure(name, *middle(times, 2), len(times), bar=None if suffix else 1.5, unit="times", note=how)
            )
    for name, rate in rates.items():
        short = name.replace(": ", ".").replace(", ", "_").replace(" ", "_")
        found.append(Figure(f"clip.training_speed.{short}", *middle(rate, 0), len(rate), unit="pictures/s"))
    sizes = {"ours": count_parameters(Ours().model), "open_clip": count_parameters(OpenClip().model)}
    return found + [Figure(f"clip.parameters.{who}", size, unit="parameters") for who, size in sizes.items()]


def middle(values: list[float], digits: int) -> tuple[float, float, float]:
    """Median, lowest and highest."""
    return tuple(round(of(values), digits) for of in (statistics.median, min, max))


def main() -> None:
    """Measure, and print a line of JSON for every figure."""
    parser = argparse.ArgumentParser(description="Training throughput of our CLIP beside open_clip's.")
    parser.add_argument("--seconds", type=float, default=120, help="time to spend (default 120)")
    runs = contenders()
    rates = measure(runs, parser.parse_args().seconds)
    for figure in figures(rates):
        print(figure.to_json())
    for kind in KINDS:
        took = STEPS * clip_train.BAKED.batch_size / statistics.median(rates[f"ours: {kind}"])
        name = f"clip_training.{kind.replace(' ', '_')}"
        print(share(name, partial(runs[f"ours: {kind}"], 0), took, mixed=True).to_json())


if __name__ == "__main__":
    main()
