"""Are boxes obeyed? What the judge finds in drawn pictures, beside real ones and beside controls that must fail."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from course_lib.clip.data.images import to_tensor
from course_lib.figures import Figure, share
from course_lib.gligen.data.testsets import TestSet, overlapping, part, shuffled, unseen_places, wrong_phrases
from course_lib.gligen.evaluate.detections import SURE, Verdict, box_ap, class_number, judge
from course_lib.gligen.model import Generator
from course_lib.gligen.sampling import sample
from course_lib.gligen.train.detector import Detector, Found, detect

AT_ONCE = 16  # pictures
FLOOR, OF_CEILING_AP, OF_CEILING_PHRASE = 0.15, 0.75, 0.8  # what the course set out to reach


@dataclass(frozen=True)
class Score:
    """What the judge says of the pictures of a test set."""

    found: list[Found]  # of every picture
    verdicts: list[list[Verdict]]  # of every wanted box
    ap: float
    ap50: float

    @property
    def boxes(self) -> list[Verdict]:
        """All verdicts in a row."""
        return [verdict for of_picture in self.verdicts for verdict in of_picture]

    def named(self) -> float:
        """The share of wanted boxes in which the surest thing is the wanted one."""
        return sum(verdict.named for verdict in self.boxes) / len(self.boxes)


def draw(model: Generator, tests: TestSet, grounded: bool = True, **options) -> Tensor:
    """Pictures of a test set [N, 3, 64, 64]. The noise depends on the row alone, so that all conditions share it."""
    drawn = []
    for seed, first in enumerate(range(0, len(tests.scenes), AT_ONCE)):
        rows = slice(first, first + AT_ONCE)
        asked = [list(boxes) for boxes in tests.asked[rows]] if grounded else None
        drawn.append(sample(model, list(tests.captions[rows]), asked, seed=seed, **options))
    return torch.cat(drawn)


def real(tests: TestSet) -> Tensor:
    """The true renders of the same layouts [N, 3, 64, 64]."""
    return torch.cat([to_tensor(picture.image[None]) for picture in tests.pictures])


def score(judge_net: Detector, images: Tensor, tests: TestSet) -> Score:
    """Judge pictures by what was wanted in them."""
    found = [one for some in images.split(64) for one in detect(judge_net, some)]
    verdicts = [judge(wanted, one) for wanted, one in zip(tests.wanted, found, strict=True)]
    return Score(found, verdicts, *box_ap(tests.wanted, found))


def conditions(
    model: Generator, base: Generator, judge_net: Detector, tests: TestSet
) -> tuple[dict[str, Tensor], dict[str, Score]]:
    """Pictures and scores of the same layouts: with their boxes, without any, with wrong ones, and real."""
    pictures = {
        "grounded": draw(model, tests),
        "no_boxes": draw(base, tests, grounded=False),
        "shuffled": draw(model, shuffled(tests)),
        "wrong_phrases": draw(model, wrong_phrases(tests)),
        "ceiling": real(tests),
    }
    return pictures, {name: score(judge_net, images, tests) for name, images in pictures.items()}


def obeyed(scores: dict[str, Score], pictures: int) -> Iterator[Figure]:
    """AP50, AP, mean IoU and phrase accuracy of each condition; n counts boxes."""
    top = scores["ceiling"]
    bars = {"grounded": OF_CEILING_AP * top.ap50, "no_boxes": FLOOR, "shuffled": FLOOR}
    for name, one in scores.items():
        n, note = len(one.boxes), f"{pictures} pictures"
        bar = round(bars[name], 4) if name in bars else None
        yield Figure(f"gligen.ap50.{name}", round(one.ap50, 4), n=n, ceiling=round(top.ap50, 4), bar=bar, note=note)
        yield Figure(f"gligen.ap.{name}", round(one.ap, 4), n=n, ceiling=round(top.ap, 4), note="AP@[.5:.95]")
        yield Figure(f"gligen.mean_iou.{name}", _iou(one), n=n, ceiling=_iou(top), note="with the best of its class")
        bar = round(OF_CEILING_PHRASE * top.named(), 4) if name == "grounded" else None
        yield named(f"gligen.phrase_top1.{name}", one, ceiling=round(top.named(), 4), bar=bar)


def named(id: str, one: Score, **company) -> Figure:
    """The share of wanted boxes in which the surest thing is the wanted one."""
    return share(id, [verdict.named for verdict in one.boxes], **company)


def _iou(one: Score) -> float:
    return round(sum(verdict.iou for verdict in one.boxes) / len(one.boxes), 4)


def by_count(judge_net: Detector, pictures: dict[str, Tensor], tests: TestSet) -> Iterator[Figure]:
    """The same, for pictures of 1, 2, 3 and 4 boxes apart."""
    for count in sorted({len(boxes) for boxes in tests.wanted}):
        rows = [row for row, boxes in enumerate(tests.wanted) if len(boxes) == count]
        yield from beside(
            f"boxes_{count}", judge_net, part(tests, rows), {name: pictures[name][rows] for name in pictures}
        )


def harder(model: Generator, base: Generator, judge_net: Detector, count: int) -> Iterator[Figure]:
    """Places where training never showed the thing; boxes that overlap. Baseline: the base, without boxes."""
    for name, tests in (("unseen_place", unseen_places(count)), ("overlapping", overlapping(count))):
        pictures = {
            "grounded": draw(model, tests),
            "no_boxes": draw(base, tests, grounded=False),
            "ceiling": real(tests),
        }
        yield from beside(name, judge_net, tests, pictures)


def beside(name: str, judge_net: Detector, tests: TestSet, pictures: dict[str, Tensor]) -> Iterator[Figure]:
    """AP50 and phrase accuracy of grounded pictures; baseline: without boxes; ceiling: real ones."""
    of = {way: score(judge_net, pictures[way], tests) for way in ("grounded", "no_boxes", "ceiling")}
    ours, without, top = of.values()
    company = {
        "baseline": round(without.ap50, 4),
        "ceiling": round(top.ap50, 4),
        "note": f"{len(tests.scenes)} pictures",
    }
    yield Figure(f"gligen.ap50.{name}", round(ours.ap50, 4), n=len(ours.boxes), **company)
    company = {"baseline": round(without.named(), 4), "ceiling": round(top.named(), 4)}
    yield named(f"gligen.phrase_top1.{name}", ours, **company)


def mentioned(scores: dict[str, Score], tests: TestSet) -> Figure:
    """Does the base draw what its caption names, wherever? Control: the things of the next caption."""
    right, control, ceiling = (
        [asked for pair in zip(wanted, found, strict=True) for asked in _present(*pair)]
        for wanted, found in (
            (tests.wanted, scores["no_boxes"].found),
            (tests.wanted[1:] + tests.wanted[:1], scores["no_boxes"].found),
            (tests.wanted, scores["ceiling"].found),
        )
    )
    return share(
        "gligen.drawn_anywhere.base",
        right,
        control=_mean(control),
        ceiling=_mean(ceiling),
        note="things of the caption",
    )


def _present(wanted, found: Found) -> list[bool]:
    there = set(found.classes[found.scores >= SURE].tolist())
    return [class_number(one.phrase) in there for one in wanted]


def _mean(values: list[bool]) -> float:
    return round(sum(values) / len(values), 4)
