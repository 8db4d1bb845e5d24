"""Where a specialist wins: boxes. Average precision beside SEEM's, and how far its scores can be trusted."""

import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from course_lib.clip.data.images import normalise, to_tensor
from course_lib.figures import Figure
from course_lib.gligen.detector import Detections, detect
from course_lib.seem.data.queries import class_indices, class_names
from course_lib.seem.evaluate.ap import predicted_instances
from course_lib.seem.train import stages
from course_lib.specialists import tools
from course_lib.specialists.boxes import match_detections, mean_average_precision, non_maximum_suppression
from course_lib.world.coco import category_ids
from course_lib.world.geometry import box_from_mask
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

SEED = 78  # of scenes that nothing else is measured on
THRESHOLDS = tuple(round(0.05 * n, 2) for n in range(1, 17))


class Row(NamedTuple):
    """The detector at one threshold."""

    threshold: float
    precision: float  # of what it reports, the share that is there, under that name, at IoU ≥ 0.5
    recall: float  # of what is there, the share that it reports

    @property
    def f1(self) -> float:
        """The harmonic mean of the two."""
        return 2 * self.precision * self.recall / max(self.precision + self.recall, 1e-9)


def scenes(count: int, stream: str) -> tuple[list[Scene], list[Picture]]:
    """Scenes of the stream with their renders."""
    made = [make_scene(index, SceneSpec(stream), SEED) for index in range(count)]
    return made, [render(scene) for scene in made]


def true_boxes(scene: Scene, picture: Picture) -> tuple[Tensor, Tensor]:
    """Boxes [T, 4] as shares, and classes [T], of the things that can be seen."""
    visible = picture.boxes[:, 2] > picture.boxes[:, 0]
    names = [thing.name for thing, seen in zip(scene.things, visible, strict=True) if seen]
    numbers = torch.tensor([class_indices()[name] for name in names], dtype=torch.long)
    return torch.from_numpy(picture.boxes[visible]) / len(picture.image), numbers


def detections(pictures: Sequence[Picture], threshold: float) -> list[Detections]:
    """All detections above a low threshold, 50 pictures at a time."""
    images = torch.cat([to_tensor(picture.image[None]) for picture in pictures])
    return [found for chunk in images.split(50) for found in detect(tools.detector(), chunk, threshold)]


def box_figures(count: int = 200) -> Iterator[Figure]:
    """AP50 of the detector and of SEEM, and the time a picture takes each."""
    made, pictures = scenes(count, "test")
    truths = [true_boxes(*pair) for pair in zip(made, pictures, strict=True)]
    start = time.perf_counter()
    detections(pictures, tools.MIN_SCORE)
    detector_ms = 1000 * (time.perf_counter() - start) / count
    found = [(one.boxes, one.classes, one.scores) for one in detections(pictures, 0.05)]
    others = [torch.arange(len(class_names())).roll(1)[classes] for _, classes, _ in found]
    renamed = [(boxes, other, scores) for (boxes, _, scores), other in zip(found, others, strict=True)]
    control = round(mean_average_precision(renamed, truths), 4)
    seem = round(mean_average_precision(seem_boxes(pictures), truths), 4)
    value = round(mean_average_precision(found, truths), 4)
    note = "boxes of 168 names; baseline: boxes around SEEM's masks; control: every name moved on by one; LLaVA names no box at all"
    yield Figure("specialists.ap50", value, n=count, control=control, baseline=seem, ceiling=1.0, note=note)
    yield Figure(
        "specialists.ms.detector",
        round(detector_ms, 1),
        n=count,
        unit="ms",
        note="a picture, in batches of 50, one core",
    )


@torch.no_grad()
def seem_boxes(pictures: Sequence[Picture]) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Boxes around the masks that SEEM finds without a prompt, with classes and scores."""
    model, names = stages.load(), {number: name for name, number in category_ids().items()}
    pixels = normalise(torch.cat([to_tensor(picture.image[None]) for picture in pictures]))
    result = []
    for start in range(0, len(pixels), 50):
        chunk = pixels[start : start + 50]
        instances = predicted_instances(model.segment_everything(model.encode(chunk)))
        for n in range(len(chunk)):
            mine = [one for one in instances if one.image_id == n + 1]
            boxes = torch.tensor([box_from_mask(one.mask) for one in mine]).reshape(-1, 4) / chunk.shape[-1]
            classes = torch.tensor([class_indices()[names[one.category_id]] for one in mine], dtype=torch.long)
            result.append((boxes, classes, torch.tensor([one.score for one in mine])))
    return result


def scored_hits(count: int = 200, stream: str = "val") -> tuple[np.ndarray, np.ndarray, int]:
    """All detections that survive suppression: scores [K], hits bool [K] (right name and IoU ≥ 0.5), and how many things are there."""
    made, pictures = scenes(count, stream)
    scores, hits, total = [], [], 0
    for scene, picture, found in zip(made, pictures, detections(pictures, THRESHOLDS[0]), strict=True):
        keep = non_maximum_suppression(found.boxes, found.scores, tools.MAX_IOU)
        boxes, classes = found.boxes[keep], found.classes[keep]
        truth, numbers = true_boxes(scene, picture)
        right = np.zeros(len(keep), bool)
        for number in classes.unique():
            mine = (classes == number).nonzero()[:, 0]
            right[mine.numpy()] = match_detections(boxes[mine], truth[numbers == number])
        scores += found.scores[keep].tolist()
        hits += right.tolist()
        total += len(truth)
    return np.array(scores), np.array(hits), total


def threshold_sweep(count: int = 200, stream: str = "val") -> list[Row]:
    """Precision and recall over the thresholds: `tools.MIN_SCORE` is the one with the best F1 on the stream "val"."""
    scores, hits, total = scored_hits(count, stream)
    return [
        Row(t, float(hits[scores >= t].mean()) if (scores >= t).any() else 1.0, float(hits[scores >= t].sum()) / total)
        for t in THRESHOLDS
    ]


def calibration(count: int = 400, stream: str = "val", bins: int = 5) -> list[tuple[float, float, int]]:
    """(mean score, share of hits, number) of the detections in each of some bins of scores: are they probabilities?"""
    scores, hits, _ = scored_hits(count, stream)
    which = np.minimum((scores * bins).astype(int), bins - 1)
    return [
        (float(scores[which == b].mean()), float(hits[which == b].mean()), int((which == b).sum()))
        for b in range(bins)
        if (which == b).any()
    ]
