"""Predictions in COCO's formats load in pycocotools, whose AP is the one that is written out here."""

import json

import numpy as np
import pytest
import torch

from course_lib.seem.data.queries import class_names
from course_lib.seem.data.testsets import make_test_set
from course_lib.seem.evaluate.ap import (
    Instance,
    average_precision,
    predicted_instances,
    pycocotools_ap,
    to_results,
    true_instances,
)
from course_lib.seem.evaluate.metrics import image_segments, panoptic_quality
from course_lib.seem.train import stages
from course_lib.world.coco import BACKDROP, category_ids, panoptic, to_coco, to_coco_panoptic


def to_panoptic(output, scenes) -> tuple[dict, list[np.ndarray]]:
    """The segments of the object queries as COCO's panoptic json and pictures; the backdrop is what they leave over."""
    segments = [[(mask, category_ids()[name]) for mask, name in image_segments(output, n)] for n in range(len(scenes))]
    return panoptic(scenes, segments, output.mask_logits.shape[-1])


@pytest.fixture(scope="module")
def tests():
    return make_test_set("click", 12, stream="val")


@pytest.fixture(scope="module")
def truths(tests) -> list[Instance]:
    return [
        Instance(n, category_ids()[thing.name], tests.instances[n - 1] == k)
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
            name = truth.category_id if rng.random() < 0.8 else int(rng.choice(list(category_ids().values())))
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


def test_the_truth_of_the_figures_is_the_export(tests, truths, guesses):
    def key(one):
        return one.image_id, one.category_id, one.mask.tolist()

    assert list(map(key, true_instances(tests.scenes, tests.instances))) == list(map(key, truths))
    assert pycocotools_ap(guesses, to_coco(tests.scenes)) == pytest.approx(average_precision(guesses, truths), abs=1e-9)
    assert set(class_names()) <= set(category_ids())


def panopticapi_pq(truth, predicted) -> float:
    """PQ of things as panopticapi reads two exports (evaluation.py; without crowds and void, of which there are none)."""
    (truth, true_pictures), (predicted, pictures) = truth, predicted
    things = [record["id"] for record in truth["categories"] if record["isthing"]]
    total, count = dict.fromkeys(things, 0.0), dict.fromkeys(things, 0)
    for n, (one, other) in enumerate(zip(truth["annotations"], predicted["annotations"], strict=True)):
        left, right = (p[n].astype(int) @ (1, 256, 65536) for p in (true_pictures, pictures))
        for segment in [*one["segments_info"], *other["segments_info"]]:
            if segment["category_id"] in count:
                count[segment["category_id"]] += 1
        for a in one["segments_info"]:
            for b in other["segments_info"]:
                overlap, union = (
                    ((left == a["id"]) & (right == b["id"])).sum(),
                    ((left == a["id"]) | (right == b["id"])).sum(),
                )
                if a["category_id"] == b["category_id"] in count and overlap / union > 0.5:
                    total[a["category_id"]] += overlap / union
    return float(np.mean([2 * total[c] / count[c] for c in things if count[c]]))


@torch.no_grad()
def test_panoptic_quality_is_that_of_the_export(tests):
    output = everything(tests)
    for n, scene in enumerate(tests.scenes):  # the truth, but for a name and some pixels
        output.mask_logits[n].fill_(-9)
        output.class_logits[n].fill_(0)
        output.class_logits[n, :, -1] = 9
        for k, thing in enumerate(scene.things):
            output.mask_logits[n, k][torch.from_numpy(np.roll(tests.instances[n] == k + 1, n % 3, axis=1))] = 9
            output.class_logits[n, k, class_names().index(thing.name) - (n == 4)] = 20
    theirs = panopticapi_pq(to_coco_panoptic(tests.scenes), to_panoptic(output, tests.scenes))
    assert 0.3 < theirs < 0.95 and panoptic_quality(output, tests) == pytest.approx(theirs, abs=1e-9)
    assert panoptic_quality(output, tests, pooled=True) != pytest.approx(theirs, abs=1e-3)


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
        segment, backdrop = annotation["segments_info"]
        assert ((ids == segment["id"]) == (instances == instances.max())).all() and set(np.unique(ids)) == {1, 2}
        assert segment["area"] == (ids == 1).sum() and segment["category_id"] == category_ids()[class_names()[5]]
        assert backdrop["id"] == 2 and backdrop["category_id"] == BACKDROP["id"]
    assert json.loads(json.dumps(written)) == written


def everything(tests):
    """What an untrained model finds, asked nothing."""
    model = stages.new_model(seed=2)
    torch.nn.init.zeros_(model.no_object_embed)  # untrained, but it does not call everything "no object"
    return model.segment_everything(model.encode(tests.pixels()))
