"""The proofs of the world: it is quick, and training never sees what is held out."""

import random
import time
from collections.abc import Callable, Iterator

from PIL import Image

from course_lib.figures import Figure
from course_lib.world.backdrops import backdrop
from course_lib.world.language import caption
from course_lib.world.render import render
from course_lib.world.scenes import Scene, Thing, make_scene
from course_lib.world.splits import training_may_see
from course_lib.world.sprites import sheet

SCENES, NAIVE_SCENES, ROUNDS = 3000, 600, 5


def figures(live: bool = False, atlas: str | None = None) -> Iterator[Figure]:
    """Speed beside a plain Pillow loop on the same scenes, and the share of training scenes that hold something held out."""
    yield Figure(
        "world.scenes_per_s",
        round(scenes_per_second(annotated_scene, SCENES)),
        n=SCENES * ROUNDS,
        baseline=round(scenes_per_second(naive_scene, NAIVE_SCENES)),
        bar=2000,
        unit="scenes/s",
        note="64 px, caption, masks and boxes, one core, warm; baseline: Pillow resizing and pasting every sticker",
    )
    leaks = sum(not training_may_see(make_scene(index)) for index in range(5000))
    yield Figure("world.held_out_leaks", leaks / 5000, n=5000, bar=0.0)


def scenes_per_second(make: Callable[[int, random.Random], object], n: int) -> float:
    """The median of five rounds, after one that fills the sprite bank."""
    rng = random.Random(0)
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        for index in range(n):
            make(index, rng)
        times.append(time.perf_counter() - start)
    return n / sorted(times[1:])[ROUNDS // 2]


def annotated_scene(index: int, rng: random.Random) -> tuple:
    """A scene with all that belongs to it: pixels, instance mask, boxes, caption."""
    scene = make_scene(index)
    return scene, render(scene), caption(scene, rng)


def naive_render(scene: Scene, size: int = 64) -> Image.Image:
    """Stickers laid over the picture one by one, each on a layer of its own; shapes and signs are any drawing of the sheet."""
    picture = Image.fromarray(backdrop(scene.backdrop, scene.variant, size)).convert("RGBA")
    for thing in scene.things:
        side = round(thing.width * size)
        drawing = turned(drawing_of(thing), thing.tilt).resize((side, side))
        layer = Image.new("RGBA", picture.size)
        layer.paste(drawing, corner(thing, drawing, size))
        picture = Image.alpha_composite(picture, layer)
    return picture.convert("RGB")


def drawing_of(thing: Thing) -> Image.Image:
    """A drawing of the sheet."""
    return Image.fromarray(sheet(thing.style)[max(thing.drawing, 0)])


def turned(drawing: Image.Image, tilt: int) -> Image.Image:
    """The drawing, turned clockwise, which is backwards for Pillow, with room for its corners."""
    return drawing.rotate(-tilt, Image.Resampling.BICUBIC, expand=True)


def corner(thing: Thing, drawing: Image.Image, size: int) -> tuple[int, int]:
    """Where (x, y) its upper left corner lies, so that its middle lies where the thing is."""
    return round(thing.x * size) - drawing.width // 2, round(thing.y * size) - drawing.height // 2


def naive_scene(index: int, rng: random.Random) -> tuple[Scene, Image.Image, str]:
    """The same scene as one would first write it: turn, resize and lay each drawing with Pillow. No masks, no boxes."""
    scene = make_scene(index)
    return scene, naive_render(scene), caption(scene, rng)
