"""The room's data types and their texts: a picture in words for the teacher, and a sample in LLaVA's training format.

`ImageContext` is what the teacher is given in place of the picture, captions and boxes with names (LLaVA, section 3);
`serialise` makes text of it. `Sample` is what comes out in the end; what its JSON must be stands in `records.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.instruct.coco import CocoAnnotations, CocoPicture
from course_lib.instruct.records import IMAGE_TOKEN, check_llava_format, record_problem  # noqa: F401 (formats, too)
from course_lib.world.coco import file_name
from course_lib.world.language import captions
from course_lib.world.render import Picture, render
from course_lib.world.scenes import Scene

TYPES = ("conversation", "detail", "complex")  # LLaVA-Instruct has 58k, 23k and 77k of them
XYWH = tuple[float, float, float, float]  # COCO's box: left edge, top edge, width, height


@dataclass(frozen=True)
class Box:
    """A named region. Edges are fractions of the picture's width and height, 0–1, from its top left corner."""

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


@dataclass(frozen=True)
class Turn:
    """A question and its answer."""

    question: str
    answer: str


@dataclass(frozen=True)
class Sample:
    """A finished training sample about one picture."""

    id: str  # of the context
    image: str
    type: str  # one of TYPES
    turns: tuple[Turn, ...]

    def to_llava(self) -> dict:
        """LLaVA's own JSON (docs/Finetune_Custom_Data.md): <image> once, at the beginning of the first human turn."""
        conversations = []
        for number, turn in enumerate(self.turns):
            prefix = "" if number else f"{IMAGE_TOKEN}\n"
            conversations.append({"from": "human", "value": prefix + turn.question})
            conversations.append({"from": "gpt", "value": turn.answer})
        return {"id": f"{self.id}/{self.type}", "image": self.image, "conversations": conversations}


@dataclass(frozen=True)
class Defect:
    """What a filter says: something that should not be trained on."""

    name: str  # one of `filters.DEFECTS`, such as "unsupported_noun"
    turn: int | None  # number of the question and its answer, from 0; None: the sample as a whole
    message: str  # what is wrong, for a person


def serialise(captions: Sequence[str], boxes: Sequence[tuple[str, XYWH]], width: float, height: float) -> str:
    """A picture in words: captions, one a line; then, if there are boxes, an empty line and one line for each box.

    Boxes are COCO's, (name, (x, y, w, h)) in pixels. Written are left, top, right and bottom as fractions of the picture's
    width and height with three decimals, such as `taxi: [0.469, 0.297, 0.812, 0.516]` (LLaVA, section 3).
    """
    lines = list(captions)
    if boxes:
        lines.append("")
    for name, (x, y, w, h) in boxes:
        edges = (x / width, y / height, (x + w) / width, (y + h) / height)
        lines.append(f"{name}: [{', '.join(f'{edge:.3f}' for edge in edges)}]")
    return "\n".join(lines)


def serialise_context(context: ImageContext, boxes: bool) -> str:
    """The context as the teacher reads it: its captions without line breaks and, with `boxes`, its boxes."""
    lines = [" ".join(caption.split()) for caption in context.captions]
    regions = [(box.name, (box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0)) for box in context.boxes if boxes]
    return serialise(lines, regions, width=1, height=1)  # these boxes are in fractions already


def from_scene(scene: Scene, size: int = 64, picture: Picture | None = None) -> ImageContext:
    """The context of a sticker scene: its five captions, and the boxes of what is visible at `size` pixels.

    picture: the scene at this size, where it has been rendered already.
    """
    picture = picture or render(scene, size)
    boxes = []
    for number, thing in enumerate(scene.things):
        if (picture.instances == number + 1).any():
            x0, y0, x1, y1 = (float(edge) / size for edge in picture.boxes[number])
            boxes.append(Box(thing.name, x0, y0, x1, y1))
    name = file_name(scene)
    return ImageContext(name.removesuffix(".png"), name, tuple(captions(scene, 5)), tuple(boxes))


def from_coco(instances: dict, caption_file: dict) -> list[ImageContext]:
    """Contexts of a COCO data set: the contents of instances_*.json and captions_*.json, joined by image id."""
    return [coco_context(picture) for picture in CocoAnnotations(instances, caption_file).pictures()]


def coco_context(picture: CocoPicture) -> ImageContext:
    """The context of a COCO picture."""
    return ImageContext(picture.id, picture.image, picture.captions, tuple(Box(*box) for box in picture.boxes))
