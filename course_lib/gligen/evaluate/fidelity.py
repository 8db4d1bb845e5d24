"""How far drawn pictures are from real ones, as CLIP sees them.

FID compares means and covariances of features, and needs thousands of pictures for the latter. The maximum mean
discrepancy needs no covariance and has no bias towards either side: "CMMD" (Jayasumana et al. 2024, "Rethinking FID").
"""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.figures import Figure
from course_lib.gligen.data.batches import pictures
from course_lib.gligen.data.scenes import draw_scene
from course_lib.gligen.data.testsets import TestSet
from course_lib.gligen.evaluate.boxes import draw, score
from course_lib.gligen.model import Generator, frozen_clip
from course_lib.gligen.train.detector import Detector


@torch.no_grad()
def features(images: Tensor) -> Tensor:
    """Pictures in 0–1 [N, 3, S, S] → PocketCLIP's features [N, 128], of length 1."""
    return torch.cat([frozen_clip().encode_image(normalise(some), normalize=True) for some in images.split(64)])


def distance(a: Tensor, b: Tensor, width: float | None = None) -> float:
    """Squared maximum mean discrepancy of features [N, D] and [M, D], × 1000; near 0 (at times below) for two samples of one kind.

    The unbiased estimate with a Gaussian kernel; its `width` is the median distance of the features of `b` unless given.
    """
    width = width or float(F.pdist(b).median())

    def alike(x: Tensor, y: Tensor) -> Tensor:
        return (-torch.cdist(x, y).square() / (2 * width**2)).exp()

    def within(x: Tensor) -> Tensor:
        """The mean over all pairs of two different pictures."""
        return (alike(x, x).sum() - len(x)) / (len(x) * (len(x) - 1))

    return 1000 * float(within(a) + within(b) - 2 * alike(a, b).mean())


def ratio_interval(ours: Tensor, theirs: Tensor, real: Tensor, rounds: int = 500) -> tuple[float, float, float]:
    """distance(ours, real) / distance(theirs, real), with its 95 % interval from half samples: (value, low, high).

    Row n of `ours` and `theirs` [N, D] belong to the same caption and noise, so they are drawn together. Halves without
    repetition spread as much as the whole would (the delete-half jackknife); a bootstrap would pair pictures with themselves.
    """
    generator = torch.Generator().manual_seed(0)
    width = float(F.pdist(real).median())
    halves = [torch.randperm(len(ours), generator=generator)[: len(ours) // 2] for _ in range(rounds)]
    drawn = torch.tensor([_ratio(ours[half], theirs[half], real, width) for half in halves])
    low, high = (float(drawn.quantile(q)) for q in (0.025, 0.975))
    return _ratio(ours, theirs, real, width), low, high


def _ratio(ours: Tensor, theirs: Tensor, real: Tensor, width: float) -> float:
    return distance(ours, real, width) / distance(theirs, real, width)


OTHERS = 512  # real pictures that the drawn ones are compared with
FROM = 100_000  # their first number: far from those of the layouts
SHARES = (0.25, 0.5)  # of the steps, for the sweep between 0 (the base) and 1
UNIT = "MMD² × 1000"
BAR = 1.15


def real_features(things: tuple[int, int] = (1, 2)) -> Tensor:
    """Of other real pictures of the same stream [OTHERS, 128]."""
    return features(to_tensor(pictures([draw_scene(FROM + i, "test", things) for i in range(OTHERS)])))


def fidelity(drawn: dict[str, Tensor]) -> Iterator[Figure]:
    """Distances of grounded, base and real pictures of the same layouts from other real ones, and the first two's ratio."""
    others, found = real_features(), {name: features(images) for name, images in drawn.items()}
    floor = round(distance(found["ceiling"], others), 2)
    for name, where in (("grounded", "grounded"), ("base", "no_boxes"), ("real", "ceiling")):
        value = round(distance(found[where], others), 2)
        note = f"{len(others)} other real pictures; baseline: real pictures"
        yield Figure(f"gligen.distance.{name}", value, n=len(found[where]), baseline=floor, unit=UNIT, note=note)
    ratio = (round(x, 3) for x in ratio_interval(found["grounded"], found["no_boxes"], others))
    note = "distance of grounded pictures / of the base's"
    yield Figure("gligen.fidelity_ratio", *ratio, n=len(found["grounded"]), bar=BAR, unit="times", note=note)


def sweep(model: Generator, judge_net: Detector, tests: TestSet, drawn: dict[str, Tensor]) -> Iterator[Figure]:
    """Obedience and distance by the share of the steps in which boxes are heard."""
    others = real_features()
    shares = {0.0: drawn["no_boxes"], **{on: draw(model, tests, on=on) for on in SHARES}, 1.0: drawn["grounded"]}
    for on, images in shares.items():
        n, note = len(images), f"boxes heard in {on:.0%} of the steps"
        yield Figure(f"gligen.ap50.on_{on:g}", round(score(judge_net, images, tests).ap50, 4), n=n, note=note)
        value = round(distance(features(images), others), 2)
        yield Figure(f"gligen.distance.on_{on:g}", value, n=n, unit=UNIT, note=note)
