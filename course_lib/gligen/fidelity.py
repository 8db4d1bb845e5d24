"""How far drawn pictures are from real ones, as CLIP sees them.

FID compares means and covariances of features, and needs thousands of pictures for the latter. The maximum mean
discrepancy needs no covariance and has no bias towards either side: "CMMD" (Jayasumana et al. 2024, "Rethinking FID").
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.clip.pixels import normalise
from course_lib.gligen.model import frozen_clip


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
