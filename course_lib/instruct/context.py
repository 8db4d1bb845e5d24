"""What the teacher is given in place of the picture: captions, and boxes with names (LLaVA, section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.readable import readable
from course_lib.world.coco import file_name
from course_lib.world.language import captions
from course_lib.world.render import render
from course_lib.world.scenes import Scene


@dataclass(frozen=True)
class Box:
    """A named region. Edges are shares of the picture's width and height, 0–1, from its top left corner."""

    name: str
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True)
class ImageContext:
    """All that is known of a picture in words."""

    id: str  # unique in its data set, such as "train_0_00000007"
    image: str  # file name of the picture
    captions: tuple[str, ...]
    boxes: tuple[Box, ...]


def from_scene(scene: Scene, size: int = 64) -> ImageContext:
    """The context of a sticker scene: its five captions, and the boxes of what is visible at `size` pixels."""
    picture = render(scene, size)
    boxes = []
    for number, thing in enumerate(scene.things):
        if (picture.instances == number + 1).any():
            x0, y0, x1, y1 = (float(edge) / size for edge in picture.boxes[number])
            boxes.append(Box(thing.name, x0, y0, x1, y1))
    name = file_name(scene)
    return ImageContext(name.removesuffix(".png"), name, tuple(captions(scene, 5)), tuple(boxes))


def from_coco(instances: dict, caption_file: dict) -> list[ImageContext]:
    """Contexts of a COCO data set: the contents of instances_*.json and captions_*.json, joined by image id."""
    names = {category["id"]: readable(category["name"]) for category in instances["categories"]}
    said: dict[int, list[str]] = {}
    for annotation in caption_file["annotations"]:
        said.setdefault(annotation["image_id"], []).append(readable(annotation["caption"].strip()))
    seen: dict[int, list[dict]] = {}
    for annotation in instances["annotations"]:
        seen.setdefault(annotation["image_id"], []).append(annotation)
    return [
        _joined(image, names, said.get(image["id"], []), seen.get(image["id"], [])) for image in instances["images"]
    ]


def _joined(image: dict, names: dict[int, str], captions: Sequence[str], annotations: Sequence[dict]) -> ImageContext:
    """One COCO image; its boxes are [x, y, width, height] in pixels."""
    width, height = image["width"], image["height"]
    boxes = []
    for annotation in annotations:
        x, y, w, h = annotation["bbox"]
        boxes.append(Box(names[annotation["category_id"]], x / width, y / height, (x + w) / width, (y + h) / height))
    return ImageContext(readable(str(image["id"])), readable(image["file_name"]), tuple(captions), tuple(boxes))
