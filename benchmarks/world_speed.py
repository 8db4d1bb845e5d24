"""Annotated scenes a second, beside a plain Pillow loop in turn with it.

python benchmarks/world_speed.py [--rounds 7]

The plain loop resizes, turns and pastes every drawing with Pillow. It makes neither masks nor boxes, which ours does.
Both choose the same scenes and write the same captions, which takes some 30 µs of each.

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
from pathlib import Path

from floor import middle, share_of_copying

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from course_lib.figures import Figure
from course_lib.world.measure import annotated_scene, naive_scene

SCENES = 500  # a turn
MAKERS = {"ours": annotated_scene, "pillow": naive_scene}


def figures(rounds: int = 7) -> list[Figure]:
    """Both speeds, the ratio, and the share of the floor: the bytes of pictures and masks, as fast as memory is copied."""
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
    ratios = [ours / theirs for ours, theirs in zip(rates["ours"], rates["pillow"], strict=True)]
    found.append(middle("bench.scenes.ratio", ratios, "times", bar=5, note="with masks and boxes, to Pillow without"))
    _, picture, _ = annotated_scene(0, rng)
    moved = picture.image.nbytes + picture.instances.nbytes + picture.boxes.nbytes
    return [*found, share_of_copying("scenes", moved, 1 / statistics.median(rates["ours"]))]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Scenes a second beside a plain Pillow loop.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
