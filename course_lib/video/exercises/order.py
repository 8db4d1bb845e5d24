"""Exercises of Lesson 14: a clip played backwards, and one without order."""

import torch
from torch import Tensor

from course_lib.checker.task import Mistake, Task
from course_lib.llava.exercises.lora import normal
from course_lib.video.data.clips import OPPOSITE_KIND, OPPOSITE_WAY, WAYS, Event, mirror_events
from course_lib.video.evaluate.controls import shuffle_frames

LENGTHS = (8, 5, 16, 11)  # frames
NUM_EVENTS = (3, 1, 4, 2, 0)
KINDS = ("moves", "appears", "jumps", "vanishes")
SIZES = ((2, 4), (3, 3), (1, 5), (4, 2))  # clips, frames


def mirror_inputs(rng) -> tuple[list[Event], int]:
    """A log sorted by frame, in which no two events begin or end in one frame, and the number of frames."""
    num_frames, count = rng.in_turn(LENGTHS), rng.in_turn(NUM_EVENTS)
    count = min(count, (num_frames - 1) // 2)
    starts = sorted(rng.permutation(range(2, num_frames))[:count].tolist())
    lasts = rng.permutation(range(2, num_frames + 1)).tolist()
    events = []
    for thing, start in enumerate(starts):
        kind = rng.in_turn(KINDS)
        later = [frame for frame in lasts if frame > start or (frame == start and kind in OPPOSITE_KIND)]
        last = start if kind in OPPOSITE_KIND and start in lasts else (later or [start])[0]
        if last in lasts:
            lasts.remove(last)
            way = rng.in_turn(tuple(WAYS)) if kind == "moves" else None
            events.append(Event(start, last, kind, thing, way))
    return events, num_frames


def _changed(events, num_frames, change) -> list[Event]:
    """`change` of every event, sorted by frame."""
    return sorted((change(event, num_frames + 2) for event in events), key=lambda event: event.frame)


def _turned(event, total) -> Event:
    kind, way = OPPOSITE_KIND.get(event.kind, event.kind), OPPOSITE_WAY.get(event.way)
    return Event(total - event.last, total - event.frame, kind, event.thing, way)


def mirror_one_early(events, num_frames):
    return mirror_events(events, num_frames - 1)


def mirror_ends_kept(events, num_frames):
    return _changed(
        events, num_frames, lambda e, total: _turned(e, total)._replace(frame=total - e.frame, last=total - e.last)
    )


def mirror_kinds_kept(events, num_frames):
    return _changed(events, num_frames, lambda e, total: _turned(e, total)._replace(kind=e.kind))


def mirror_ways_kept(events, num_frames):
    return _changed(events, num_frames, lambda e, total: _turned(e, total)._replace(way=e.way))


def mirror_not_sorted(events, num_frames):
    return [_turned(event, num_frames + 2) for event in events]


def mirror_times_kept(events, num_frames):
    return [_turned(e, 0)._replace(frame=e.frame, last=e.last) for e in events]


def mirror_by_loop(events, num_frames):
    flipped = {
        "appears": "vanishes",
        "vanishes": "appears",
        "left": "right",
        "right": "left",
        "up": "down",
        "down": "up",
    }
    rows = []
    for frame, last, kind, thing, way in events:
        begin, end = num_frames - (last - 2), num_frames - (frame - 2)
        rows.append((begin, end, flipped.get(kind, kind), thing, flipped.get(way)))
    rows.sort(key=lambda row: row[0])
    return [Event(*row) for row in rows]


def mirror_by_last(events, num_frames):
    return [_turned(event, num_frames + 2) for event in sorted(events, key=lambda event: -event.last)]


def shuffle_inputs(rng) -> tuple[Tensor, Tensor]:
    """Clips [B, T, N, W] and keys [B, T], no two alike."""
    clips, frames = rng.in_turn(SIZES)
    sizes = int(rng.integers(3, 5)), int(rng.integers(5, 7))
    keys = torch.from_numpy(rng.permutation(clips * frames)).reshape(clips, frames) / (clips * frames)
    return normal(rng, clips, frames, *sizes), keys


def shuffle_alike(frames, keys):
    return frames[:, keys[0].argsort()]


def shuffle_inverse(frames, keys):
    return shuffle_frames(frames, keys.argsort(dim=1).float())


def shuffle_backwards(frames, keys):
    return frames.flip(1)


def shuffle_patches(frames, keys):
    count = frames.shape[2]
    order = keys.repeat(1, count)[:, :count].argsort(dim=1)
    return frames.gather(2, order[:, None, :, None].expand_as(frames))


def shuffle_with_replacement(frames, keys):
    place = (keys * frames.shape[1]).long()
    return frames.gather(1, place[:, :, None, None].expand_as(frames))


def shuffle_by_loop(frames, keys):
    return torch.stack([clip[key.argsort()] for clip, key in zip(frames, keys, strict=True)])


def shuffle_by_index(frames, keys):
    return frames[torch.arange(len(frames))[:, None], torch.sort(keys, dim=1).indices]


TASKS = [
    Task(
        id="video.mirror_events",
        title="The log of a clip played backwards",
        difficulty=3,
        importance=5,
        minutes=15,
        reference=mirror_events,
        used_at=("video.data.clips:mirror_events",),
        make_inputs=mirror_inputs,
        draws=40,
        mistakes=(
            Mistake(
                "one frame early",
                mirror_one_early,
                "Every frame is one too early. An event lies *between* two frames, and shows in the later one; backwards that is the other of the two: T + 2 − t, not T + 1 − t.",
            ),
            Mistake(
                "begins where it began",
                mirror_ends_kept,
                "`frame` and `last` are exchanged: what ended an event begins it now, so the new `frame` comes from the old `last`.",
            ),
            Mistake(
                "kinds kept",
                mirror_kinds_kept,
                "What appears still appears. Backwards it is there first, and then it is not: it vanishes.",
            ),
            Mistake(
                "ways kept",
                mirror_ways_kept,
                "Frames are turned round, but what moved left still moves left. Backwards it moves right.",
            ),
            Mistake(
                "not sorted",
                mirror_not_sorted,
                "The events still stand in their old order. A log is sorted by `frame`: what came last comes first now.",
            ),
            Mistake(
                "frames kept",
                mirror_times_kept,
                "Kinds and ways are turned round, but everything happens when it happened before. Compute the new frames.",
            ),
        ),
        alternatives=(mirror_by_loop, mirror_by_last),
        hints=(
            "Draw four frames, and let something appear in frame 2. In which frame does it vanish when you go backwards?",
            "$\\text{frame}' = T + 2 - \\text{last}$, $\\text{last}' = T + 2 - \\text{frame}$; appears ↔ vanishes, left ↔ right, up ↔ down.",
            "```python\nmirrored = [\n    Event(num_frames + 2 - event.last, ..., OPPOSITE_KIND.get(event.kind, event.kind), event.thing, ...)\n    for event in events\n]\nreturn sorted(mirrored, key=...)\n```",
        ),
    ),
    Task(
        id="video.shuffle_frames",
        title="The control: frames in any order",
        difficulty=2,
        importance=5,
        minutes=8,
        reference=shuffle_frames,
        used_at=("video.evaluate.controls:shuffle_frames",),
        make_inputs=shuffle_inputs,
        draws=12,
        mistakes=(
            Mistake(
                "one order for all",
                shuffle_alike,
                "All clips got the order of the first one. Each has keys of its own: one fixed order could be learned.",
            ),
            Mistake(
                "the inverse order",
                shuffle_inverse,
                "The frames are sent to the places that `argsort` names. It names, for each place, the frame that comes there: gather, don't scatter.",
            ),
            Mistake(
                "backwards",
                shuffle_backwards,
                "The frames are reversed, whatever the keys. Backwards is an order, too, and a model may know it.",
            ),
            Mistake(
                "patches shuffled",
                shuffle_patches,
                "Patches change places within their frame. Static questions would suffer, too; only the frames may move.",
            ),
            Mistake(
                "with replacement",
                shuffle_with_replacement,
                "Some frames come twice, others not at all. Every frame must be there once, or more is lost than order.",
            ),
        ),
        alternatives=(shuffle_by_loop, shuffle_by_index),
        hints=(
            "Sort the keys, and let the frames follow them.",
            "$o_{b} = \\text{argsort}(k_b)$, and frame $t$ of the result is frame $o_{bt}$ of clip $b$.",
            "```python\norder = keys.argsort(dim=1)\nreturn frames.gather(1, order[:, :, None, None].expand_as(...))\n```",
        ),
    ),
]
