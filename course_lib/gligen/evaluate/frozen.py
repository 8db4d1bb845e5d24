"""What GLIGEN leaves as it was, and what its gates have learned: measured without a detector."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from course_lib import checkpoints
from course_lib.figures import Figure, share
from course_lib.gligen.data.testsets import LayoutTestSet, subset
from course_lib.gligen.evaluate.boxes import generate
from course_lib.gligen.evaluate.paired import (
    TIMESTEPS,
    PairedScenes,
    losses_by_caption,
    losses_by_layout,
    paired_scenes,
)
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import Generator, base_hash
from course_lib.gligen.sampling import sample
from course_lib.gligen.train.gates import CHECKPOINT, openness

NUM_PICTURES = 8  # pictures
UNIT = "mean square error of v"


def base_unchanged(base: Generator, file: Path = CHECKPOINT) -> Figure:
    """Is the base in the trained model, hashed after training, the base still?"""
    after = checkpoints.load(file)[1]["base_weights_after"]
    return share("gligen.base_untouched", [after == base_hash(base)], note="SHA-256 of the weights after training")


@torch.no_grad()
def base_at_zero(model: Generator, base: Generator, tests: LayoutTestSet) -> Figure:
    """With boxes and every α = 0: is the base's picture drawn, bit for bit? Control: α as trained."""
    few = subset(tests, range(NUM_PICTURES))
    of_base, trained = generate(base, few, grounded=False), generate(model, few)
    alphas = {name: value.clone() for name, value in model.named_parameters() if ".alpha_" in name}
    for name in alphas:
        model.get_parameter(name).zero_()
    gates_shut = generate(model, few)
    for name, value in alphas.items():
        model.get_parameter(name).copy_(value)
    same, control = (
        [bool(torch.equal(a, b)) for a, b in zip(images, of_base, strict=True)] for images in (gates_shut, trained)
    )
    return share(
        "gligen.base_at_zero",
        same,
        control=sum(control) / NUM_PICTURES,
        note="equal bit for bit; control: α as trained",
    )


def null_grounding_effect(model: Generator, base: Generator, tests: LayoutTestSet) -> Figure:
    """Grounding without a box beside no grounding. Control: the same captions, drawn from other noise."""
    captions = list(tests.captions[:NUM_PICTURES])
    of_base, other = (sample(base, captions, seed=seed) for seed in (0, 1))
    null = sample(model, captions, [[] for _ in captions], seed=0)
    note = "mean difference of pixels from the base's pictures; control: between two of the base's own"
    return Figure(
        "gligen.null_apart",
        mean_difference(null, of_base),
        n=NUM_PICTURES,
        control=mean_difference(other, of_base),
        note=note,
    )


def mean_difference(a: Tensor, b: Tensor) -> float:
    """The mean difference of two sets of pictures, as a share of the range from black to white."""
    return round(float((a - b).abs().mean()), 4)


def gate_openness(model: Generator, id: str = "gligen.gates_open") -> Figure:
    """The mean |tanh(α)| over the gates."""
    gates = {name: round(value, 2) for name, value in openness(model).items()}
    value = statistics.mean(map(abs, gates.values()))
    note = f"mean |tanh(α)|, input to output: {', '.join(map(str, gates.values()))}"
    return Figure(id, round(value, 4), n=len(gates), chance=0.0, note=note)


def caption_loss_figures(base: Generator, count: int = 48) -> Iterator[Figure]:
    """Does the caption matter inside the things?"""
    for name, loss in losses_by_caption(base, paired_scenes(count, stream="test")).items():
        yield _loss(f"gligen.base_loss.{name}_caption", loss)


def layout_loss_figures(
    model: Generator, count: int = 48, prefix: str = "gligen.loss", timesteps: tuple[int, ...] = TIMESTEPS
) -> Iterator[Figure]:
    """Do the boxes matter inside the things? No caption is given."""
    paired: PairedScenes = paired_scenes(count, stream="test")
    for name, loss in losses_by_layout(model, paired, timesteps=timesteps).items():
        yield _loss(f"{prefix}.{name}_boxes", loss)


def _loss(id: str, loss: Tensor) -> Figure:
    """[levels, N]."""
    levels = "noise level 900" if len(loss) == 1 else "mean over four levels"
    note = f"inside the things, the same noise for all; {levels}"
    return Figure(id, round(float(loss.mean()), 4), n=loss.shape[1], unit=UNIT, note=note)


def seconds_4x20(model: Generator, rounds: int = 3) -> Figure:
    """Four pictures with a box each, 20 steps with guidance: the median of some rounds, by the clock."""
    boxes, times = [[GroundedPhrase("a bus", (0.1, 0.2, 0.6, 0.7))]] * 4, []
    for _ in range(rounds):
        start = time.perf_counter()
        sample(model, ["a bus on the beach"] * 4, boxes, steps=20)
        times.append(time.perf_counter() - start)
    low, high = (round(of(times), 2) for of in (min, max))
    note = f"{torch.get_num_threads()} thread(s); quickest and slowest turn"
    return Figure(
        "gligen.seconds_4x20", round(statistics.median(times), 2), low, high, rounds, bar=10.0, unit="s", note=note
    )
