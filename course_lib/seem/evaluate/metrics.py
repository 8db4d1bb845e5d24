"""Masks of many queries at once, how well they fit (IoU, cIoU, PQ, mIoU), and two tools that learn nothing."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import binary_dilation, binary_erosion
from skimage.segmentation import flood, slic

from course_lib.figures import Figure
from course_lib.seem.data.queries import class_names, visible_things
from course_lib.seem.data.testsets import SeemTestSet
from course_lib.seem.decoder import SeemOutput
from course_lib.seem.encoder import Features
from course_lib.seem.model import MiniSeem
from course_lib.seem.prompts import Prompt

MIN_CONFIDENCE = 0.4  # a query whose class is less likely counts as nothing
MIN_OWN_FRAC = 0.5  # a mask of which no more than this is left by more confident ones is dropped
FLOOD_TOLERANCE = 0.15  # of the distance from black to white; chosen on the stream "val"
NUM_SUPERPIXELS = 20


@torch.no_grad()
def predict_masks(
    model: MiniSeem,
    features: Features,
    prompts: Sequence[Prompt],
    prev_masks: torch.Tensor | None = None,
    mask_input: bool = True,
) -> np.ndarray:
    """One round of N prompts: masks bool [N, S, S]. prev_masks bool [N, S, S]: the last round's; see `MiniSeem.segment`."""
    masks = []
    for start in range(0, len(prompts), 64):
        rows = torch.arange(start, min(start + 64, len(prompts)))
        prev_mask = None if prev_masks is None else prev_masks[rows]
        output = model.segment(features.select(rows), prompts[start : start + 64], prev_mask, mask_input)
        masks.append((output.mask_logits[:, 0] > 0).numpy())
    return np.concatenate(masks)


def iou(masks: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Overlap over union of masks bool [N, S, S] → [N]; two empty masks agree."""
    union = (masks | targets).sum(axis=(1, 2))
    return np.where(union == 0, 1.0, (masks & targets).sum(axis=(1, 2)) / np.maximum(union, 1))


def iou_without_rim(masks: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """IoU [N] where the pixels on either side of the true outline don't count: of masks bool [N, S, S].

    A thing 12 pixels wide, taken one pixel too wide on each side, has an IoU of 0.73, and nobody would see it.
    """
    inside = np.stack([binary_erosion(one) for one in targets])
    outside = ~np.stack([binary_dilation(one) for one in targets])
    certain = inside | outside
    return iou(masks & certain, targets & certain)


def cumulative_iou(masks: np.ndarray, targets: np.ndarray) -> float:
    """cIoU, as for referring phrases: all overlap over all union of masks bool [N, S, S]; large things count more."""
    return float((masks & targets).sum() / (masks | targets).sum())


def mean_figure(id: str, values: np.ndarray, **company) -> Figure:
    """The mean with its 95 % interval."""
    value, margin = float(values.mean()), 1.96 * float(values.std()) / len(values) ** 0.5
    return Figure(id, round(value, 4), round(value - margin, 4), round(value + margin, 4), len(values), **company)


def panoptic_quality(output: SeemOutput, tests: SeemTestSet, shuffled: bool = False, pooled: bool = False) -> float:
    """PQ: Σ IoU of the matched / (matched + half of the unmatched on both sides), of each name, and their mean.

    output: of the object queries. A pair matches when IoU > 0.5 and the names agree. `shuffled` gives every prediction
    the name of another: the control. `pooled` counts all names as one, so that frequent ones weigh more.
    Source: cocodataset/panopticapi, evaluation.py, whose "Things" this is.
    """
    total_iou, num_segments = Counter(), Counter()  # by name; segments of both sides
    for n, scene in enumerate(tests.scenes):
        instances = tests.instances[n]
        truths = [(instances == k, thing.name) for k, thing in enumerate(scene.things, 1) if (instances == k).any()]
        predictions = image_segments(output, n, shuffled)
        num_segments.update(name for _, name in [*truths, *predictions])
        for mask, name in predictions:
            ious = [float(iou(mask[None], target[None])[0]) for target, true_name in truths if name == true_name]
            total_iou[name] += sum(one for one in ious if one > 0.5)  # of disjoint masks one at most
    if pooled:
        return 2 * sum(total_iou.values()) / max(sum(num_segments.values()), 1)
    return float(np.mean([2 * total_iou[name] / number for name, number in num_segments.items()]))


def mean_iou(output: SeemOutput, tests: SeemTestSet, shuffled: bool = False) -> float:
    """mIoU: the mean, over the names that are there, of overlap over union of their pixels in all pictures."""
    overlap, union, present = Counter(), Counter(), set()
    for n, scene in enumerate(tests.scenes):
        # a name for every pixel, true and predicted
        true, predicted = (np.full(output.mask_logits.shape[-2:], "", dtype=object) for _ in range(2))
        for k in visible_things(scene, tests.instances[n]):
            true[tests.instances[n] == k + 1] = scene.things[k].name
        for mask, name in image_segments(output, n, shuffled):
            predicted[mask] = name
        present |= set(true.flat) - {""}
        for name in {*true.flat, *predicted.flat}:
            overlap[name] += ((true == name) & (predicted == name)).sum()
            union[name] += ((true == name) | (predicted == name)).sum()
    return float(np.mean([overlap[name] / union[name] for name in present]))


def image_segments(output: SeemOutput, n: int, shuffled: bool = False) -> list[tuple[np.ndarray, str]]:
    """The segments of picture n, under their names or, shuffled, each under another."""
    pairs = segments(output.mask_logits[n].numpy(), output.class_logits[n].softmax(dim=-1).numpy())
    return [(mask, class_names()[class_names().index(name) - 1] if shuffled else name) for mask, name in pairs]


def segments(mask_logits: np.ndarray, class_probs: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """Disjoint masks with names, the most confident first: mask_logits [Q, S, S], class_probs [Q, C + 1]."""
    taken, pairs = np.zeros(mask_logits.shape[1:], bool), []
    classes, confidence = class_probs.argmax(axis=1), class_probs.max(axis=1)
    for q in np.argsort(-confidence):
        if classes[q] == len(class_names()) or confidence[q] < MIN_CONFIDENCE:
            continue
        mask = mask_logits[q] > 0
        own = mask & ~taken
        if own.sum() > MIN_OWN_FRAC * mask.sum():
            pairs.append((own, class_names()[classes[q]]))
            taken |= own
    return pairs


def flood_fill(image: np.ndarray, click: np.ndarray) -> np.ndarray:
    """What touches the click and has about its colour: image uint8 [S, S, 3], click bool [S, S] → bool [S, S]."""
    y, x = np.argwhere(click)[0]
    distance = np.linalg.norm(image.astype(float) - image[y, x], axis=2) / np.sqrt(3 * 255**2)
    return flood(distance, (int(y), int(x)), tolerance=FLOOD_TOLERANCE)


def superpixel(image: np.ndarray, click: np.ndarray) -> np.ndarray:
    """The superpixel (SLIC) that was clicked on: image uint8 [S, S, 3], click bool [S, S] → bool [S, S]."""
    labels = slic(image, n_segments=NUM_SUPERPIXELS, compactness=10, start_label=1)
    y, x = np.argwhere(click)[0]
    return labels == labels[y, x]
