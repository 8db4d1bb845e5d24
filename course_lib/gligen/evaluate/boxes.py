"""Are boxes obeyed? AP50 and phrase accuracy of generated pictures, beside real ones and controls that must fail."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.clip.data.images import to_tensor
from course_lib.figures import Figure, share
from course_lib.gligen.data.testsets import (
    LayoutTestSet,
    overlapping,
    shuffled_boxes,
    subset,
    unseen_places,
    wrong_phrases,
)
from course_lib.gligen.detector import Detections, Detector, detect
from course_lib.gligen.evaluate.detections import MIN_SCORE, BoxResult, box_ap, class_number, match_boxes
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import Generator
from course_lib.gligen.sampling import sample

BATCH_SIZE = 16  # pictures
MAX_CONTROL_AP, MIN_AP_SHARE, MIN_PHRASE_SHARE = 0.15, 0.75, 0.8  # what the course set out to reach


@dataclass(frozen=True)
class Score:
    """How well the pictures of a test set match its layouts."""

    detections: list[Detections]  # of every picture
    results: list[list[BoxResult]]  # of every target box
    ap: float
    ap50: float

    @property
    def boxes(self) -> list[BoxResult]:
        """The results of all boxes in a row."""
        return [result for of_picture in self.results for result in of_picture]

    def phrase_top1(self) -> float:
        """The share of target boxes in which the surest thing is the right one."""
        return sum(result.phrase_top1 for result in self.boxes) / len(self.boxes)

    def mean_iou(self) -> float:
        """The mean IoU of target boxes with the best detection of their class."""
        return round(sum(result.iou for result in self.boxes) / len(self.boxes), 4)


def generate(model: Generator, tests: LayoutTestSet, grounded: bool = True, **options) -> Tensor:
    """Pictures of a test set [N, 3, 64, 64]. The noise depends on the row alone, so that all conditions share it."""
    images = []
    for seed, first in enumerate(range(0, len(tests.scenes), BATCH_SIZE)):
        rows = slice(first, first + BATCH_SIZE)
        layouts = [list(layout) for layout in tests.layouts[rows]] if grounded else None
        images.append(sample(model, list(tests.captions[rows]), layouts, seed=seed, **options))
    return torch.cat(images)


def real_images(tests: LayoutTestSet) -> Tensor:
    """The true renders of the same layouts [N, 3, 64, 64]."""
    return torch.cat([to_tensor(picture.image[None]) for picture in tests.pictures])


def score_images(detector: Detector, images: Tensor, tests: LayoutTestSet) -> Score:
    """Detect things in pictures [N, 3, 64, 64] and compare them with the targets."""
    detections = [of_picture for batch in images.split(64) for of_picture in detect(detector, batch)]
    results = [match_boxes(*pair) for pair in zip(tests.targets, detections, strict=True)]
    return Score(detections, results, *box_ap(tests.targets, detections))


def compare_conditions(
    model: Generator, base: Generator, detector: Detector, tests: LayoutTestSet
) -> tuple[dict[str, Tensor], dict[str, Score]]:
    """Pictures and scores of the same layouts: with their boxes, without any, with wrong ones, and real."""
    pictures = {
        "grounded": generate(model, tests),
        "no_boxes": generate(base, tests, grounded=False),
        "shuffled": generate(model, shuffled_boxes(tests)),
        "wrong_phrases": generate(model, wrong_phrases(tests)),
        "ceiling": real_images(tests),
    }
    return pictures, {name: score_images(detector, images, tests) for name, images in pictures.items()}


def condition_figures(scores: dict[str, Score], pictures: int) -> Iterator[Figure]:
    """AP50, AP, mean IoU and phrase accuracy of each condition; n counts boxes."""
    ceiling = scores["ceiling"]
    bars = {"grounded": MIN_AP_SHARE * ceiling.ap50, "no_boxes": MAX_CONTROL_AP, "shuffled": MAX_CONTROL_AP}
    for name, score in scores.items():
        n, note = len(score.boxes), f"{pictures} pictures"
        bar = round(bars[name], 4) if name in bars else None
        yield Figure(
            f"gligen.ap50.{name}", round(score.ap50, 4), n=n, ceiling=round(ceiling.ap50, 4), bar=bar, note=note
        )
        yield Figure(f"gligen.ap.{name}", round(score.ap, 4), n=n, ceiling=round(ceiling.ap, 4), note="AP@[.5:.95]")
        yield Figure(
            f"gligen.mean_iou.{name}",
            score.mean_iou(),
            n=n,
            ceiling=ceiling.mean_iou(),
            note="with the best of its class",
        )
        bar = round(MIN_PHRASE_SHARE * ceiling.phrase_top1(), 4) if name == "grounded" else None
        yield phrase_figure(f"gligen.phrase_top1.{name}", score, ceiling=round(ceiling.phrase_top1(), 4), bar=bar)


def phrase_figure(id: str, score: Score, **company) -> Figure:
    """`Score.phrase_top1` as a figure."""
    return share(id, [result.phrase_top1 for result in score.boxes], **company)


def count_figures(detector: Detector, pictures: dict[str, Tensor], tests: LayoutTestSet) -> Iterator[Figure]:
    """The same, for pictures of 1, 2, 3 and 4 boxes apart."""
    for count in sorted({len(layout) for layout in tests.targets}):
        rows = [row for row, layout in enumerate(tests.targets) if len(layout) == count]
        of_count = {name: images[rows] for name, images in pictures.items()}
        yield from figures_beside(f"boxes_{count}", detector, subset(tests, rows), of_count)


def hard_layout_figures(model: Generator, base: Generator, detector: Detector, count: int) -> Iterator[Figure]:
    """Places where training never showed the thing; boxes that overlap. Baseline: the base, without boxes."""
    for name, tests in (("unseen_place", unseen_places(count)), ("overlapping", overlapping(count))):
        pictures = {
            "grounded": generate(model, tests),
            "no_boxes": generate(base, tests, grounded=False),
            "ceiling": real_images(tests),
        }
        yield from figures_beside(name, detector, tests, pictures)


def figures_beside(
    name: str, detector: Detector, tests: LayoutTestSet, pictures: dict[str, Tensor]
) -> Iterator[Figure]:
    """AP50 and phrase accuracy of grounded pictures; baseline: without boxes; ceiling: real ones."""
    scores = {
        condition: score_images(detector, pictures[condition], tests)
        for condition in ("grounded", "no_boxes", "ceiling")
    }
    grounded, no_boxes, ceiling = scores.values()
    company = {
        "baseline": round(no_boxes.ap50, 4),
        "ceiling": round(ceiling.ap50, 4),
        "note": f"{len(tests.scenes)} pictures",
    }
    yield Figure(f"gligen.ap50.{name}", round(grounded.ap50, 4), n=len(grounded.boxes), **company)
    company = {"baseline": round(no_boxes.phrase_top1(), 4), "ceiling": round(ceiling.phrase_top1(), 4)}
    yield phrase_figure(f"gligen.phrase_top1.{name}", grounded, **company)


def drawn_anywhere(scores: dict[str, Score], tests: LayoutTestSet) -> Figure:
    """Does the base draw what its caption names, wherever? Control: the things of the next caption."""
    right, control, ceiling = (
        [present for pair in zip(targets, detections, strict=True) for present in _classes_present(*pair)]
        for targets, detections in (
            (tests.targets, scores["no_boxes"].detections),
            (tests.targets[1:] + tests.targets[:1], scores["no_boxes"].detections),
            (tests.targets, scores["ceiling"].detections),
        )
    )
    return share(
        "gligen.drawn_anywhere.base",
        right,
        control=_mean(control),
        ceiling=_mean(ceiling),
        note="things of the caption",
    )


def _classes_present(targets: Sequence[GroundedPhrase], detections: Detections) -> list[bool]:
    """For each target of a picture, whether its class was detected anywhere in it."""
    present = set(detections.classes[detections.scores >= MIN_SCORE].tolist())
    return [class_number(target.phrase) in present for target in targets]


def _mean(values: list[bool]) -> float:
    return round(sum(values) / len(values), 4)
