"""What one step of training shows: pictures and captions chosen so that only looking closely can tell them apart.

In a batch of random scenes, place and colour alone give every picture away, so the model never learns shapes and
retrieval looks perfect all the same. These batches close that shortcut: close-ups show no class twice, captions often
leave out colour, size and place, and painted things come in several colours each.
"""

import random
from dataclasses import dataclass
from functools import cache

import numpy as np

from course_lib.world.backdrops import BACKDROPS
from course_lib.world.language import caption
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene
from course_lib.world.splits import held_out_colour
from course_lib.world.stickers import COLOURS, classes

CLOSE_UP = 32  # pixels: a window of the 64-pixel scene, a quarter of the work


@dataclass(frozen=True)
class PictureBatch:
    """Pictures with their captions, before torch sees them."""

    images: np.ndarray  # uint8 [B, S, S, 3]
    captions: list[str]
    names: list[str]  # of each picture's first thing
    keep_hue: np.ndarray  # bool [B]: the caption names a colour
    keep_place: np.ndarray  # bool [B]: the picture has more than one thing, whose places may be told


@cache
def base_names() -> tuple[str, ...]:
    """The 160 class names that training may see."""
    return tuple(c.name for c in classes() if c.split == "base")


@cache
def painted_pairs() -> tuple[tuple[str, str], ...]:
    """(class, colour) for every pair that training may see."""
    names = [c.name for c in classes() if c.split == "base" and c.recolourable]
    return tuple((name, colour) for name in names for colour in COLOURS if not held_out_colour(name, colour))


def close_ups(step: int, batch_size: int, seed: int = 0, distinct: bool = True, sparing: bool = True) -> PictureBatch:
    """`batch_size` close-ups, one thing each.

    distinct: no class comes twice. sparing: the captions say little more than the name. Without either the shortcut is open:
    batches of anything, captions that always say size, colour and place.
    """
    rng = random.Random(f"close-ups/{seed}/{step}")
    names = rng.sample(base_names(), batch_size) if distinct else rng.choices(base_names(), k=batch_size)
    scenes = [make_scene(step * batch_size + i, SceneSpec(names=(name,)), seed) for i, name in enumerate(names)]
    said = {"attributes": 0.5, "place": 0.1} if sparing else {}
    return _batch(scenes, [caption(scene, rng, **said) for scene in scenes], rng)


def painted(step: int, batch_size: int, seed: int = 0) -> PictureBatch:
    """`batch_size` different pairs of class and colour, close up: here the colour must be read, and the class too."""
    rng = random.Random(f"painted/{seed}/{step}")
    pairs = rng.sample(painted_pairs(), batch_size)
    specs = [SceneSpec(names=(name,), colour=colour) for name, colour in pairs]
    scenes = [make_scene(step * batch_size + i, spec, seed + 1) for i, spec in enumerate(specs)]
    return _batch(scenes, [caption(scene, rng, place=0.1) for scene in scenes], rng)


def singles(step: int, batch_size: int, seed: int = 0) -> PictureBatch:
    """Whole scenes with one thing each, all of different classes."""
    rng = random.Random(f"singles/{seed}/{step}")
    names = rng.sample(base_names(), batch_size)
    scenes = [make_scene(step * batch_size + i, SceneSpec(names=(name,)), seed + 2) for i, name in enumerate(names)]
    return _batch(scenes, [caption(scene, rng, attributes=0.5, place=0.3) for scene in scenes], None)


def multi_thing_scenes(step: int, batch_size: int, seed: int = 0) -> PictureBatch:
    """Whole scenes of two to four things; in every other batch all have the same backdrop."""
    rng = random.Random(f"several/{seed}/{step}")
    backdrop = rng.choice(BACKDROPS) if step % 2 else None
    spec = SceneSpec(count=(2, 4), backdrop=backdrop)
    scenes = [make_scene(step * batch_size + i, spec, seed + 3) for i in range(batch_size)]
    return _batch(scenes, [caption(scene, rng, attributes=0.6, place=0.5) for scene in scenes], None)


def _batch(scenes: list[Scene], captions: list[str], close_up_rng: random.Random | None) -> PictureBatch:
    """Render the scenes, whole or (given an rng for the framing) as close-ups."""
    pictures = [render(scene) for scene in scenes]
    if close_up_rng:
        images = [_window(p.image, p.boxes[0], close_up_rng) for p in pictures]
    else:
        images = [p.image for p in pictures]
    named = [any(t.colour and t.colour in text for t in s.things) for s, text in zip(scenes, captions, strict=True)]
    several = [len(scene.things) > 1 for scene in scenes]
    names = [scene.things[0].name for scene in scenes]
    return PictureBatch(np.stack(images), captions, names, np.array(named), np.array(several))


def _window(image: np.ndarray, box: np.ndarray, rng: random.Random) -> np.ndarray:
    """A 32 × 32 window around the thing, not quite centred: uint8 [64, 64, 3] → [32, 32, 3]."""
    x0, y0, x1, y1 = (int(edge) for edge in box)
    left = (x0 + x1) // 2 - CLOSE_UP // 2 + rng.randint(-5, 5)
    top = (y0 + y1) // 2 - CLOSE_UP // 2 + rng.randint(-5, 5)
    room = image.shape[0] - CLOSE_UP
    left, top = min(max(left, 0), room), min(max(top, 0), room)
    return image[top : top + CLOSE_UP, left : left + CLOSE_UP]
