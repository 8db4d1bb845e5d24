"""Does grounding cost picture quality? Distances to real pictures, as CLIP sees them, for every share of grounded steps."""

from collections.abc import Iterator

from torch import Tensor

from course_lib.clip.pixels import to_tensor
from course_lib.figures import Figure
from course_lib.gligen.batches import pictures
from course_lib.gligen.detector import Detector
from course_lib.gligen.fidelity import distance, features, ratio_interval
from course_lib.gligen.measure_boxes import draw, score
from course_lib.gligen.model import Generator
from course_lib.gligen.testsets import TestSet
from course_lib.gligen.world import draw_scene

OTHERS = 512  # real pictures that the drawn ones are compared with
FROM = 100_000  # their first number: far from those of the layouts
SHARES = (0.25, 0.5)  # of the steps, for the sweep between 0 (the base) and 1
UNIT = "MMD² × 1000"
BAR = 1.15


def real_features(things: tuple[int, int] = (1, 2)) -> Tensor:
    """Of other real pictures of the same stream [OTHERS, 128]."""
    return features(to_tensor(pictures([draw_scene(FROM + i, "test", things) for i in range(OTHERS)])))


def fidelity(drawn: dict[str, Tensor]) -> Iterator[Figure]:
    """Distances of grounded, base and real pictures of the same layouts from other real ones, and the first two's ratio."""
    others, found = real_features(), {name: features(images) for name, images in drawn.items()}
    floor = round(distance(found["ceiling"], others), 2)
    for name, where in (("grounded", "grounded"), ("base", "no_boxes"), ("real", "ceiling")):
        value = round(distance(found[where], others), 2)
        note = f"{len(others)} other real pictures; baseline: real pictures"
        yield Figure(f"gligen.distance.{name}", value, n=len(found[where]), baseline=floor, unit=UNIT, note=note)
    ratio = (round(x, 3) for x in ratio_interval(found["grounded"], found["no_boxes"], others))
    note = "distance of grounded pictures / of the base's"
    yield Figure("gligen.fidelity_ratio", *ratio, n=len(found["grounded"]), bar=BAR, unit="times", note=note)


def sweep(model: Generator, judge_net: Detector, tests: TestSet, drawn: dict[str, Tensor]) -> Iterator[Figure]:
    """Obedience and distance by the share of the steps in which boxes are heard."""
    others = real_features()
    shares = {0.0: drawn["no_boxes"], **{on: draw(model, tests, on=on) for on in SHARES}, 1.0: drawn["grounded"]}
    for on, images in shares.items():
        n, note = len(images), f"boxes heard in {on:.0%} of the steps"
        yield Figure(f"gligen.ap50.on_{on:g}", round(score(judge_net, images, tests).ap50, 4), n=n, note=note)
        value = round(distance(features(images), others), 2)
        yield Figure(f"gligen.distance.on_{on:g}", value, n=n, unit=UNIT, note=note)
