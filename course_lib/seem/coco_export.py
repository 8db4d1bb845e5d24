"""What MiniSeem finds, in COCO's formats: instances with scores, and the panoptic pictures of ids."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_lib.seem.asks import class_names, visible
from course_lib.seem.panoptic import segments
from course_lib.world.coco import categories, file_name, run_lengths
from course_lib.world.scenes import Scene


@dataclass(frozen=True)
class Instance:
    """One thing in one picture: predicted, with a score, or true."""

    image_id: int  # 1, 2, … in the order of the scenes, as in `world.coco.to_coco`
    category_id: int
    mask: np.ndarray  # bool [S, S], not empty
    score: float = 1.0


def category_ids() -> list[int]:
    """COCO's category of each of the model's classes, in their order; of a name that a sticker and a shape share, the sticker's."""
    numbers = {category["name"]: category["id"] for category in reversed(categories())}
    return [numbers[name] for name in class_names()]


def truths(scenes: Sequence[Scene], instances: np.ndarray) -> list[Instance]:
    """The things of I scenes that can be seen, by name: instances [I, S, S] holds number + 1 of each."""
    category_of = dict(zip(class_names(), category_ids(), strict=True))
    return [
        Instance(n + 1, category_of[scene.things[k].name], instances[n] == k + 1)
        for n, scene in enumerate(scenes)
        for k in visible(scene, instances[n])
    ]


def predicted(masks) -> list[Instance]:
    """Every object query that found something (Masks of I pictures). Score: its class's chance × how sure its pixels are."""
    found = []
    for n, (logits, classes) in enumerate(zip(masks.logits, masks.classes.softmax(dim=-1), strict=True), start=1):
        for picture, chances in zip(logits, classes, strict=True):
            best, area = int(chances.argmax()), picture > 0
            if best < len(class_names()) and area.any():
                score = float(chances[best]) * float(picture[area].sigmoid().mean())
                found.append(Instance(n, category_ids()[best], area.numpy(), score))
    return found


def to_results(found: Sequence[Instance]) -> list[dict]:
    """COCO's list of results, which `COCO.loadRes` reads."""
    from pycocotools import mask as coder

    results = []
    for thing in found:
        code = coder.frPyObjects(run_lengths(thing.mask), *thing.mask.shape)
        code = {"size": code["size"], "counts": code["counts"].decode()}  # bytes don't go into json
        results.append(
            {
                "image_id": thing.image_id,
                "category_id": thing.category_id,
                "segmentation": code,
                "bbox": coder.toBbox(code).tolist(),
                "score": thing.score,
            }
        )
    return results


def to_panoptic(masks, scenes: Sequence[Scene]) -> tuple[dict, list[np.ndarray]]:
    """COCO's panoptic json, and the picture uint8 [S, S, 3] that goes with each of its annotations.

    A pixel's segment is red + 256·green + 65536·blue; 0, the backdrop, is no segment. Things only: the model was taught
    no stuff.
    """
    annotations, pictures, category_of = [], [], dict(zip(class_names(), category_ids(), strict=True))
    for n, scene in enumerate(scenes):
        found = segments(masks.logits[n].numpy(), masks.classes[n].softmax(dim=-1).numpy())
        ids = np.zeros(masks.logits.shape[-2:], np.uint32)
        about = []
        for number, (area, name) in enumerate(found, start=1):
            ids[area] = number
            about.append({"id": number, "category_id": category_of[name], "area": int(area.sum()), "iscrowd": 0})
        annotations.append({"image_id": n + 1, "file_name": file_name(scene), "segments_info": about})
        pictures.append(np.stack([ids >> shift & 255 for shift in (0, 8, 16)], axis=-1).astype(np.uint8))
    kinds = [{**category, "isthing": 1} for category in categories()]
    images = [{"id": n, "file_name": file_name(scene)} for n, scene in enumerate(scenes, start=1)]
    return {"images": images, "annotations": annotations, "categories": kinds}, pictures
