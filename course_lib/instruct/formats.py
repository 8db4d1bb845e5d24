"""What the teacher is given in place of the picture: captions, and boxes with names (LLaVA, section 3)."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from course_lib.common.text import readable
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


TYPES = ("conversation", "detail", "complex")  # LLaVA-Instruct has 58k, 23k and 77k of them


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
        """LLaVA's own json (docs/Finetune_Custom_Data.md): <image> once, at the beginning of the first human turn."""
        conversations = []
        for number, turn in enumerate(self.turns):
            mark = "" if number else "<image>\n"
            conversations.append({"from": "human", "value": mark + turn.question})
            conversations.append({"from": "gpt", "value": turn.answer})
        return {"id": f"{self.id}/{self.type}", "image": self.image, "conversations": conversations}


def serialise(context: ImageContext, boxes: bool) -> str:
    """The captions, one a line; with `boxes`, then an empty line and one line for each box (LLaVA, section 3)."""
    lines = [" ".join(caption.split()) for caption in context.captions]
    if boxes and context.boxes:
        lines += ["", *(box_line(box) for box in context.boxes)]
    return "\n".join(lines)


def box_line(box: Box) -> str:
    """`taxi: [0.469, 0.297, 0.812, 0.516]`: left, top, right and bottom edge as shares of width and height."""
    edges = ", ".join(f"{edge:.3f}" for edge in (box.x0, box.y0, box.x1, box.y1))
    return f"{box.name}: [{edges}]"


MARK = "<image>"
SPEAKERS = ("human", "gpt")


def turns(record: dict) -> list[dict]:
    """The turns of a record, as far as there are any."""
    found = record.get("conversations")
    return [turn for turn in found if isinstance(turn, dict)] if isinstance(found, list) else []


def values(record: dict) -> list[str]:
    """What is said in each turn."""
    return [str(turn.get("value", "")) for turn in turns(record)]


def starts_with_mark(record: dict) -> bool:
    """Does the first human turn begin with the mark and a line break?"""
    return values(record)[:1] != [] and values(record)[0].startswith(MARK + "\n")


RULES: dict[str, Callable[[dict], bool]] = {
    "it has an id, a text": lambda r: isinstance(r.get("id"), str) and r["id"] != "",
    "it names one picture by its file, relative to the picture folder": lambda r: (
        isinstance(r.get("image"), str) and r["image"] != "" and not r["image"].startswith(("/", "\\"))
    ),
    "its conversations are a list of turns": lambda r: bool(turns(r)) and len(turns(r)) == len(r["conversations"]),
    "each turn is from human or gpt": lambda r: all(turn.get("from") in SPEAKERS for turn in turns(r)),
    "human begins, and the two take turns": lambda r: all(
        turn.get("from") == SPEAKERS[number % 2] for number, turn in enumerate(turns(r))
    ),
    "gpt has the last word": lambda r: len(turns(r)) % 2 == 0,
    "nobody says nothing": lambda r: all(
        isinstance(turn.get("value"), str) and turn["value"].replace(MARK, "").strip() for turn in turns(r)
    ),
    "it holds <image> once": lambda r: sum(value.count(MARK) for value in values(r)) == 1,
    "<image> begins the first human turn, on a line of its own": starts_with_mark,
}
UNIQUE = "no two records have the same id"


def check_llava_format(records: object) -> list[str]:
    """Every breach of a rule, as "record 3: the rule". An empty list says that the file can be trained on."""
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        return ["the file should be a list of records"]
    found = [
        f"record {number}: {rule}"
        for number, record in enumerate(records)
        for rule, holds in RULES.items()
        if not holds(record)
    ]
    ids = Counter(str(record.get("id")) for record in records)
    return found + [f"id {name}: {UNIQUE}" for name, times in ids.items() if times > 1]
