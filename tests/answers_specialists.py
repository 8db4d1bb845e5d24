"""Answers to Lesson 01's exercises as people write them: all the right ones must pass, all the wrong ones must not."""

import numpy as np
import torch
from answers import right, wrong


@right("specialists.box_iou")
def iou_by_columns(a, b):
    x0, y0, x1, y1 = a[:, :, None].unbind(1)
    u0, v0, u1, v1 = b.T[:, None].unbind(0)
    width = (torch.min(x1, u1) - torch.max(x0, u0)).clamp_min(0)
    height = (torch.min(y1, v1) - torch.max(y0, v0)).clamp_min(0)
    shared = width * height
    return shared / ((x1 - x0) * (y1 - y0) + (u1 - u0) * (v1 - v0) - shared)


@wrong("specialists.box_iou")
def iou_as_width_and_height(a, b):
    low, high = torch.max(a[:, None, :2], b[None, :, :2]), torch.min(a[:, None, 2:], b[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    return shared / (a[:, 2:].prod(1)[:, None] + b[:, 2:].prod(1)[None] - shared)


@right("specialists.nms")
def nms_with_a_mask(boxes, scores, threshold):
    from course_lib.gligen.detector import box_iou

    alive, keep = torch.ones(len(scores), dtype=torch.bool), []
    while alive.any():
        best = int(torch.where(alive, scores, torch.full_like(scores, -1)).argmax())
        keep.append(best)
        alive &= box_iou(boxes, boxes[best][None])[:, 0] <= threshold
        alive[best] = False
    return keep


@wrong("specialists.nms")
def nms_scores_only(boxes, scores, threshold):
    return [i for i in scores.argsort(descending=True).tolist() if scores[i] > threshold]


@right("specialists.average_precision")
def precision_at_each_recall(scores, matched, num_truths):
    ranked = [hit for _, hit in sorted(zip(scores, matched, strict=True), key=lambda pair: -pair[0])]
    points, hits = [], 0
    for n, hit in enumerate(ranked, 1):
        hits += bool(hit)
        points.append((hits / num_truths, hits / n))
    return sum(max((p for r, p in points if r >= level), default=0.0) for level in np.linspace(0, 1, 101)) / 101


@wrong("specialists.average_precision")
def precision_sorted_upward(scores, matched, num_truths):
    return precision_at_each_recall([-score for score in scores], matched, num_truths)


@right("specialists.relation_rule")
def relation_with_loops(things, name, other):
    best = {}
    for thing in things:
        if thing.name not in best or thing.score > best[thing.name].score:
            best[thing.name] = thing
    if name not in best or other not in best:
        return None
    a, b = best[name].box, best[other].box
    dx, dy = (a[0] + a[2]) - (b[0] + b[2]), (a[1] + a[3]) - (b[1] + b[3])
    return ("right" if dx > 0 else "left") if abs(dx) >= abs(dy) else ("below" if dy > 0 else "above")


@wrong("specialists.relation_rule")
def relation_shorter_way(things, name, other):
    best = {thing.name: thing.box for thing in sorted(things, key=lambda thing: thing.score)}
    if name not in best or other not in best:
        return None
    a, b = best[name], best[other]
    dx, dy = (a[0] + a[2]) - (b[0] + b[2]), (a[1] + a[3]) - (b[1] + b[3])
    return ("right" if dx > 0 else "left") if abs(dx) < abs(dy) else ("below" if dy > 0 else "above")


@right("specialists.marginal_costs")
def costs_with_accumulate(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    from itertools import accumulate

    return list(accumulate(c[1] * seconds_per_label / 60 + c[2] * minutes_per_line + c[3] for c in costs))


@wrong("specialists.marginal_costs")
def costs_total(costs, seconds_per_label=3.0, minutes_per_line=2.0):
    return [sum(c[1] * seconds_per_label / 60 + c[2] * minutes_per_line + c[3] for c in costs)] * len(costs)
