"""Predictions in COCO's formats load in pycocotools, whose AP is the one that is written out here."""

import json

import numpy as np
import pytest
import torch

from course_lib.seem.data.queries import MIN_VISIBLE_PIXELS, class_names
from course_lib.seem.data.testsets import make_test_set
from course_lib.seem.evaluate.ap import (
    Instance,
    average_precision,
    category_ids,
    predicted_instances,
    to_panoptic,
    to_results,
    true_instances,
)
from course_lib.seem.train import stages
from course_lib.world.coco import to_coco


@pytest.fixture(scope="module")
def tests():
    return make_test_set("click", 12, stream="val")


@pytest.fixture(scope="module")
def truths(tests) -> list[Instance]:
    return [
        Instance(n, thing.class_id, tests.instances[n - 1] == k)
        for n, scene in enumerate(tests.scenes, start=1)
        for k, thing in enumerate(scene.things, start=1)
        if (tests.instances[n - 1] == k).any()
    ]


@pytest.fixture(scope="module")
def guesses(truths) -> list[Instance]:
    """Right, shifted, doubled, wrongly named and invented ones, with scores at random."""
    rng = np.random.default_rng(0)
    instances = []
    for truth in truths:
        for shift in rng.choice([0, 1, 2, 3, 6], size=rng.integers(0, 4)):
            name = truth.category_id if rng.random() < 0.8 else int(rng.choice(category_ids()))
            instances.append(Instance(truth.image_id, name, np.roll(truth.mask, shift, axis=1), float(rng.random())))
    return instances


def by_pycocotools(tests, predictions: list[Instance], folder) -> float:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    (folder / "truth.json").write_text(json.dumps(to_coco(tests.scenes)), encoding="utf-8")
    (folder / "predictions.json").write_text(json.dumps(to_results(predictions)), encoding="utf-8")
    coco = COCO(str(folder / "truth.json"))
    evaluation = COCOeval(coco, coco.loadRes(str(folder / "predictions.json")), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return evaluation.stats[0]


def test_our_ap_is_that_of_pycocotools(tests, truths, guesses, tmp_path):
    ours = average_precision(guesses, truths)
    assert 0.1 < ours < 0.9
    assert ours == pytest.approx(by_pycocotools(tests, guesses, tmp_path), abs=1e-9)


def test_the_truth_has_ap_1_and_other_names_0(tests, truths, tmp_path):
    assert average_precision(truths, truths) == 1.0 == by_pycocotools(tests, truths, tmp_path)
    names = [truth.category_id for truth in truths]
    renamed = [Instance(t.image_id, max(names) + 1, t.mask) for t in truths]
    assert average_precision(renamed, truths) == average_precision([], truths) == 0.0


def test_things_are_exported_by_name(tests, truths):
    names = dict(zip(category_ids(), class_names(), strict=True))
    assert len(names) == len(class_names())
    exported = true_instances(tests.scenes, tests.instances)
    visible = [truth for truth in truths if truth.mask.sum() >= MIN_VISIBLE_PIXELS]
    assert [(e.image_id, e.mask.tolist()) for e in exported] == [(t.image_id, t.mask.tolist()) for t in visible]
    things = [thing for scene in tests.scenes for thing in scene.things]
    assert {names[e.category_id] for e in exported} <= {thing.name for thing in things}


@torch.no_grad()
def test_what_a_model_finds_loads_in_pycocotools(tests, truths, tmp_path):
    predictions = predicted_instances(everything(tests))
    assert predictions and all(0 <= thing.score <= 1 and thing.mask.any() for thing in predictions)
    assert average_precision(predictions, truths) == pytest.approx(
        by_pycocotools(tests, predictions, tmp_path), abs=1e-9
    )


@torch.no_grad()
def test_panoptic_pictures_hold_the_segments_of_the_json(tests):
    output = everything(tests)
    output.mask_logits.fill_(-9)
    output.class_logits.fill_(0)
    output.class_logits[..., -1] = 9
    for n, instances in enumerate(tests.instances):  # one true mask a picture, as its first query
        output.mask_logits[n, 0][torch.from_numpy(instances == instances.max())] = 9
        output.class_logits[n, 0, 5] = 20
    written, pictures = to_panoptic(output, tests.scenes)
    for picture, annotation, instances in zip(pictures, written["annotations"], tests.instances, strict=True):
        ids = picture.astype(int) @ (1, 256, 65536)
        (segment,) = annotation["segments_info"]
        assert ((ids == segment["id"]) == (instances == instances.max())).all() and set(np.unique(ids)) <= {0, 1}
        assert segment["area"] == (ids > 0).sum() and segment["category_id"] == category_ids()[5]
    assert json.loads(json.dumps(written)) == written


def everything(tests):
    """What an untrained model finds, asked nothing."""
    model = stages.new_model(seed=2)
    torch.nn.init.zeros_(model.no_object_embed)  # untrained, but it does not call everything "no object"
    return model.segment_everything(model.encode(tests.pixels()))
