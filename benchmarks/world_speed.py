"""Annotated scenes a second, beside a plain Pillow loop that takes turns with ours; and what writing the bytes alone would take.

python benchmarks/world_speed.py [--rounds 7]
"""

import argparse
import random
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from floor import copied

from course_lib.figures import Figure
from course_lib.world.measure import annotated_scene, naive_scene
from course_lib.world.render import render
from course_lib.world.scenes import make_scene

SCENES = 1000  # a turn
MAKERS = {"ours": annotated_scene, "pillow": naive_scene}


def figures(rounds: int = 7) -> list[Figure]:
    """Rates, the ratio, and the share of the floor."""
    rates: dict[str, list[float]] = {name: [] for name in MAKERS}
    for number in range(rounds + 1):
        for name, make in MAKERS.items():
            rng, begun = random.Random(0), time.perf_counter()
            for index in range(SCENES):
                make(index, rng)
            if number:  # the first round fills the sprite bank
                rates[name].append(SCENES / (time.perf_counter() - begun))
    found = [
        Figure(f"bench.scenes.{name}", *(round(of(rate)) for of in (statistics.median, min, max)), rounds, unit="1/s")
        for name, rate in rates.items()
    ]
    ratios = [ours / theirs for ours, theirs in zip(*rates.values(), strict=True)]
    speed = (round(of(ratios), 2) for of in (statistics.median, min, max))
    note = "ours has masks and boxes, too; both make scene and caption"
    picture = render(make_scene(0))
    written = picture.image.nbytes + picture.instances.nbytes + picture.boxes.nbytes
    part = round(written / copied()[0] * statistics.median(rates["ours"]), 4)
    return [
        *found,
        Figure("bench.scenes.ratio", *speed, rounds, bar=5, unit="times", note=note),
        Figure("bench.scenes.share_of_floor", part, note=f"{written:,} bytes a scene, at the rate of copying"),
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Annotated scenes a second beside plain Pillow.")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each (default 7)")
    for figure in figures(parser.parse_args().rounds):
        print(figure.to_json())
