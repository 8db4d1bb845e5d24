"""COCO's AP of masks, written out: how many predictions are right, from the most to the least confident."""

import contextlib
import io
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from course_lib.figures import Figure
from course_lib.seem.data.queries import class_names
from course_lib.seem.data.testsets import make_test_set
from course_lib.seem.decoder import SeemOutput
from course_lib.seem.model import MiniSeem
from course_lib.world.coco import category_ids, run_lengths, to_coco
from course_lib.world.scenes import Scene

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # of IoU
RECALLS = np.linspace(0, 1, 101)
MAX_DETECTIONS = 100  # of a class in a picture


@dataclass(frozen=True)
class Instance:
    """One thing in one picture: predicted, with a score, or true."""

    image_id: int  # 1, 2, … in the order of the scenes, as in `world.coco.to_coco`
    category_id: int
    mask: np.ndarray  # bool [S, S], not empty
    score: float = 1.0


@torch.no_grad()
def ap_figures(model: MiniSeem, count: int = 200, stream: str = "test") -> Iterator[Figure]:
    """AP@[.5:.95] of masks, by our code (control: the same masks under each other's names), then by pycocotools."""
    tests = make_test_set("click", count, stream=stream)
    predictions = predicted_instances(model.segment_everything(tests.encode(model)))
    truths = true_instances(tests.scenes, tests.instances)
    permuted = np.random.default_rng(0).permutation([one.category_id for one in predictions])
    renamed = [replace(one, category_id=int(other)) for one, other in zip(predictions, permuted, strict=True)]
    value, control = (round(average_precision(instances, truths), 4) for instances in (predictions, renamed))
    yield Figure("seem.ap", value, n=count, control=control, ceiling=1.0, note="masks, COCO's AP@[.5:.95], by name")
    theirs = round(pycocotools_ap(predictions, to_coco(tests.scenes)), 4)
    yield Figure("seem.ap_pycocotools", theirs, n=count, note="read by pycocotools from `world.coco.to_coco`")


def average_precision(predictions: Sequence[Instance], truths: Sequence[Instance]) -> float:
    """Mean over the classes that are there, over ten thresholds of IoU and 101 points of recall (COCO's AP@[.5:.95]).

    Source: pycocotools/cocoeval.py, with which tests compare it.
    """
    truths_of, predictions_of = defaultdict(list), defaultdict(list)
    for truth in truths:
        truths_of[truth.category_id].append(truth)
    for prediction in predictions:
        predictions_of[prediction.category_id].append(prediction)
    return float(np.mean([_class_ap(predictions_of[number], there) for number, there in truths_of.items()]))


def _class_ap(predictions: list[Instance], truths: list[Instance]) -> float:
    """AP of one class over all pictures."""
    masks_of, predictions_of = defaultdict(list), defaultdict(list)
    for truth in truths:
        masks_of[truth.image_id].append(truth.mask)
    for prediction in sorted(predictions, key=lambda one: -one.score):
        predictions_of[prediction.image_id].append(prediction)
    # which predictions are right, picture by picture
    scores, right = [], [np.zeros((len(THRESHOLDS), 0), bool)]
    for image_id, ranked in sorted(predictions_of.items()):
        scores += [one.score for one in ranked[:MAX_DETECTIONS]]
        right.append(_true_positives([one.mask for one in ranked[:MAX_DETECTIONS]], masks_of[image_id]))
    # precision over recall, from the most confident of all pictures
    order = np.argsort(-np.array(scores), kind="stable")
    right = np.concatenate(right, axis=1)[:, order]
    return float(np.mean([_mean_precision(row, len(truths)) for row in right]))


def _true_positives(predictions: list[np.ndarray], truths: list[np.ndarray]) -> np.ndarray:
    """Which predicted masks [P] of a picture, the most confident first, are right: bool [10, P], by threshold.

    A true mask is used once.
    """
    ious = np.array([[(p & t).sum() / (p | t).sum() for t in truths] for p in predictions])
    ious = ious.reshape(len(predictions), -1)  # [P, T], also where there is nothing
    right = np.zeros((len(THRESHOLDS), len(predictions)), bool)
    for row, threshold in enumerate(THRESHOLDS):
        free = np.ones(len(truths), bool)
        for n, of_truths in enumerate(ious):
            candidates = np.where(free, of_truths, -1)
            if len(candidates) and candidates.max() >= threshold:
                right[row, n] = True
                free[candidates.argmax()] = False
    return right


def _mean_precision(right: np.ndarray, num_truths: int) -> float:
    """The mean precision at 101 points of recall: right bool [P], the most confident first."""
    hits = right.cumsum()
    precision = hits / np.arange(1, len(right) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]  # the best that a higher recall still has
    indices = np.searchsorted(hits / num_truths, RECALLS, side="left")
    return float(np.append(precision, 0.0)[indices].mean())  # a recall that is never reached counts as 0


def pycocotools_ap(predictions: Sequence[Instance], truth: dict) -> float:
    """The same AP, by COCO's own code. truth: what `world.coco.to_coco` exports; the predictions go through COCO's results."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    coco = COCO()
    coco.dataset = truth
    with contextlib.redirect_stdout(io.StringIO()):  # it reports every step
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(to_results(predictions)), "segm")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


def true_instances(scenes: Sequence[Scene], instances: np.ndarray) -> list[Instance]:
    """The things of I scenes, as far as they can be seen: instances [I, S, S] holds index + 1 of each."""
    return [
        Instance(n + 1, category_ids()[thing.name], instances[n] == k)
        for n, scene in enumerate(scenes)
        for k, thing in enumerate(scene.things, start=1)
        if (instances[n] == k).any()
    ]


def predicted_instances(output: SeemOutput) -> list[Instance]:
    """Every object query of I pictures that has a mask. Score: its class's probability × the mean of its pixels'."""
    instances, class_probs = [], output.class_logits.softmax(dim=-1)
    for n, (mask_logits, probs) in enumerate(zip(output.mask_logits, class_probs, strict=True), start=1):
        for logits, query_probs in zip(mask_logits, probs, strict=True):
            best, mask = int(query_probs.argmax()), logits > 0
            if best < len(class_names()) and mask.any():
                score = float(query_probs[best]) * float(logits[mask].sigmoid().mean())
                instances.append(Instance(n, category_ids()[class_names()[best]], mask.numpy(), score))
    return instances


def to_results(instances: Sequence[Instance]) -> list[dict]:
    """COCO's list of results, which `COCO.loadRes` reads."""
    from pycocotools import mask as mask_coder

    results = []
    for instance in instances:
        rle = mask_coder.frPyObjects(run_lengths(instance.mask), *instance.mask.shape)
        rle = {"size": rle["size"], "counts": rle["counts"].decode()}  # bytes don't go into json
        results.append(
            {
                "image_id": instance.image_id,
                "category_id": instance.category_id,
                "segmentation": rle,
                "bbox": mask_coder.toBbox(rle).tolist(),
                "score": instance.score,
            }
        )
    return results
