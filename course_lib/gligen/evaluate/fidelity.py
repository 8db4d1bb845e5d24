"""Fidelity: the distance of generated pictures from real ones in CLIP's features (CMMD).

FID compares means and covariances of features, and needs thousands of pictures for the latter. The maximum mean
discrepancy needs no covariance and has no bias towards either side: "CMMD" (Jayasumana et al. 2024, "Rethinking FID").
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.figures import Figure
from course_lib.gligen.data.batches import render_images
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.data.testsets import LayoutTestSet
from course_lib.gligen.detector import Detector
from course_lib.gligen.evaluate.boxes import generate, score_images
from course_lib.gligen.model import Generator, frozen_clip

NUM_REFERENCE = 512  # real pictures that the drawn ones are compared with
FIRST_REFERENCE = 100_000  # their first number: far from those of the layouts
GROUNDED_FRACTIONS = (0.25, 0.5)  # of the steps, for the sweep between 0 (the base) and 1
UNIT = "MMD² × 1000"
MAX_RATIO = 1.15


@torch.no_grad()
def clip_features(images: Tensor) -> Tensor:
    """Pictures in 0–1 [N, 3, S, S] → PocketCLIP's features [N, 128], of length 1."""
    return torch.cat([frozen_clip().encode_image(normalise(batch), normalize=True) for batch in images.split(64)])


def cmmd(a: Tensor, b: Tensor, kernel_width: float | None = None) -> float:
    """Squared maximum mean discrepancy of features [N, D] and [M, D], × 1000.

    Near 0 (at times below) for two samples of one kind. The unbiased estimate with a Gaussian kernel; `kernel_width` is the
    median distance of the features of `b` unless given.
    """
    kernel_width = kernel_width or float(F.pdist(b).median())

    def kernel(x: Tensor, y: Tensor) -> Tensor:
        return (-torch.cdist(x, y).square() / (2 * kernel_width**2)).exp()

    def within(x: Tensor) -> Tensor:
        """The mean over all pairs of two different pictures."""
        return (kernel(x, x).sum() - len(x)) / (len(x) * (len(x) - 1))

    return 1000 * float(within(a) + within(b) - 2 * kernel(a, b).mean())


def ratio_interval(ours: Tensor, theirs: Tensor, real: Tensor, rounds: int = 500) -> tuple[float, float, float]:
    """cmmd(ours, real) / cmmd(theirs, real), with its 95 % interval from half samples: (value, low, high).

    Row n of `ours` and `theirs` [N, D] belong to the same caption and noise, so they are drawn together. Halves without
    repetition spread as much as the whole would (the delete-half jackknife); a bootstrap would pair pictures with themselves.
    """
    generator = torch.Generator().manual_seed(0)
    kernel_width = float(F.pdist(real).median())
    halves = [torch.randperm(len(ours), generator=generator)[: len(ours) // 2] for _ in range(rounds)]
    ratios = torch.tensor([_ratio(ours[half], theirs[half], real, kernel_width) for half in halves])
    low, high = (float(ratios.quantile(q)) for q in (0.025, 0.975))
    return _ratio(ours, theirs, real, kernel_width), low, high


def _ratio(ours: Tensor, theirs: Tensor, real: Tensor, kernel_width: float) -> float:
    """How many times as far as `theirs` [N, D] are `ours` [N, D] from `real` [M, D]?"""
    return cmmd(ours, real, kernel_width) / cmmd(theirs, real, kernel_width)


def reference_features(num_things: tuple[int, int] = (1, 2)) -> Tensor:
    """CLIP features of other real pictures of the same stream [NUM_REFERENCE, 128]."""
    scenes = [draw_scene(FIRST_REFERENCE + i, "test", num_things) for i in range(NUM_REFERENCE)]
    return clip_features(to_tensor(render_images(scenes)))


def fidelity_figures(pictures: dict[str, Tensor]) -> Iterator[Figure]:
    """Distances of grounded, base and real pictures of the same layouts from other real ones, and the first two's ratio."""
    reference = reference_features()
    features = {condition: clip_features(images) for condition, images in pictures.items()}
    baseline = round(cmmd(features["ceiling"], reference), 2)
    for name, condition in (("grounded", "grounded"), ("base", "no_boxes"), ("real", "ceiling")):
        value = round(cmmd(features[condition], reference), 2)
        note = f"{len(reference)} other real pictures; baseline: real pictures"
        n = len(features[condition])
        yield Figure(f"gligen.distance.{name}", value, n=n, baseline=baseline, unit=UNIT, note=note)
    ratio = (round(x, 3) for x in ratio_interval(features["grounded"], features["no_boxes"], reference))
    note = "distance of grounded pictures / of the base's"
    yield Figure("gligen.fidelity_ratio", *ratio, n=len(features["grounded"]), bar=MAX_RATIO, unit="times", note=note)


def grounded_fraction_figures(
    model: Generator, detector: Detector, tests: LayoutTestSet, pictures: dict[str, Tensor]
) -> Iterator[Figure]:
    """AP50 and distance by the share of the steps in which boxes are heard."""
    reference = reference_features()
    by_fraction = {0.0: pictures["no_boxes"]}
    by_fraction |= {fraction: generate(model, tests, grounded_fraction=fraction) for fraction in GROUNDED_FRACTIONS}
    by_fraction[1.0] = pictures["grounded"]
    for fraction, images in by_fraction.items():
        n, note = len(images), f"boxes heard in {fraction:.0%} of the steps"
        ap50 = round(score_images(detector, images, tests).ap50, 4)
        yield Figure(f"gligen.ap50.on_{fraction:g}", ap50, n=n, note=note)
        value = round(cmmd(clip_features(images), reference), 2)
        yield Figure(f"gligen.distance.on_{fraction:g}", value, n=n, unit=UNIT, note=note)
