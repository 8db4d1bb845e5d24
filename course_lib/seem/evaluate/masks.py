"""Masks of many questions at once, and how well they fit."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from skimage.segmentation import flood, slic

from course_lib.figures import Figure
from course_lib.seem.data.queries import class_names, visible
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt


def iou(found: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Overlap over union of masks bool [N, S, S] → [N]; two empty masks agree."""
    union = (found | truth).sum(axis=(1, 2))
    return np.where(union == 0, 1.0, (found & truth).sum(axis=(1, 2)) / np.maximum(union, 1))


def cumulative_iou(found: np.ndarray, truth: np.ndarray) -> float:
    """cIoU, as for referring phrases: all overlap over all union of masks bool [N, S, S]; large things count more."""
    return float((found & truth).sum() / (found | truth).sum())


@torch.no_grad()
def answers(
    model: MiniSeem, features: Features, prompts: Sequence[Prompt], found: torch.Tensor | None = None
) -> np.ndarray:
    """One round: masks bool [N, S, S]."""
    masks = []
    for start in range(0, len(prompts), 64):
        rows = torch.arange(start, min(start + 64, len(prompts)))
        out = model.segment(features.rows(rows), prompts[start : start + 64], None if found is None else found[rows])
        masks.append((out.logits[:, 0] > 0).numpy())
    return np.concatenate(masks)


def mean(id: str, values: np.ndarray, **company) -> Figure:
    """The mean with its 95 % interval."""
    value, reach = float(values.mean()), 1.96 * float(values.std()) / len(values) ** 0.5
    return Figure(id, round(value, 4), round(value - reach, 4), round(value + reach, 4), len(values), **company)


SURE, OWN = 0.4, 0.5  # a query below this is nothing; a mask of which more than half belongs to surer ones is dropped


def panoptic_quality(masks, tests, shuffled: bool = False) -> float:
    """PQ over all classes together, as Σ IoU of the matched / (matched + half of the unmatched on both sides).

    masks: what the object queries found (Masks); tests: a TestSet. A pair matches when IoU > 0.5 and the names agree.
    `shuffled` gives every prediction the name of another: the control.
    """
    total, matched, unmatched = 0.0, 0, 0
    for n, scene in enumerate(tests.scenes):
        truth = [(tests.instances[n] == k + 1, scene.things[k].name) for k in visible(scene, tests.instances[n])]
        found = found_in(masks, n, shuffled)
        scores = [overlap(area, other) for area, name in found for other, word in truth if name == word]
        good = [score for score in scores if score > 0.5]
        total, matched = total + sum(good), matched + len(good)
        unmatched += len(found) + len(truth) - 2 * len(good)
    return total / max(matched + unmatched / 2, 1)


def mean_iou(masks, tests, shuffled: bool = False) -> float:
    """mIoU: of each name that is there, the pixels found and true over those found or true, in all pictures; their mean."""
    both, either, there = Counter(), Counter(), set()
    for n, scene in enumerate(tests.scenes):
        true, found = (np.full(masks.logits.shape[-2:], "", dtype=object) for _ in range(2))
        for k in visible(scene, tests.instances[n]):
            true[tests.instances[n] == k + 1] = scene.things[k].name
        for area, name in found_in(masks, n, shuffled):
            found[area] = name
        there |= set(true.flat) - {""}
        for name in {*true.flat, *found.flat}:
            both[name] += ((true == name) & (found == name)).sum()
            either[name] += ((true == name) | (found == name)).sum()
    return float(np.mean([both[name] / either[name] for name in there]))


def found_in(masks, n: int, shuffled: bool) -> list[tuple[np.ndarray, str]]:
    """The segments of picture n, under their names or, shuffled, each under another."""
    found = segments(masks.logits[n].numpy(), masks.classes[n].softmax(dim=-1).numpy())
    return [(area, class_names()[class_names().index(name) - 1] if shuffled else name) for area, name in found]


def segments(logits: np.ndarray, chances: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """Masks that do not overlap, with names, the surest first: logits [Q, S, S], chances [Q, C + 1]."""
    taken, found = np.zeros(logits.shape[1:], bool), []
    names, sure = chances.argmax(axis=1), chances.max(axis=1)
    for q in np.argsort(-sure):
        if names[q] == len(class_names()) or sure[q] < SURE:
            continue
        whole = logits[q] > 0
        own = whole & ~taken
        if own.sum() > OWN * whole.sum():
            found.append((own, class_names()[names[q]]))
            taken |= own
    return found


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """IoU of two masks."""
    return float((one & other).sum() / max((one | other).sum(), 1))


TOLERANCE = 0.15  # of the distance from black to white; chosen on the stream "val"
SEGMENTS = 20


def flood_fill(image: np.ndarray, click: np.ndarray) -> np.ndarray:
    """Everything connected to the click and of about its colour: image uint8 [S, S, 3], click bool [S, S] → bool [S, S]."""
    y, x = np.argwhere(click)[0]
    away = np.linalg.norm(image.astype(float) - image[y, x], axis=2) / np.sqrt(3 * 255**2)
    return flood(away, (int(y), int(x)), tolerance=TOLERANCE)


def superpixel(image: np.ndarray, click: np.ndarray) -> np.ndarray:
    """The superpixel (SLIC) that was clicked on."""
    labels = slic(image, n_segments=SEGMENTS, compactness=10, start_label=1)
    y, x = np.argwhere(click)[0]
    return labels == labels[y, x]
