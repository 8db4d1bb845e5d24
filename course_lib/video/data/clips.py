"""Clips: stickers that move, appear, vanish and jump over 4 to 16 frames, with an exact log of what happens.

A clip is a function of (stream, seed, number of frames, index), as a scene is. Each of its frames is a `Scene` of its own: training
clips pass the gate of `world.splits` frame by frame. Frames are counted from 1, in the log as in the pictures.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from course_lib.world.language import PLACES, join, phrase
from course_lib.world.nouns import NUMBERS, could_be, is_plural
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, Thing, make_scene
from course_lib.world.splits import training_may_see

PLOTS = {"exchange": 2, "arrivals": 2, "turns": 2, "moves": 1, "jumps": 1}  # what happens → how many things it needs
PLOT_WEIGHTS = (0.28, 0.14, 0.14, 0.2, 0.24)
WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
OPPOSITE_WAY = {"left": "right", "right": "left", "up": "down", "down": "up"}
OPPOSITE_KIND = {"appears": "vanishes", "vanishes": "appears"}
SHIFTS = (0.3, 0.45)  # how far a thing moves, in sides of the picture
LIFT = 0.25  # how high it jumps: the height of a token, so that pooling (`model`) can't hide it
MOST_JUMPS = 3
MOST_FRAMES = 16
SCALE = 0.85  # of all widths, so that there is room to move


class Event(NamedTuple):
    """Something that happens to a thing: it first shows in `frame`, and is over in `last`."""

    frame: int  # the first frame that differs from the one before it; of a jump, the first in the air
    last: int  # the last one that does; of a jump, the first back on the ground
    kind: str  # "appears", "vanishes", "moves" or "jumps"
    thing: int  # its number in `Clip.things`
    way: str | None = None  # of a move: a key of WAYS


@dataclass(frozen=True)
class Clip:
    """Frames, all things that are ever there, and what happens to them."""

    frames: tuple[Scene, ...]
    things: tuple[Thing, ...]
    events: tuple[Event, ...]

    @property
    def backdrop(self) -> str:
        """Where all frames are."""
        return self.frames[0].backdrop

    def of(self, thing: int, *kinds: str) -> list[Event]:
        """What happens to a thing, in order; only events of these kinds, if any are given."""
        return [one for one in self.events if one.thing == thing and (not kinds or one.kind in kinds)]

    def always_there(self) -> list[int]:
        """Numbers of the things that are there in every frame."""
        return [i for i in range(len(self.things)) if not self.of(i, "appears", "vanishes")]


def make_clip(index: int, stream: str = "train", num_frames: int = 8, seed: int = 0) -> Clip:
    """Clip number `index` of a stream; drawn again until all is seen clearly and, for "train", nothing held out is in any frame."""
    if not 4 <= num_frames <= MOST_FRAMES:
        raise ValueError(f"A clip has 4 to {MOST_FRAMES} frames, not {num_frames}.")
    rng = random.Random(f"clip/{stream}/{seed}/{num_frames}/{index}")
    [plot] = rng.choices(list(PLOTS), PLOT_WEIGHTS)
    while True:
        spec = SceneSpec(stream=stream, count=(PLOTS[plot], 3), kinds=(0.88, 0.12, 0.0), scale=SCALE)
        scene = make_scene(rng.randrange(1_000_000_000), spec, seed)
        if len(scene.things) < PLOTS[plot] or not _told_apart(scene):
            continue
        events, shift = _events(rng, plot, len(scene.things), num_frames), rng.uniform(*SHIFTS)
        things = tuple(_with_room(thing, i, events, shift, rng) for i, thing in enumerate(scene.things))
        scene = replace(scene, things=things)
        frames = tuple(_frame(scene, events, t, shift) for t in range(1, num_frames + 1))
        if all(_is_clear(one) and (stream != "train" or training_may_see(one)) for one in frames):
            return Clip(frames, things, events)


def mirror_events(events: Sequence[Event], num_frames: int) -> list[Event]:
    """The log of the same frames played backwards, sorted by frame: what appeared vanishes, what moved left moves right.

    A change between frames t − 1 and t shows in frame t. Backwards, frame t comes as number T + 1 − t and frame t − 1 right after
    it: the change shows in frame T + 2 − t. What ended an event begins it now.
    """
    mirrored = [
        Event(
            num_frames + 2 - event.last,
            num_frames + 2 - event.frame,
            OPPOSITE_KIND.get(event.kind, event.kind),
            event.thing,
            OPPOSITE_WAY.get(event.way),
        )
        for event in events
    ]
    return sorted(mirrored, key=lambda event: event.frame)


def mirror(clip: Clip) -> Clip:
    """The clip played backwards."""
    return Clip(clip.frames[::-1], clip.things, tuple(mirror_events(clip.events, len(clip.frames))))


def render_clip(clip: Clip, size: int = 64) -> np.ndarray:
    """The frames as uint8 [T, size, size, 3]."""
    return np.stack([render(frame, size).image for frame in clip.frames])


def caption(clip: Clip) -> str:
    """One true sentence that names every thing: "a red car moves left, then a frog jumps two times beside a tree in a meadow"."""
    happens = {}  # a thing's jumps are said once
    for event in clip.events:
        happens.setdefault((event.thing, event.kind), f"{_said(clip, event.thing)} {event.kind}{_detail(clip, event)}")
    still = [_said(clip, i) for i in range(len(clip.things)) if not clip.of(i)]
    beside = f" beside {join(still)}" if still else ""
    return f"{', then '.join(happens.values())}{beside} {PLACES[clip.backdrop]}"


def _detail(clip: Clip, event: Event) -> str:
    if event.kind == "jumps":
        jumps = len(clip.of(event.thing, "jumps"))
        return f" {NUMBERS[jumps]} time{'s' if jumps > 1 else ''}"
    return f" {event.way}" if event.way else ""


def log(clip: Clip) -> str:
    """All that happens, frame by frame: "in a meadow: a red car. frame 3: a dog appears. frame 5: the car moves left."."""
    there = [_said(clip, i) for i in range(len(clip.things)) if not clip.of(i, "appears")]
    lines = [f"{PLACES[clip.backdrop]}: {join(there) if there else 'nothing'}."]
    for event in clip.events:
        who = _said(clip, event.thing) if event.kind == "appears" else f"the {clip.things[event.thing].name}"
        lines.append(f"frame {event.frame}: {who} {event.kind}{f' {event.way}' if event.way else ''}.")
    return " ".join(lines)


def _said(clip: Clip, thing: int) -> str:
    return phrase(clip.things[thing], size=False)


def _told_apart(scene: Scene) -> bool:
    """Can every thing be named without a doubt, by a noun that takes a verb in the singular?"""
    names = [thing.name for thing in scene.things]
    alone = all(sum(other in could_be(name) for other in names) == 1 for name in names)
    return alone and not any(map(is_plural, names))


def _events(rng: random.Random, plot: str, num_things: int, num_frames: int) -> tuple[Event, ...]:
    """What happens to which of the things, in order."""
    first, second, *_ = [*rng.sample(range(num_things), num_things), None]
    half = num_frames // 2
    if plot in ("exchange", "arrivals"):
        changes = range(2, num_frames + 1)
        pairs = [(a, b) for a in changes for b in changes if abs(a - b) >= num_frames // 4]
        kind = rng.choice(list(OPPOSITE_KIND))
        kinds = (kind, OPPOSITE_KIND[kind] if plot == "exchange" else kind)
        frames = rng.choice(pairs)
        events = [Event(t, t, kind, i) for t, kind, i in zip(frames, kinds, (first, second), strict=True)]
    elif plot == "turns":
        slack = num_frames // 8
        spans = [(2 + rng.randint(0, slack), half), (half + 1 + rng.randint(0, slack), num_frames)]
        events = [
            Event(*span, "moves", i, rng.choice(list(WAYS))) for span, i in zip(spans, (first, second), strict=True)
        ]
    else:
        events = []
        if plot == "moves":
            span = 2 + rng.randint(0, num_frames // 8), num_frames - rng.randint(0, num_frames // 4)
            events.append(Event(*span, "moves", first, rng.choice(list(WAYS))))
            first = second
        if first is not None and (plot == "jumps" or rng.random() < 0.5):
            events += [Event(*span, "jumps", first) for span in _jumps(rng, num_frames)]
    return tuple(sorted(events, key=lambda event: event.frame))


def _jumps(rng: random.Random, num_frames: int) -> list[tuple[int, int]]:
    """(first frame in the air, first one back on the ground) of each jump.

    A thing is in the air in 3 of 8 frames, however often it jumps: who only counts those frames doesn't know how many jumps there were.
    """
    in_air = max(1, 3 * num_frames // 8)
    jumps = rng.randint(1, min(MOST_JUMPS, in_air))
    while True:
        air = sorted(rng.sample(range(2, num_frames), in_air))  # neither in the first frame nor in the last
        starts = [t for t in air if t - 1 not in air]
        if len(starts) == jumps:
            return [(t, next(end for end in range(t, num_frames + 1) if end not in air)) for t in starts]


def _with_room(thing: Thing, number: int, events: Sequence[Event], shift: float, rng: random.Random) -> Thing:
    """The thing where it can do all that it does without leaving the picture."""
    dx = dy = up = 0.0
    for event in events:
        if event.thing == number and event.kind == "moves":
            dx, dy = (shift * part for part in WAYS[event.way])
        if event.thing == number and event.kind == "jumps":
            up = LIFT
    if not (dx or dy or up):
        return thing
    half = thing.width / 2
    low_x, high_x = half + max(0.0, -dx), 1 - half - max(0.0, dx)
    low_y, high_y = half + max(0.0, -dy, up), 1 - half - max(0.0, dy)
    return replace(thing, x=rng.uniform(low_x, high_x), y=rng.uniform(low_y, high_y))


def _frame(scene: Scene, events: Sequence[Event], frame: int, shift: float) -> Scene:
    """The scene as it is in this frame."""
    things = []
    for number, thing in enumerate(scene.things):
        there = True
        for event in events:
            if event.thing != number:
                continue
            if event.kind == "moves":
                gone = min(max((frame - event.frame + 1) / (event.last - event.frame + 1), 0.0), 1.0)
                dx, dy = (shift * gone * part for part in WAYS[event.way])
                thing = replace(thing, x=thing.x + dx, y=thing.y + dy)
            elif event.kind == "jumps" and event.frame <= frame < event.last:
                thing = replace(thing, y=thing.y - LIFT)
            elif (event.kind == "appears") == (frame < event.frame) and event.kind in OPPOSITE_KIND:
                there = False
        if there:
            things.append(thing)
    return replace(scene, things=tuple(things))


def _is_clear(frame: Scene) -> bool:
    """No thing hides more than a corner of another."""
    things = frame.things
    for i, a in enumerate(things):
        for b in things[:i]:
            reach = (a.width + b.width) / 2
            across, along = reach - abs(a.x - b.x), reach - abs(a.y - b.y)
            if min(across, along) > 0.2 * min(a.width, b.width):
                return False
    return True
