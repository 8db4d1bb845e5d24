"""Scenes: the same everywhere, never with anything held out in training, annotated exactly."""

import hashlib
import itertools
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from course_lib.session import REPO
from course_lib.world.geometry import relation
from course_lib.world.recolour import PALETTE
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.splits import (
    DRAWN_IN_HELD_OUT_COLOUR,
    SHIFT_STYLES,
    TRAIN_STYLES,
    held_out_colour,
    held_out_relation,
    training_may_see,
    training_may_see_thing,
    training_may_use_template,
)
from course_lib.world.stickers import COLOURS, STYLES, classes, load_atlas

FINGERPRINT = "8e2d1ea4b469778ecbeeec02dd1036edce05738655ef81a3bcf220899d1749be"
PRINT_IT = "from tests.test_world import fingerprint; print(fingerprint())"


def fingerprint() -> str:
    """SHA-256 over the bytes of scenes of all kinds."""
    digest = hashlib.sha256()
    for index in range(50):
        spec = SceneSpec(placement=("uniform", "plausible")[index % 2])
        scene = make_scene(index, spec)
        picture = render(scene, 128 if index % 10 == 0 else 64)
        digest.update(
            repr(scene).encode() + picture.image.tobytes() + picture.instances.tobytes() + picture.boxes.tobytes()
        )
    return digest.hexdigest()


def test_the_same_seed_gives_the_same_bytes():
    assert fingerprint() == FINGERPRINT


def test_in_another_process_too():
    environment = {"PYTHONHASHSEED": "123", "PYTHONPATH": str(REPO), "PATH": ""}
    seen = subprocess.run([sys.executable, "-c", PRINT_IT], cwd=REPO, env=environment, capture_output=True, text=True)
    assert seen.stdout.strip() == FINGERPRINT, seen.stderr


def test_a_scene_needs_no_scene_before_it():
    forwards = [make_scene(index) for index in range(40)]
    assert [make_scene(index) for index in reversed(range(40))] == forwards[::-1]
    assert make_scene(7, seed=1) != make_scene(7, seed=0)
    assert make_scene(7, SceneSpec(stream="test")) != make_scene(7)


@pytest.mark.parametrize("spec", [SceneSpec(), SceneSpec(placement="plausible"), SceneSpec(kinds=(0.4, 0.4, 0.2))])
def test_training_never_sees_what_is_held_out(spec):
    scenes = [make_scene(index, spec) for index in range(2000)]
    assert all(training_may_see(scene) for scene in scenes)
    assert {len(scene.things) for scene in scenes} == {1, 2, 3, 4}


FORBIDDEN = (
    {"styles": ("line",)},
    {"split": "novel"},
    {"split": "all"},
    {"names": ("fox",), "colour": "held out"},
    {"names": ("cat", next(c.name for c in classes() if c.split == "novel"))},
)


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_the_gate_lets_nothing_that_is_held_out_into_training_scenes(forbidden):
    with pytest.raises(ValueError, match="Training must not see"):
        SceneSpec(**forbidden)
    scenes = [make_scene(index, SceneSpec(stream="val", **forbidden)) for index in range(20)]
    assert not all(training_may_see_thing(thing) for scene in scenes for thing in scene.things)


def test_what_is_held_out_is_recognised():
    assert not training_may_see(make_scene(0, SceneSpec(stream="test")))
    assert not training_may_use_template("test.photo") and training_may_use_template("train.photo")
    assert set(TRAIN_STYLES).isdisjoint(SHIFT_STYLES) and set(TRAIN_STYLES) | set(SHIFT_STYLES) == set(STYLES)


def test_one_colour_of_everything_is_held_out_and_all_colours_equally_often():
    names = [c.name for c in classes() if c.recolourable]
    kept_back = [[colour for colour in COLOURS if held_out_colour(name, colour)] for name in names]
    assert all(len(colours) == 1 for colours in kept_back)
    assert set(Counter(colours[0] for colours in kept_back).values()) <= {5, 6}


def test_no_class_measured_on_unseen_pairs_is_drawn_in_its_held_out_colour():
    palette = np.array([PALETTE[colour] for colour in COLOURS], float)
    for c in (c for c in classes() if c.recolourable and c.split == "base"):
        shares = []
        for drawing in (load_atlas(style)[row] for style in TRAIN_STYLES for row in c.drawings):
            rgb = drawing[drawing[..., 3] > 64][:, :3].astype(float)  # [P, 3], the visible pixels
            rgb = rgb[np.ptp(rgb, axis=1) > 60]  # coloured, not grey
            nearest = ((rgb[:, None] - palette) ** 2).sum(-1).argmin(1)  # [P, 8] → [P]
            shares.append(np.mean([held_out_colour(c.name, COLOURS[i]) for i in nearest] or [0]))
        assert max(shares) < 0.3 or c.name in DRAWN_IN_HELD_OUT_COLOUR, (c.name, shares)


def test_a_relation_is_held_out_from_either_side():
    names = [c.name for c in classes()][:60]
    triples = [(a, b) for a in names for b in names if a != b]
    assert all(held_out_relation(a, "left", b) == held_out_relation(b, "right", a) for a, b in triples)
    assert 0.03 < np.mean([held_out_relation(a, "above", b) for a, b in triples]) < 0.07


@pytest.mark.parametrize("size", [32, 64, 96, 336])
def test_boxes_are_tight_around_what_one_sees(size):
    for index in range(40 if size < 300 else 4):
        scene = make_scene(index)
        picture = render(scene, size)
        assert picture.image.shape == (size, size, 3) and picture.image.dtype == np.uint8
        for number, box in enumerate(picture.boxes.tolist(), start=1):
            rows, columns = np.nonzero(picture.instances == number)
            if len(rows):
                assert box == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            else:
                assert box == [0, 0, 0, 0]


def test_a_lone_thing_can_always_be_seen():
    scenes = [make_scene(index, SceneSpec(stream="test", count=(1, 1), styles=STYLES)) for index in range(300)]
    assert all((render(scene).instances == 1).sum() >= 20 for scene in scenes)


def test_relations_agree_from_both_sides():
    opposite = {"left": "right", "right": "left", "above": "below", "below": "above", None: None}
    for index in range(500):
        things = make_scene(index, SceneSpec(count=(2, 4))).things
        for a, b in itertools.pairwise(things):
            assert relation(a, b) == opposite[relation(b, a)]


def test_where_things_are_says_nothing_about_what_they_are_in_uniform_scenes():
    centres = {"air": [], "ground": []}
    place = {c.name: c.place for c in classes()}
    for index in range(4000):
        for thing in make_scene(index, SceneSpec(kinds=(1, 0, 0), count=(1, 1))).things:
            centres.setdefault(place[thing.name], []).append(thing.y)
    assert abs(np.mean(centres["air"]) - np.mean(centres["ground"])) < 0.05
