"""The four finished systems of Lesson 00's first minute do what is said of them."""

import numpy as np
import pytest

from course_lib import figures, finished
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

SPEC = SceneSpec(stream="test", names=("lion", "sunflower"), placement="plausible")


@pytest.fixture(scope="module")
def picture():
    return render(make_scene(2, SPEC), size=64)


def test_clip_ranks_captions(picture):
    ranked = finished.clip(picture.image, ["a bus on the road", "a lion in a meadow", "a frog at sea"])
    assert ranked[0][0] == "a lion in a meadow" and sum(share for _, share in ranked) == pytest.approx(1)


def test_llava_answers_by_the_picture(picture):
    assert finished.llava(picture.image, "where is this?") == "meadow"
    night = render(make_scene(5, SceneSpec(stream="test", backdrop="night")), size=64)
    assert finished.llava(night.image, "where is this?") == "night"


def test_seem_cuts_out_what_is_named_and_nothing_else(picture):
    ious = []
    for scene in (make_scene(index, SPEC) for index in range(8)):  # on one scene alone, a good model may fail
        one, names = render(scene, size=64), [thing.name for thing in scene.things]
        mask, lion = finished.seem(one.image, "the lion"), one.instances == 1 + names.index("lion")
        assert mask.dtype == bool
        ious.append((mask & lion).sum() / (mask | lion).sum())
    assert np.mean(ious) > 0.8
    assert not finished.seem(picture.image, "the airplane").any()


def test_gligen_draws_into_the_box():
    left, right = (
        finished.gligen("a lion", {"a lion": box}) for box in ((0.05, 0.3, 0.45, 0.75), (0.55, 0.3, 0.95, 0.75))
    )
    assert left.shape == right.shape == (64, 64, 3) and left.dtype == np.uint8
    apart = np.abs(left.astype(int) - right).mean(axis=(0, 2))  # [64], by column
    assert apart[3:29].mean() > 2 * apart[30:34].mean()


def test_recorded_figures_are_those_of_the_file():
    first, second = figures.recorded("seem.iou.box", "clip.zero_shot_top1.trained")
    assert (first.id, second.id) == ("seem.iou.box", "clip.zero_shot_top1.trained") and second.bar == 0.95
