"""The world in the formats that the field's tools read: COCO json and LLaVA json."""

from collections.abc import Sequence

import numpy as np

from course_lib.world.language import captions
from course_lib.world.render import render
from course_lib.world.scenes import FIRST_SHAPE_CLASS, SIGN_CLASS, Scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import classes


def categories() -> list[dict]:
    """COCO's list of categories: stickers 1–200, shapes 201–210, signs 211."""
    records = [{"id": c.id, "name": c.name, "supercategory": c.supercategory} for c in classes()]
    records += [{"id": FIRST_SHAPE_CLASS + i, "name": name, "supercategory": "shape"} for i, name in enumerate(SHAPES)]
    return [*records, {"id": SIGN_CLASS, "name": "sign", "supercategory": "sign"}]


def file_name(scene: Scene) -> str:
    """The name of a scene's picture: stream, seed and index."""
    return f"{scene.stream}_{scene.seed}_{scene.index:08d}.png"


def to_coco(scenes: Sequence[Scene], size: int = 64) -> dict:
    """Instances as in COCO's instances_*.json: boxes [x, y, width, height], run-length masks, areas; visible pixels only."""
    images, annotations = [], []
    for image_id, scene in enumerate(scenes, start=1):
        images.append({"id": image_id, "file_name": file_name(scene), "width": size, "height": size})
        picture = render(scene, size)
        for number, thing in enumerate(scene.things, start=1):
            mask = picture.instances == number
            if mask.any():
                x0, y0, x1, y1 = picture.boxes[number - 1].tolist()
                annotations.append(
                    {
                        "id": len(annotations) + 1,
                        "image_id": image_id,
                        "category_id": thing.class_id,
                        "bbox": [x0, y0, x1 - x0, y1 - y0],
                        "area": int(mask.sum()),
                        "segmentation": run_lengths(mask),
                        "iscrowd": 0,
                    }
                )
    info = {"description": "Multimodal from Scratch: the sticker world"}
    return {"info": info, "images": images, "annotations": annotations, "categories": categories()}


def to_coco_captions(scenes: Sequence[Scene], size: int = 64) -> dict:
    """Five captions a picture, as in COCO's captions_*.json."""
    images, annotations = [], []
    for image_id, scene in enumerate(scenes, start=1):
        images.append({"id": image_id, "file_name": file_name(scene), "width": size, "height": size})
        for text in captions(scene, 5):
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, "caption": text})
    return {"info": {"description": "five captions a scene"}, "images": images, "annotations": annotations}


def run_lengths(mask: np.ndarray) -> dict:
    """A mask, bool [H, W], as COCO's uncompressed run lengths: column by column, how many 0, then how many 1, and so on."""
    flat = mask.T.reshape(-1)  # [H, W] → columns one after the other, [W·H]
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    counts = np.diff([0, *changes, len(flat)]).tolist()
    return {"size": list(mask.shape), "counts": counts if not flat[0] else [0, *counts]}


def to_llava(scenes: Sequence[Scene]) -> list[dict]:
    """Pictures with their fullest caption, as LLaVA's pretraining json: <image> once, in the first human turn."""
    return [
        {
            "id": file_name(scene).removesuffix(".png"),
            "image": file_name(scene),
            "conversations": [
                {"from": "human", "value": "<image>\nWhat is in the picture?"},
                {"from": "gpt", "value": captions(scene, 1)[0]},
            ],
        }
        for scene in scenes
    ]
