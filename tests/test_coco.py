"""The exports load in the tools that they are meant for, and say what the pictures show."""

import json

import numpy as np
import pytest

from course_lib.world.coco import categories, run_lengths, to_coco, to_coco_captions, to_coco_panoptic, to_llava
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

SHAPES = SceneSpec(count=(2, 4), kinds=(0.3, 0.6, 0.1))
SCENES = [make_scene(index) for index in range(30)] + [make_scene(index, SHAPES, seed=1) for index in range(30)]


@pytest.fixture
def coco(tmp_path):
    from pycocotools.coco import COCO

    (tmp_path / "instances.json").write_text(json.dumps(to_coco(SCENES)), encoding="utf-8")
    return COCO(tmp_path / "instances.json")


def test_pycocotools_reads_masks_areas_and_boxes(coco):
    from pycocotools import mask as masks

    assert len(coco.imgs) == len(SCENES) and len(coco.cats) == 208
    for image_id, scene in enumerate(SCENES, start=1):
        instances = render(scene).instances
        for annotation in coco.loadAnns(coco.getAnnIds([image_id])):
            mask = coco.annToMask(annotation).astype(bool)
            (number,) = np.unique(instances[mask])
            assert (mask == (instances == number)).all()
            assert scene.things[number - 1].name == coco.cats[annotation["category_id"]]["name"]
            encoded = masks.encode(np.asfortranarray(mask.astype(np.uint8)))
            assert masks.area(encoded) == annotation["area"]
            assert masks.toBbox(encoded).tolist() == annotation["bbox"]


def test_every_category_has_a_name_of_its_own():
    names, ids = ([category[key] for category in categories()] for key in ("name", "id"))
    assert len(names) == len(set(names)) == len(set(ids))
    drawn = {thing.name for scene in SCENES for thing in scene.things if thing.kind == "shape"}
    assert {"star", "ring", "diamond"} <= drawn and set(names) >= drawn


def test_panoptic_segments_are_the_things_and_the_backdrop_is_stuff():
    written, pictures = to_coco_panoptic(SCENES)
    name_of = {record["id"]: record["name"] for record in written["categories"]}
    stuff = {record["name"] for record in written["categories"] if not record["isthing"]}
    assert stuff == {"backdrop"} and len(set(name_of.values())) == len(name_of) == len(categories()) + 1
    for scene, annotation, picture in zip(SCENES, written["annotations"], pictures, strict=True):
        ids, instances = picture.astype(int) @ (1, 256, 65536), render(scene).instances
        assert set(np.unique(ids)) == {segment["id"] for segment in annotation["segments_info"]}  # no pixel is void
        for segment in annotation["segments_info"]:
            mask = ids == segment["id"]
            (number,) = np.unique(instances[mask])
            x, y, width, height = segment["bbox"]
            assert name_of[segment["category_id"]] == (scene.things[number - 1].name if number else "backdrop")
            assert segment["area"] == mask.sum() == mask[y : y + height, x : x + width].sum()
            assert mask[y].any() and mask[:, x].any() and mask[y + height - 1].any() and mask[:, x + width - 1].any()
    assert json.loads(json.dumps(written)) == written


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
