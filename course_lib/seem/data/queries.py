"""What can be asked about a scene: which thing, in which way, in which words."""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.seem.data.strokes import drawn, hasty
from course_lib.world.language import phrase
from course_lib.world.nouns import article
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import classes

SEEN = 12  # pixels of a thing that must be visible for somebody to ask for it
SHARES = {
    "click": 0.2,
    "scribble": 0.1,
    "box": 0.12,
    "polygon": 0.06,
    "text": 0.29,
    "absent": 0.05,
    "reference": 0.1,
    "both": 0.08,
}


@dataclass
class Ask:
    """One question about a picture, and its true answer."""

    way: str  # a key of SHARES
    target: np.ndarray  # bool [S, S]; nothing of it is True when there is no such thing
    name: str  # class of the target, "" if there is none
    text: str = ""
    positive: np.ndarray | None = None  # what was drawn, bool [S, S]
    reference: tuple[np.ndarray, np.ndarray] | None = (
        None  # another picture uint8 [S, S, 3] and a mask bool [S, S] on it
    )


@cache
def stickers() -> tuple[str, ...]:
    """The stickers that training may see."""
    return tuple(c.name for c in classes() if c.split == "base")


@cache
def class_names() -> tuple[str, ...]:
    """All names that things can have in training; a star, a ring and a diamond may be stickers or shapes."""
    return tuple(dict.fromkeys((*stickers(), *SHAPES, "sign")))


def make_asked_scene(index: int, rng: random.Random, stream: str, seed: int, twins: float = 0.3) -> Scene:
    """A scene to ask about; a share of `twins` has two things of one name, which words must tell apart."""
    if rng.random() < twins:
        twin, other = rng.sample(stickers(), 2)
        return make_scene(index, SceneSpec(stream=stream, names=(twin, twin, other)), seed)
    return make_scene(index, SceneSpec(stream=stream, count=(1, 4)), seed)


def visible(scene: Scene, instances: np.ndarray) -> list[int]:
    """Numbers of the things that can be seen well enough; instances [S, S] holds number + 1."""
    return [k for k in range(len(scene.things)) if (instances == k + 1).sum() >= SEEN]


def random_ask(scene: Scene, instances: np.ndarray, rng: random.Random, way: str) -> Ask | None:
    """A question about a random visible thing, in the given way; None where that can't be asked."""
    seen = visible(scene, instances)
    if way == "absent":
        return absent(scene, np.zeros(instances.shape, bool), rng)
    if not seen:
        return None
    k = seen[rng.randrange(len(seen))]
    thing, mask = scene.things[k], instances == k + 1
    if way == "text":
        texts = phrases(scene, k)
        return Ask(way, mask, thing.name, texts[rng.randrange(len(texts))]) if texts else None
    if way == "both":  # words that may fit several things, and a hasty click
        return Ask(way, mask, thing.name, phrase(thing, False, rng.random() < 0.5), hasty(mask, rng))
    if way == "reference":
        return by_reference(scene, k, mask, rng)
    return Ask(way, mask, thing.name, positive=drawn(way, mask, rng))


def absent(scene: Scene, nothing: np.ndarray, rng: random.Random) -> Ask:
    """Words for what is not there."""
    there = {thing.name for thing in scene.things}
    name = rng.choice([name for name in stickers() if name not in there])
    return Ask("absent", nothing, "", rng.choice((f"{article(name, name)} {name}", f"the {name}", name)))


def by_reference(scene: Scene, k: int, mask: np.ndarray, rng: random.Random) -> Ask | None:
    """The same class in another scene, with another size, tilt and style perhaps; None for what is not alone of its name."""
    name = scene.things[k].name
    if scene.things[k].kind != "sticker" or [thing.name for thing in scene.things].count(name) > 1:
        return None
    names = (name, *rng.sample(stickers(), rng.randint(0, 1)))
    other = make_scene(rng.randrange(10**9), SceneSpec(stream=scene.stream, names=names), seed=7)
    picture = render(other, len(mask))
    area = picture.instances == 1
    if not other.things or other.things[0].name != name or area.sum() < SEEN:
        return None
    return Ask("reference", mask, name, reference=(picture.image, area))


def phrases(scene: Scene, k: int) -> list[str]:
    """Phrases that mean thing k and nothing else in the scene: by name, colour, size or side."""
    thing = scene.things[k]
    name, twins = thing.name, [t for t in scene.things if t.name == thing.name and t is not thing]
    if not twins:
        return [phrase(thing, size, colour) for size in (False, True) for colour in (False, True)] + [
            f"the {name}",
            name,
        ]
    found = []
    if thing.colour and all(t.colour != thing.colour for t in twins):
        found += [phrase(thing, False, True), f"the {thing.colour} {name}", f"the {thing.colour} one"]
    if thing.size != "medium" and all(t.size != thing.size for t in twins):
        found += [f"the {thing.size} {name}", f"the {thing.size} one"]
    if len(twins) == 1 and abs(across := thing.x - twins[0].x) > 0.12:
        side = "left" if across < 0 else "right"
        found += 2 * [f"the {side} {name}", f"the {name} on the {side}"]
    if len(twins) == 1 and abs(down := thing.y - twins[0].y) > 0.2:
        found.append(f"the {'upper' if down < 0 else 'lower'} {name}")
    return found
