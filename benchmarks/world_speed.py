"""Annotated scenes a second, beside three plain Pillow loops in turn with it.

python benchmarks/world_speed.py [--rounds 7]

The loops turn, resize and lay every drawing with Pillow, anew in every scene, where ours copies what it has resampled once. All
choose the same scenes and write the same captions, which takes some 30 µs of each. What the loops do not make: masks, boxes,
shadows, rims at night, mirrored and recoloured things; for a shape or a sign they lay any drawing. The three loops:

    pillow               naive Pillow, which the bar of 5 is about: turned at full size, then resized; each drawing on a
                         transparent layer as large as the picture, which alpha_composite lays over it
    pillow_paste         the usual idiom: the same drawings, by picture.paste(drawing, corner, drawing). Its pictures are the
                         naive ones
    pillow_resize_first  the same paste, resized before it is turned: fewer pixels to turn

The first two squeeze a turned drawing, with the room for its corners, into the thing's width, so that what is tilted comes out
smaller than ours. The third keeps the width and is the closest to ours, whose pixels are filtered once (turned and shrunk by
the same bilinear reads), and the loops' twice (bicubic, once for each).

Where ours spends its time: a scene of 2.2 things is some 100 calls of numpy on arrays of a few hundred bytes, each 1 to 4 µs, so
that it comes nowhere near the rate of copying. Microseconds of one core to draw a scene, the same bytes each time:

    81  before
    67  pixels are blended in an array without gaps between its rows (shifting the picture's own took three times as
        long), factors are repeated flat, boxes are searched as bytes, rims are padded by hand
    62  a box is searched only where something lies over the thing, or the edge cuts it off

Tried and left out: factors and colours stored ready for use (three times the memory of the sprite bank, which holds 300 MB),
mirrored sprites stored too (twice the memory, for 2 µs).
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from floor import middle, share_of_copying
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.figures import Figure
from course_lib.world.backdrops import backdrop
from course_lib.world.evaluate import annotated_scene, corner, drawing_of, naive_scene, turned
from course_lib.world.language import caption
from course_lib.world.scenes import Scene, make_scene

SCENES = 500  # a turn


def pasted_render(scene: Scene, size: int = 64) -> Image.Image:
    """The same pictures, quicker: each drawing goes straight onto the picture, through its own alpha."""
    picture = Image.fromarray(backdrop(scene.backdrop, scene.variant, size))
    for thing in scene.things:
        side = round(thing.width * size)
        drawing = turned(drawing_of(thing), thing.tilt).resize((side, side))
        picture.paste(drawing, corner(thing, drawing, size), drawing)
    return picture


def resized_first_render(scene: Scene, size: int = 64) -> Image.Image:
    """Quicker still: fewer pixels are left to turn. What is tilted keeps its width here."""
    picture = Image.fromarray(backdrop(scene.backdrop, scene.variant, size))
    for thing in scene.things:
        side = round(thing.width * size)
        drawing = turned(drawing_of(thing).resize((side, side)), thing.tilt)
        picture.paste(drawing, corner(thing, drawing, size), drawing)
    return picture


def pillow_scene(
    draw: Callable[[Scene], Image.Image], index: int, rng: random.Random
) -> tuple[Scene, Image.Image, str]:
    """A scene with its caption, drawn by one of the loops."""
    scene = make_scene(index)
    return scene, draw(scene), caption(scene, rng)


MAKERS = {
    "ours": annotated_scene,
    "pillow": naive_scene,
    "pillow_paste": partial(pillow_scene, pasted_render),
    "pillow_resize_first": partial(pillow_scene, resized_first_render),
}
RATIOS = {  # figure → (maker, what else is said of it)
    "ratio": ("pillow", {"bar": 5, "note": "with masks and boxes, to naive Pillow without"}),
    "ratio_paste": ("pillow_paste", {"note": "with masks and boxes, to Pillow's paste without"}),
    "ratio_resize_first": ("pillow_resize_first", {"note": "the same, drawings resized before they are turned"}),
}


def figures(rounds: int = 7) -> list[Figure]:
    """All speeds, the ratios, and the share of the floor: the bytes of pictures and masks, as fast as memory is copied."""
    rates: dict[str, list[float]] = {name: [] for name in MAKERS}
    rng = random.Random(0)
    for number in range(rounds + 1):
        for name, make in MAKERS.items():
            begun = time.perf_counter()
            for index in range(SCENES):
                make(index, rng)
            if number:  # the first round fills the sprite bank
                rates[name].append(SCENES / (time.perf_counter() - begun))
    found = [middle(f"bench.scenes.{name}", rate, "scenes/s", 0) for name, rate in rates.items()]
    for figure, (peer, company) in RATIOS.items():
        ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates[peer], strict=True)]
        found.append(middle(f"bench.scenes.{figure}", ratios, "times", **company))
    _, picture, _ = annotated_scene(0, rng)
    moved = picture.image.nbytes + picture.instances.nbytes + picture.boxes.nbytes
    return [*found, share_of_copying("scenes", moved, 1 / statistics.median(rates["ours"]))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Scenes a second beside plain Pillow loops.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
