"""COCO's AP of masks, written out: how many predictions are right, from the surest to the least sure."""

import contextlib
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.data.queries import class_names, visible
from course_lib.seem.data.testsets import questions
from course_lib.seem.evaluate.masks import segments
from course_lib.seem.model import MiniSeem
from course_lib.world.coco import categories, file_name, run_lengths
from course_lib.world.scenes import Scene

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of IoU
RECALLS = np.linspace(0, 1, 101)
MOST = 100  # predictions of a class in a picture


def _right(guesses: list[np.ndarray], truths: list[np.ndarray]) -> np.ndarray:
    """Which guesses [G] of a picture, the surest first, are right at each threshold: bool [10, G]. A truth is used once."""
    overlaps = np.array([[(g & t).sum() / (g | t).sum() for t in truths] for g in guesses]).reshape(len(guesses), -1)
    right = np.zeros((len(THRESHOLDS), len(guesses)), bool)
    for row, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(truths), bool)
        for n, overlap in enumerate(overlaps):
            left = np.where(free, overlap, -1)
            if len(left) and left.max() >= threshold:
                right[row, n] = True
                free[left.argmax()] = False
    return right


def _area(right: np.ndarray, total: int) -> float:
    """The mean precision at 101 points of recall: right bool [G], the surest first; total: how many there were to find."""
    hits = right.cumsum()
    precision = hits / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]  # the best that a higher recall still has
    places = np.searchsorted(hits / total, RECALLS, side="left")
    return float(np.append(precision, 0.0)[places].mean())  # a recall that is never reached counts as 0


@torch.no_grad()
def ap(model: MiniSeem, count: int = 200, stream: str = "test") -> Iterator[Figure]:
    """AP@[.5:.95] of masks, by our code (control: the same masks under each other's names), then by pycocotools."""
    tests = questions("click", count, stream=stream)
    found = predicted(model.everything(tests.encoded(model)))
    there = truths(tests.scenes, tests.instances)
    others = np.random.default_rng(0).permutation([thing.category_id for thing in found])
    renamed = [replace(thing, category_id=int(other)) for thing, other in zip(found, others, strict=True)]
    value, control = (round(average_precision(things, there), 4) for things in (found, renamed))
    yield Figure("seem.ap", value, n=count, control=control, ceiling=1.0, note="masks, COCO's AP@[.5:.95], by name")
    judged = round(by_pycocotools(found, there, count), 4)
    yield Figure("seem.ap_pycocotools", judged, n=count, note="the same export, read by pycocotools")


@dataclass(frozen=True)
class Instance:
    """One thing in one picture: predicted, with a score, or true."""

    image_id: int  # 1, 2, … in the order of the scenes, as in `world.coco.to_coco`
    category_id: int
    mask: np.ndarray  # bool [S, S], not empty
    score: float = 1.0


def average_precision(found: Sequence[Instance], truths: Sequence[Instance]) -> float:
    """Mean over the classes that are there, over ten thresholds of IoU and 101 points of recall (COCO's AP@[.5:.95]).

    Source: pycocotools/cocoeval.py, with which tests compare it.
    """
    by_class = defaultdict(list)
    for truth in truths:
        by_class[truth.category_id].append(truth)
    guesses = defaultdict(list)
    for guess in found:
        guesses[guess.category_id].append(guess)
    return float(np.mean([_of_class(guesses[number], there) for number, there in by_class.items()]))


def _of_class(found: list[Instance], truths: list[Instance]) -> float:
    """AP of one class over all pictures."""
    by_picture = defaultdict(list)
    for truth in truths:
        by_picture[truth.image_id].append(truth.mask)
    guesses = defaultdict(list)
    for guess in sorted(found, key=lambda one: -one.score):
        guesses[guess.image_id].append(guess)
    scores, right = [], [np.zeros((len(THRESHOLDS), 0), bool)]
    for picture, ranked in sorted(guesses.items()):
        scores += [guess.score for guess in ranked[:MOST]]
        right.append(_right([guess.mask for guess in ranked[:MOST]], by_picture[picture]))
    order = np.argsort(-np.array(scores), kind="stable")
    hits = np.concatenate(right, axis=1)[:, order]
    return float(np.mean([_area(row, len(truths)) for row in hits]))


def by_pycocotools(found: Sequence[Instance], there: Sequence[Instance], pictures: int) -> float:
    """The same AP, by COCO's own code: both lists go through COCO's formats first."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truth, (height, width) = COCO(), there[0].mask.shape
    truth.dataset = {
        "images": [{"id": number, "height": height, "width": width} for number in range(1, pictures + 1)],
        "categories": categories(),
        "annotations": [
            {**code, "id": number, "area": int(thing.mask.sum()), "iscrowd": 0}
            for number, (code, thing) in enumerate(zip(to_results(there), there, strict=True), start=1)
        ],
    }
    with contextlib.redirect_stdout(io.StringIO()):  # it reports every step
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(to_results(found)), "segm")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0])


def category_ids() -> list[int]:
    """COCO's category of each of the model's classes, in their order; of a name that a sticker and a shape share, the sticker's."""
    numbers = {category["name"]: category["id"] for category in reversed(categories())}
    return [numbers[name] for name in class_names()]


def truths(scenes: Sequence[Scene], instances: np.ndarray) -> list[Instance]:
    """The things of I scenes that can be seen, by name: instances [I, S, S] holds number + 1 of each."""
    category_of = dict(zip(class_names(), category_ids(), strict=True))
    return [
        Instance(n + 1, category_of[scene.things[k].name], instances[n] == k + 1)
        for n, scene in enumerate(scenes)
        for k in visible(scene, instances[n])
    ]


def predicted(masks) -> list[Instance]:
    """Every object query that found something (Masks of I pictures). Score: its class's chance × how sure its pixels are."""
    found = []
    for n, (logits, classes) in enumerate(zip(masks.logits, masks.classes.softmax(dim=-1), strict=True), start=1):
        for picture, chances in zip(logits, classes, strict=True):
            best, area = int(chances.argmax()), picture > 0
            if best < len(class_names()) and area.any():
                score = float(chances[best]) * float(picture[area].sigmoid().mean())
                found.append(Instance(n, category_ids()[best], area.numpy(), score))
    return found


def to_results(found: Sequence[Instance]) -> list[dict]:
    """COCO's list of results, which `COCO.loadRes` reads."""
    from pycocotools import mask as coder

    results = []
    for thing in found:
        code = coder.frPyObjects(run_lengths(thing.mask), *thing.mask.shape)
        code = {"size": code["size"], "counts": code["counts"].decode()}  # bytes don't go into json
        results.append(
            {
                "image_id": thing.image_id,
                "category_id": thing.category_id,
                "segmentation": code,
                "bbox": coder.toBbox(code).tolist(),
                "score": thing.score,
            }
        )
    return results


def to_panoptic(masks, scenes: Sequence[Scene]) -> tuple[dict, list[np.ndarray]]:
    """COCO's panoptic json, and the picture uint8 [S, S, 3] that goes with each of its annotations.

    A pixel's segment is red + 256·green + 65536·blue; 0, the backdrop, is no segment. Things only: the model was taught
    no stuff.
    """
    annotations, pictures, category_of = [], [], dict(zip(class_names(), category_ids(), strict=True))
    for n, scene in enumerate(scenes):
        found = segments(masks.logits[n].numpy(), masks.classes[n].softmax(dim=-1).numpy())
        ids = np.zeros(masks.logits.shape[-2:], np.uint32)
        about = []
        for number, (area, name) in enumerate(found, start=1):
            ids[area] = number
            about.append({"id": number, "category_id": category_of[name], "area": int(area.sum()), "iscrowd": 0})
        annotations.append({"image_id": n + 1, "file_name": file_name(scene), "segments_info": about})
        pictures.append(np.stack([ids >> shift & 255 for shift in (0, 8, 16)], axis=-1).astype(np.uint8))
    kinds = [{**category, "isthing": 1} for category in categories()]
    images = [{"id": n, "file_name": file_name(scene)} for n, scene in enumerate(scenes, start=1)]
    return {"images": images, "annotations": annotations, "categories": kinds}, pictures
