"""The exports load in the tools that they are meant for, and say what the pictures show."""

import json

import numpy as np
import pytest

from course_lib.world.coco import run_lengths, to_coco, to_coco_captions, to_llava
from course_lib.world.render import render
from course_lib.world.scenes import make_scene

SCENES = [make_scene(index) for index in range(30)]


@pytest.fixture
def coco(tmp_path):
    from pycocotools.coco import COCO

    (tmp_path / "instances.json").write_text(json.dumps(to_coco(SCENES)), encoding="utf-8")
    return COCO(tmp_path / "instances.json")


def test_pycocotools_reads_masks_areas_and_boxes(coco):
    from pycocotools import mask as masks

    assert len(coco.imgs) == len(SCENES) and len(coco.cats) == 211
    for image_id, scene in enumerate(SCENES, start=1):
        instances = render(scene).instances
        for annotation in coco.loadAnns(coco.getAnnIds([image_id])):
            mask = coco.annToMask(annotation).astype(bool)
            (number,) = np.unique(instances[mask])
            assert (mask == (instances == number)).all()
            assert scene.things[number - 1].class_id == annotation["category_id"]
            encoded = masks.encode(np.asfortranarray(mask.astype(np.uint8)))
            assert masks.area(encoded) == annotation["area"]
            assert masks.toBbox(encoded).tolist() == annotation["bbox"]


def test_run_lengths_begin_with_zeros():
    assert run_lengths(np.array([[True, False], [True, True]])) == {"size": [2, 2], "counts": [0, 2, 1, 1]}


def test_five_different_captions_a_picture():
    found = to_coco_captions(SCENES)
    for image in found["images"]:
        texts = [a["caption"] for a in found["annotations"] if a["image_id"] == image["id"]]
        assert len(texts) == len(set(texts)) == 5


def test_llava_json_has_one_image_in_the_first_human_turn():
    for record in to_llava(SCENES):
        turns = record["conversations"]
        assert [turn["from"] for turn in turns] == ["human", "gpt"]
        assert [turn["value"].count("<image>") for turn in turns] == [1, 0] and turns[1]["value"]
    assert len({record["id"] for record in to_llava(SCENES)}) == len(SCENES)
