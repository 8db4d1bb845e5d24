"""How often the real tools err, beside how often their imagined twins of training do."""

import random
from collections.abc import Iterator

import numpy as np

from course_lib.agents.data import imagined
from course_lib.agents.data.requests import KINDS, SEED, part
from course_lib.agents.manual import MIN_SURE, to_cells
from course_lib.figures import Figure, share
from course_lib.session import few
from course_lib.specialists.tools import TOOLS
from course_lib.world.geometry import overlap
from course_lib.world.render import render
from course_lib.world.scenes import Scene, SceneSpec, make_scene

MIN_SHARED = 0.3  # of a mask's box with the true one
IMAGINED = {
    "find_missed": imagined.MISSED,
    "find_renamed": imagined.RENAMED,
    "find_shifted": imagined.SHIFTED,
    "mask": imagined.MISSED,
    "place": imagined.WRONG,
    "read": imagined.WRONG,
}


def tool_figures(count: int = 50, stream: str = "test") -> Iterator[Figure]:
    """Errors of six tools on scenes as requests are about; those of `draw` stand beside the retries."""
    rng, errors = random.Random("agents/tools"), {}
    for index in range(few(count)):
        scene = make_scene(index, SceneSpec(stream, (2, 4), kinds=KINDS), SEED)
        for name, wrong in errors_in(scene, render(scene).image, rng):
            errors.setdefault(name, []).append(wrong)
    for name, wrong in errors.items():
        note = "share of errors; baseline: of the imagined tool" if name in IMAGINED else "share of errors"
        yield share(f"agents.tool.{name}", wrong, baseline=IMAGINED.get(name), note=note)


def errors_in(scene: Scene, image: np.ndarray, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """(name of an error, was it made?), wherever a tool could have made it on this picture, uint8 [64, 64, 3]."""
    things = imagined.Imagined(scene, rng).things
    found = TOOLS["find"](image)
    boxes = {one["name"]: one["box"] for one in reversed(found)}
    for name, box in things:
        yield "find_missed", name not in boxes
        if name in boxes:
            yield from (("find_shifted", a != b) for a, b in zip(to_cells(boxes[name]), to_cells(box), strict=True))
        seen = TOOLS["mask"](image, phrase=f"a {name}")
        yield "mask", seen["score"] < MIN_SURE or overlap(seen["box"], box) < MIN_SHARED
    yield from (("find_renamed", one["name"] not in dict(things)) for one in found)
    yield "place", TOOLS["place"](image) != scene.backdrop
    yield "read", TOOLS["read"](image) != next((thing.text for thing in scene.things if thing.text), "")
    yield from _answers_wrong(scene, image, rng)


def _answers_wrong(scene: Scene, image: np.ndarray, rng: random.Random) -> Iterator[tuple[str, bool]]:
    """Of the two tools that take a question: LLaVA's colours, and what CLIP chooses."""
    kinds = part(scene, rng, "test")
    for kind, name in (("colour", "ask"), ("which", "choose")):
        if kind in kinds:
            _, make_plan, truth = kinds[kind]
            _, tool, arguments = next(make_plan())
            yield name, TOOLS[tool](image, **arguments) != truth
