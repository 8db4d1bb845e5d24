"""The proofs of Lesson 10: what is asked, what counts as obeyed, and that an untrained generator scores nothing."""

import re
import sys
from functools import partial

import pytest
import torch

from course_lib.clip.tokenizer import get_tokenizer
from course_lib.gligen import evaluate
from course_lib.gligen.data.scenes import held_out_place
from course_lib.gligen.data.testsets import (
    make_test_set,
    overlap_of_smaller,
    overlapping,
    shuffled_boxes,
    subset,
    unseen_places,
    wrong_phrases,
)
from course_lib.gligen.detector import Detections
from course_lib.gligen.evaluate import boxes as measure_boxes
from course_lib.gligen.evaluate import fidelity, frozen
from course_lib.gligen.evaluate.boxes import real_images, score_images
from course_lib.gligen.evaluate.detections import box_ap
from course_lib.gligen.evaluate.fidelity import clip_features, cmmd, ratio_interval
from course_lib.gligen.layouts import GroundedPhrase
from course_lib.gligen.model import MAX_TEXT_TOKENS, GeneratorConfig, add_gates, base_hash
from course_lib.gligen.sampling import sample
from course_lib.gligen.train import base_generator
from course_lib.gligen.train.detector import load_detector
from course_lib.gligen.vocabulary import NAMES, notes_on_phrases
from course_lib.session import REPO
from course_lib.world.language import TEST_TEMPLATES

TINY = GeneratorConfig(block_out_channels=(16, 32))
BUS = GroundedPhrase("a bus", (0.1, 0.2, 0.6, 0.7))


@pytest.fixture(scope="module")
def tests():
    return make_test_set(((1, 4), (2, 4), (3, 4), (4, 4)))


@pytest.fixture(scope="module")
def base():
    return base_generator.new_base(TINY).model.eval()


@pytest.fixture(scope="module")
def gated(base):
    """As if its gates had been trained to no avail."""
    model = add_gates(base)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if ".alpha_" in name:
                parameter.fill_(0.5)
    return model


def test_layouts_are_test_scenes_in_test_wordings(tests):
    assert [len(boxes) for boxes in tests.targets] == [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    assert tests.captions == make_test_set(((1, 4), (2, 4), (3, 4), (4, 4))).captions
    assert all(scene.stream == "test" for scene in tests.scenes)
    wordings = [re.escape(wording).replace(r"\{\}", ".*") for _, wording in TEST_TEMPLATES]
    assert all(any(re.match(wording, caption) for wording in wordings) for caption in tests.captions)
    for caption in make_test_set(((4, 60),)).captions:
        assert len(get_tokenizer().encode(caption)) + 2 <= MAX_TEXT_TOKENS
    few = subset(tests, [1, 5])
    assert few.captions == (tests.captions[1], tests.captions[5]) and few.targets[1] == tests.targets[5]


def test_unseen_places_and_overlaps_are_what_they_say():
    for scene in unseen_places(12).scenes:
        (thing,) = scene.things
        assert held_out_place(thing.name, thing.x, thing.y)
    for boxes in overlapping(12).targets:
        assert overlap_of_smaller(*(one.box for one in boxes)) >= 0.1
    assert overlap_of_smaller((0, 0, 0.5, 0.5), (0.25, 0, 0.75, 0.5)) == 0.5
    with pytest.raises(ValueError, match="scenes fit, and 5000 were wanted"):
        unseen_places(5000)


def test_controls_are_wrong_in_one_way_only(tests):
    for scene, targets, layouts in zip(tests.scenes, tests.targets, wrong_phrases(tests).layouts, strict=True):
        assert [one.box for one in targets] == [one.box for one in layouts]
        assert not {one.phrase.split(" ", 1)[1] for one in layouts} & {thing.name for thing in scene.things}
    mixed = shuffled_boxes(tests)
    assert mixed.targets == tests.targets and mixed.captions == tests.captions
    for targets, layouts in zip(tests.targets, mixed.layouts, strict=True):
        assert [one.phrase for one in targets] == [one.phrase for one in layouts]
        assert all(one.box != other.box for one, other in zip(targets, layouts, strict=True))


def detections(*things: tuple[str, tuple, float]) -> Detections:
    names, boxes, scores = zip(*things, strict=True)
    return Detections(torch.tensor(boxes), torch.tensor([NAMES.index(name) for name in names]), torch.tensor(scores))


def test_ap_counts_by_class_and_by_how_well_a_box_fits():
    targets = [[BUS, GroundedPhrase("a frog", (0.5, 0.5, 1.0, 1.0))]]
    both = detections(("bus", BUS.box, 0.9), ("frog", (0.5, 0.5, 1.0, 1.0), 0.8))
    assert box_ap(targets, [both]) == (pytest.approx(1), pytest.approx(1))
    assert box_ap(targets, [detections(("bus", BUS.box, 0.9))]) == (pytest.approx(0.5), pytest.approx(0.5))
    assert box_ap(targets, [detections(("panda", BUS.box, 0.9))]) == (0, 0)
    loose = detections(("bus", (0.1, 0.2, 0.6, 1.0), 0.9), ("frog", (0.5, 0.5, 1.0, 1.0), 0.8))  # the bus at IoU 0.625
    assert box_ap(targets, [loose]) == (pytest.approx((0.3 + 1) / 2), pytest.approx(1))
    assert box_ap(targets, [Detections(*(field[:0] for field in vars(both).values()))]) == (0, 0)


def test_the_judge_knows_real_pictures_and_isnt_fooled_by_places(tests):
    detector = load_detector()
    right = score_images(detector, real_images(tests), tests)
    assert right.ap50 > 0.95 and right.phrase_top1() > 0.95
    other = score_images(detector, real_images(tests).roll(1, 0), tests)
    assert other.ap50 < 0.2 and other.phrase_top1() < 0.2


def test_distances_see_a_blur_and_not_another_draw():
    one, other = (
        real_images(make_test_set(((1, 24), (2, 24)))),
        real_images(make_test_set(((1, 24), (2, 24)), stream="val")),
    )
    little, much = (torch.nn.functional.avg_pool2d(one, size, 1, padding=size // 2) for size in (3, 5))
    near, far = (cmmd(clip_features(images), clip_features(other)) for images in (one, much))
    assert abs(near) < 0.25 * far
    ratio, low, high = ratio_interval(clip_features(much), clip_features(little), clip_features(other))
    assert ratio > 1.5 and low < ratio < high
    assert ratio_interval(clip_features(one), clip_features(one), clip_features(other)) == (1, 1, 1)


def test_an_untrained_generator_scores_nothing_and_changes_nothing_at_zero(base, gated, monkeypatch):
    monkeypatch.setattr(fidelity, "NUM_REFERENCE", 32)
    for module in (measure_boxes, frozen):
        monkeypatch.setattr(module, "sample", partial(sample, steps=4))
    made = evaluate.picture_figures(gated, base, load_detector(), counts=((1, 6), (2, 4)), num_as_trained=8, num_hard=4)
    by_id = {figure.id: figure for figure in made}
    for way in ("grounded", "no_boxes", "shuffled", "wrong_phrases"):
        assert by_id[f"gligen.ap50.{way}"].value < 0.1 and by_id[f"gligen.phrase_top1.{way}"].value < 0.2
    for name in ("boxes_1", "boxes_2", "unseen_place", "overlapping"):
        assert by_id[f"gligen.ap50.{name}"].value < 0.2 and by_id[f"gligen.ap50.{name}"].ceiling > 0.8
    top = by_id["gligen.ap50.ceiling"].value
    assert top > 0.8 and by_id["gligen.ap50.grounded"].bar == pytest.approx(0.75 * top, abs=1e-4)
    assert by_id["gligen.distance.real"].value < 0.5 * by_id["gligen.distance.base"].value
    assert by_id["gligen.distance.on_0"].value == by_id["gligen.distance.base"].value
    assert by_id["gligen.base_at_zero"].value == 1 and by_id["gligen.base_at_zero"].control < 1
    assert by_id["gligen.null_apart"].value > 0 and by_id["gligen.null_apart"].control > 0
    assert by_id["gligen.drawn_anywhere.base"].value < 0.3 < by_id["gligen.drawn_anywhere.base"].ceiling


def test_frozen_proofs(base, gated, tmp_path):
    figures = [*frozen.caption_loss_figures(base, 8), *frozen.layout_loss_figures(gated, 8)]
    names = ["base_loss.true_caption", "base_loss.none_caption", "base_loss.wrong_caption"]
    names += ["loss.true_boxes", "loss.shuffled_boxes", "loss.none_boxes"]
    assert [figure.id.removeprefix("gligen.") for figure in figures] == names
    assert all(figure.value > 0 for figure in figures)
    opened = frozen.gate_openness(gated)
    assert opened.n == 8 and opened.value == pytest.approx(0.46)  # tanh(0.5)
    timed = frozen.seconds_4x20(gated, rounds=1)
    assert timed.value > 0 and timed.bar == 10


def test_the_hash_is_the_base_s_and_sees_any_change(base):
    model = add_gates(base)
    assert base_hash(model) == base_hash(base)
    with torch.no_grad():
        model.unet.conv_in.bias[0] += 1e-6
    assert base_hash(model) != base_hash(base)


def test_a_base_that_changed_in_training_would_be_seen(base, tmp_path):
    from course_lib import checkpoints

    file = tmp_path / "gligen_gates.safetensors"
    for after, value in ((base_hash(base), 1.0), ("another", 0.0)):
        checkpoints.save(file, {"x": torch.zeros(1)}, {"base_weights_after": after})
        assert frozen.base_unchanged(base, file).value == value


def test_what_a_generator_cannot_be_asked_is_said(base, gated):
    with pytest.raises(ValueError, match="has no gates.*load_gated"):
        sample(base, ["a bus"], [[BUS]], steps=1)
    with pytest.raises(ValueError, match="2 captions, but boxes for 1"):
        sample(gated, ["a bus", ""], [[BUS]], steps=1)
    with pytest.raises(ValueError, match="5 boxes were asked for: this model reads at most 4"):
        sample(gated, ["a bus"], [[BUS] * 5], steps=1)


@pytest.mark.parametrize("phrase", ["a violin", "ein Frosch", "一只青蛙", "🐸"])
def test_unknown_phrases_and_other_languages_are_drawn_with_a_warning(gated, phrase):
    with pytest.warns(UserWarning, match="Expect anything. What it has drawn: panda"):
        (picture,) = sample(gated, [""], [[GroundedPhrase(phrase, BUS.box)]], steps=1)
    assert picture.isfinite().all()


def test_known_things_are_asked_for_without_a_warning():
    assert notes_on_phrases([BUS.phrase, "the red Pine Tree"]) == []
    assert len(notes_on_phrases(["a violin", "a violin", "ein Haus"])) == 2


def test_the_benchmark_compares_like_with_like(gated):
    sys.path.insert(0, str(REPO / "benchmarks"))
    import gligen_sampling

    torch.testing.assert_close(gligen_sampling.ours(gated), gligen_sampling.plain(gated), atol=1e-4, rtol=0)
