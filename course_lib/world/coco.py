"""The world in the formats that the field's tools read: COCO json (instances, captions, panoptic) and LLaVA json."""

from collections.abc import Sequence
from functools import cache

import numpy as np

from course_lib.world.language import captions
from course_lib.world.render import render
from course_lib.world.scenes import FIRST_SHAPE_CLASS, SIGN_CLASS, Scene, SceneSpec, make_scene
from course_lib.world.shapes import SHAPES
from course_lib.world.stickers import classes

BACKDROP = {"id": SIGN_CLASS + 1, "name": "backdrop", "supercategory": "background"}  # stuff: it has no instances


def categories() -> list[dict]:
    """COCO's list of categories, one a name: stickers 1–200, shapes 201–210, signs 211.

    Readers want names to be unique, and words can't tell a pasted star, ring or diamond from a drawn one: the sticker and the
    shape of one name are one category, under the sticker's id.
    """
    records = [{"id": c.id, "name": c.name, "supercategory": c.supercategory} for c in classes()]
    records += [{"id": FIRST_SHAPE_CLASS + i, "name": name, "supercategory": "shape"} for i, name in enumerate(SHAPES)]
    records += [{"id": SIGN_CLASS, "name": "sign", "supercategory": "sign"}]
    first = {record["name"]: record for record in reversed(records)}
    return [record for record in records if record is first[record["name"]]]


@cache
def category_ids() -> dict[str, int]:
    """Name → id of its category."""
    return {record["name"]: record["id"] for record in categories()}


def file_name(scene: Scene) -> str:
    """The name of a scene's picture: stream, seed and index."""
    return f"{scene.stream}_{scene.seed}_{scene.index:08d}.png"


def scene_of(name: str) -> Scene:
    """The scene whose picture `file_name` calls so, made again; of the usual spec of its stream."""
    stream, seed, index = name.removesuffix(".png").rsplit("_", 2)
    return make_scene(int(index), SceneSpec(stream), int(seed))


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
                        "category_id": category_ids()[thing.name],
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


def to_coco_panoptic(scenes: Sequence[Scene], size: int = 64) -> tuple[dict, list[np.ndarray]]:
    """The true segments as in COCO's panoptic_*.json, and the picture uint8 [S, S, 3] that goes with each annotation."""
    segments = []
    for scene in scenes:
        instances = render(scene, size).instances
        masks = [instances == number for number in range(1, len(scene.things) + 1)]
        pairs = zip(masks, scene.things, strict=True)
        segments.append([(mask, category_ids()[thing.name]) for mask, thing in pairs if mask.any()])
    return panoptic(scenes, segments, size)


def panoptic(
    scenes: Sequence[Scene], segments: Sequence[Sequence[tuple[np.ndarray, int]]], size: int
) -> tuple[dict, list[np.ndarray]]:
    """Disjoint segments of each scene, (mask bool [S, S], category), in COCO's panoptic format.

    What no segment claims is the backdrop, the one category of stuff. A pixel's segment is red + 256·green + 65536·blue.
    """
    annotations, pictures = [], []
    for image_id, (scene, pairs) in enumerate(zip(scenes, segments, strict=True), start=1):
        ids, info = np.zeros((size, size), np.uint32), []
        claimed = np.any([mask for mask, _ in pairs], axis=0) if pairs else np.zeros((size, size), bool)
        for number, (mask, category) in enumerate([*pairs, (~claimed, BACKDROP["id"])], start=1):
            if mask.any():
                ids[mask] = number
                info.append(
                    {"id": number, "category_id": category, "area": int(mask.sum()), "bbox": box(mask), "iscrowd": 0}
                )
        annotations.append({"image_id": image_id, "file_name": file_name(scene), "segments_info": info})
        pictures.append(np.stack([ids >> shift & 255 for shift in (0, 8, 16)], axis=-1).astype(np.uint8))
    images = [
        {"id": n, "file_name": file_name(s), "width": size, "height": size} for n, s in enumerate(scenes, start=1)
    ]
    kinds = [{**record, "isthing": 1} for record in categories()] + [{**BACKDROP, "isthing": 0}]
    return {"images": images, "annotations": annotations, "categories": kinds}, pictures


def box(mask: np.ndarray) -> list[int]:
    """[x, y, width, height] around a mask, bool [H, W], that is not empty."""
    (y0, x0), (y1, x1) = np.argwhere(mask).min(axis=0).tolist(), np.argwhere(mask).max(axis=0).tolist()
    return [x0, y0, x1 - x0 + 1, y1 - y0 + 1]


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
