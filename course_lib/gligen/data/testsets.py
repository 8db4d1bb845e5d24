"""What the generator is asked for in its proofs: captions and boxes of test scenes, and the controls that must fail."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen.data.layouts import Asked, true_boxes
from course_lib.gligen.data.scenes import NAMES, PIXELS, caption_of, draw_scene, held_out_place
from course_lib.gligen.model import TOKENS
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene

OVERLAPPING = 0.1  # of the smaller box, at least
FOUND_WITHIN = 4000  # scenes that are looked through


@dataclass(frozen=True)
class TestSet:
    """N layouts. Scored is always `wanted`, whatever was `asked`."""

    __test__ = False  # pytest takes classes named Test… for tests

    scenes: tuple[Scene, ...]
    pictures: tuple[Picture, ...]  # their renders: real pictures of the same layouts
    captions: tuple[str, ...]
    wanted: tuple[tuple[Asked, ...], ...]
    asked: tuple[tuple[Asked, ...], ...]  # what the model is given


def layouts(counts: Sequence[tuple[int, int]], stream: str = "test") -> TestSet:
    """Scenes of a stream; `counts` are pairs (things, scenes), such as (1, 20), (2, 20)."""
    return _test_set([scene for things, scenes in counts for scene in _found(scenes, things, stream)])


def unseen_places(count: int, stream: str = "test") -> TestSet:
    """Scenes of one thing, in the ninth of the picture where no training picture, of base or gates, ever shows this thing."""
    return _test_set(
        _found(
            count, 1, stream, lambda scene: held_out_place(scene.things[0].name, scene.things[0].x, scene.things[0].y)
        )
    )


def overlapping(count: int, stream: str = "test") -> TestSet:
    """Scenes of two things whose boxes overlap by a tenth of the smaller one and more."""
    return _test_set(_found(count, 2, stream, _overlap))


def _found(count: int, things: int, stream: str, fits: Callable[[Scene], bool] = lambda scene: True) -> list[Scene]:
    """The first `count` scenes of so many things that fit. Raises ValueError when there are too few."""
    scenes = (draw_scene(index, stream, (things, things)) for index in range(FOUND_WITHIN))
    found = [scene for _, scene in zip(range(count), filter(fits, scenes), strict=False)]
    if len(found) < count:
        raise ValueError(f"only {len(found)} of the first {FOUND_WITHIN} scenes fit, and {count} were wanted")
    return found


def _test_set(scenes: list[Scene]) -> TestSet:
    pictures = tuple(render(scene, PIXELS) for scene in scenes)
    captions = tuple(map(_caption, scenes))
    boxes = tuple(tuple(true_boxes(scene, picture)) for scene, picture in zip(scenes, pictures, strict=True))
    return TestSet(tuple(scenes), pictures, captions, boxes, boxes)


def _caption(scene: Scene) -> str:
    """The first caption in test wordings that the generator can read to its end."""
    rng = random.Random(scene.index)
    tokenizer = get_tokenizer()
    while len(tokenizer.encode(text := caption_of(scene, rng, "test"))) > TOKENS - 2:  # start and end are tokens, too
        pass
    return text


def _overlap(scene: Scene) -> bool:
    boxes = [one.box for one in true_boxes(scene, render(scene, PIXELS))]
    return len(boxes) == 2 and shared_part(*boxes) >= OVERLAPPING


def shared_part(a: tuple, b: tuple) -> float:
    """The share of the smaller of two boxes that lies in the other."""
    across, along = (max(min(a[i + 2], b[i + 2]) - max(a[i], b[i]), 0.0) for i in (0, 1))
    return across * along / min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))


def wrong_phrases(tests: TestSet) -> TestSet:
    """The same boxes, and in each a class that the caption doesn't name."""
    asked = []
    for scene, boxes in zip(tests.scenes, tests.wanted, strict=True):
        absent = [name for name in NAMES if name not in {thing.name for thing in scene.things}]
        names = random.Random(f"wrong/{scene.index}").sample(absent, len(boxes))
        asked.append(tuple(Asked(f"a {name}", one.box) for name, one in zip(names, boxes, strict=True)))
    return replace(tests, asked=tuple(asked))


def shuffled(tests: TestSet) -> TestSet:
    """The right phrases in the boxes of the next picture with as many things."""
    asked = list(tests.wanted)
    for count in {len(boxes) for boxes in tests.wanted}:
        rows = [row for row, boxes in enumerate(tests.wanted) if len(boxes) == count]
        for row, other in zip(rows, rows[1:] + rows[:1], strict=True):
            pairs = zip(tests.wanted[row], tests.wanted[other], strict=True)
            asked[row] = tuple(Asked(one.phrase, elsewhere.box) for one, elsewhere in pairs)
    return replace(tests, asked=tuple(asked))


def part(tests: TestSet, rows: Sequence[int]) -> TestSet:
    """Some of the layouts, by their numbers."""
    return TestSet(*(tuple(field[row] for row in rows) for field in vars(tests).values()))
