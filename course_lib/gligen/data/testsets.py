"""Test sets: captions and layouts of test scenes, and the controls that must fail."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen.data.batches import true_layout
from course_lib.gligen.data.scenes import PIXELS, caption_of, draw_scene, held_out_place
from course_lib.gligen.layouts import Box, GroundedPhrase
from course_lib.gligen.model import MAX_TEXT_TOKENS
from course_lib.gligen.vocabulary import NAMES
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene

MIN_OVERLAP = 0.1  # of the smaller box, at least
MAX_SCENES = 4000  # scenes that are looked through


@dataclass(frozen=True)
class LayoutTestSet:
    """N captions and layouts. The model is given `layouts`; scored is always against `targets`."""

    __test__ = False  # pytest takes classes named Test… for tests

    scenes: tuple[Scene, ...]
    pictures: tuple[Picture, ...]  # their renders: real pictures of the same layouts
    captions: tuple[str, ...]
    targets: tuple[tuple[GroundedPhrase, ...], ...]
    layouts: tuple[tuple[GroundedPhrase, ...], ...]  # what the model is given


def make_test_set(counts: Sequence[tuple[int, int]], stream: str = "test") -> LayoutTestSet:
    """Scenes of a stream; `counts` are pairs (things, scenes), such as (1, 20), (2, 20)."""
    return _test_set([scene for things, scenes in counts for scene in _first_scenes(scenes, things, stream)])


def unseen_places(count: int, stream: str = "test") -> LayoutTestSet:
    """Scenes of one thing, in the ninth of the picture where no training picture, of base or gates, ever shows this thing."""

    def is_unseen(scene: Scene) -> bool:
        (thing,) = scene.things
        return held_out_place(thing.name, thing.x, thing.y)

    return _test_set(_first_scenes(count, 1, stream, is_unseen))


def overlapping(count: int, stream: str = "test") -> LayoutTestSet:
    """Scenes of two things whose boxes overlap by a tenth of the smaller one and more."""
    return _test_set(_first_scenes(count, 2, stream, _has_overlap))


def of_things(names: Sequence[str], counts: Sequence[tuple[int, int]], stream: str = "test") -> LayoutTestSet:
    """Scenes with none but these things; `counts` as in `make_test_set`."""

    def has_no_other(scene: Scene) -> bool:
        return all(thing.name in names for thing in scene.things)

    return _test_set(
        [scene for things, scenes in counts for scene in _first_scenes(scenes, things, stream, has_no_other)]
    )


def _first_scenes(
    count: int, num_things: int, stream: str, accepts: Callable[[Scene], bool] = lambda scene: True
) -> list[Scene]:
    """The first `count` accepted scenes of so many things. Raises ValueError when there are too few."""
    candidates = (draw_scene(index, stream, (num_things, num_things)) for index in range(MAX_SCENES))
    scenes = [scene for _, scene in zip(range(count), filter(accepts, candidates), strict=False)]
    if len(scenes) < count:
        raise ValueError(f"only {len(scenes)} of the first {MAX_SCENES} scenes fit, and {count} were wanted")
    return scenes


def _test_set(scenes: list[Scene]) -> LayoutTestSet:
    """Scenes → their renders, captions and true layouts."""
    pictures = tuple(render(scene, PIXELS) for scene in scenes)
    captions = tuple(map(_caption, scenes))
    layouts = tuple(tuple(true_layout(scene, picture)) for scene, picture in zip(scenes, pictures, strict=True))
    return LayoutTestSet(tuple(scenes), pictures, captions, layouts, layouts)


def _caption(scene: Scene) -> str:
    """The first caption in test wordings that the generator can read to its end."""
    rng = random.Random(scene.index)
    tokenizer = get_tokenizer()
    while (
        len(tokenizer.encode(text := caption_of(scene, rng, "test"))) > MAX_TEXT_TOKENS - 2
    ):  # start and end are tokens, too
        pass
    return text


def _has_overlap(scene: Scene) -> bool:
    boxes = [grounded.box for grounded in true_layout(scene, render(scene, PIXELS))]
    return len(boxes) == 2 and overlap_of_smaller(*boxes) >= MIN_OVERLAP


def overlap_of_smaller(a: Box, b: Box) -> float:
    """The share of the smaller of two boxes that lies in the other: intersection over the smaller area."""
    width, height = (max(min(a[i + 2], b[i + 2]) - max(a[i], b[i]), 0.0) for i in (0, 1))
    return width * height / min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))


def wrong_phrases(tests: LayoutTestSet) -> LayoutTestSet:
    """Control: the same boxes, and in each a class that the caption doesn't name."""
    layouts = []
    for scene, targets in zip(tests.scenes, tests.targets, strict=True):
        absent = [name for name in NAMES if name not in {thing.name for thing in scene.things}]
        names = random.Random(f"wrong/{scene.index}").sample(absent, len(targets))
        pairs = zip(names, targets, strict=True)
        layouts.append(tuple(GroundedPhrase(f"a {name}", target.box) for name, target in pairs))
    return replace(tests, layouts=tuple(layouts))


def shuffled_boxes(tests: LayoutTestSet) -> LayoutTestSet:
    """Control: the right phrases in the boxes of the next picture with as many things."""
    layouts = list(tests.targets)
    for count in {len(targets) for targets in tests.targets}:
        rows = [row for row, targets in enumerate(tests.targets) if len(targets) == count]
        for row, next_row in zip(rows, rows[1:] + rows[:1], strict=True):
            pairs = zip(tests.targets[row], tests.targets[next_row], strict=True)
            layouts[row] = tuple(GroundedPhrase(target.phrase, other.box) for target, other in pairs)
    return replace(tests, layouts=tuple(layouts))


def subset(tests: LayoutTestSet, rows: Sequence[int]) -> LayoutTestSet:
    """Some of the layouts, by their numbers."""
    return LayoutTestSet(*(tuple(field[row] for row in rows) for field in vars(tests).values()))
