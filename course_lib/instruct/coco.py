"""COCO's annotations, judged where they are used: what is impossible is left out and counted, and stops nothing else.

The rule: of a box that sticks out of its picture, the part inside stays. Dropped is a box without four numbers or a listed
category, without extent, outside the picture, smaller than a pixel, or listed twice; so is a caption without words. Skipped is a
picture that can't be named: without id or file name, or with those of an earlier one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from reprlib import repr as short
from typing import Any, NamedTuple

from course_lib.common.errors import Problem
from course_lib.common.text import readable
from course_lib.instruct.records import path_in_folder

NamedBox = tuple[
    str, float, float, float, float
]  # name; left, top, right and bottom edge as fractions of the picture, 0–1
ROUNDING = 0.5  # pixels beyond the edge that are no fault: annotation tools round
MAX_NAMED = 5  # pictures that the report names


class CocoPicture(NamedTuple):
    """What is known of a picture, and can be used."""

    id: str
    image: str  # file name
    captions: tuple[str, ...]
    boxes: tuple[NamedBox, ...]


class CocoAnnotations:
    """A COCO data set: the contents of instances_*.json and captions_*.json, joined by image id."""

    def __init__(self, instances: Any, captions: Any, names: tuple[str, str] = ("instances", "captions")) -> None:
        """names: of the two files, for what is said about them. `Problem` if one is no such file."""
        self.file = names[0]
        self._images = _rows(instances, "images", names[0])
        self._boxes = _by_picture(_rows(instances, "annotations", names[0]))
        self._captions = _by_picture(_rows(captions, "annotations", names[1]))
        self._categories = _names(_rows(instances, "categories", names[0]))
        self.dropped: Counter[str] = Counter()  # boxes, by what was wrong with them
        self.cut = self.empty_captions = 0
        self._pictures_with_dropped: set[str] = set()
        self.skipped: list[str] = []  # pictures, each with the reason

    def pictures(self) -> Iterator[CocoPicture]:
        """The pictures that can be named, in the file's order; each is judged only when its turn comes."""
        met = set()
        for row in self._images:
            id, image = _key(row.get("id")), row.get("file_name")
            image = readable(image).replace("\\", "/") if isinstance(image, str) else ""
            if not id or id in met:
                self.skipped.append(f"{image or 'one'} ({'its id is listed twice' if id else 'no id'})")
            elif not image or not path_in_folder(image):
                self.skipped.append(f"{id} (its file_name is {short(row.get('file_name'))}, no path within a folder)")
            else:
                yield CocoPicture(id, image, tuple(self._words(id)), tuple(self._judged(id, row)))
            met.add(id)

    def report(self) -> str:
        """A sentence about what was left out so far; "" if nothing was."""
        parts = []
        if self.dropped:
            reasons = ", ".join(f"{times} {reason}" for reason, times in self.dropped.most_common())
            pictures = len(self._pictures_with_dropped)
            parts.append(f"boxes dropped: {self.dropped.total():,} in pictures: {pictures:,} ({reasons})")
        if self.cut:
            parts.append(f"boxes cut off at the picture's edge: {self.cut:,} (COCO has [left, top, width, height])")
        if self.empty_captions:
            parts.append(f"captions without words: {self.empty_captions:,}")
        if self.skipped:
            more = f" and {len(self.skipped) - MAX_NAMED:,} more" if len(self.skipped) > MAX_NAMED else ""
            parts.append(f"pictures skipped: {', '.join(self.skipped[:MAX_NAMED])}{more}")
        return f"{self.file}: {'; '.join(parts)}." if parts else ""

    def _words(self, id: str) -> Iterator[str]:
        """The captions of a picture that say something."""
        for row in self._captions.get(id, []):
            caption = row.get("caption")
            if isinstance(caption, str) and any(map(str.isalnum, caption)):
                yield readable(caption.strip())
            else:
                self.empty_captions += 1

    def _judged(self, id: str, picture: Mapping) -> Iterator[NamedBox]:
        """The boxes of a picture that are possible; the others are counted."""
        met = set()
        for row in self._boxes.get(id, []):
            box = self._box(row, picture.get("width"), picture.get("height"))
            if isinstance(box, str) or box in met:
                self.dropped[box if isinstance(box, str) else "listed twice"] += 1
                self._pictures_with_dropped.add(id)
            else:
                yield box
                met.add(box)

    def _box(self, row: Mapping, width: object, height: object) -> NamedBox | str:
        """An annotation's box inside its picture, or what is wrong with it."""
        name, bbox = self._categories.get(_key(row.get("category_id"))), row.get("bbox")
        if not name:
            return "of a category that is not listed, or under two names"
        if not isinstance(bbox, list | tuple) or len(bbox) != 4 or not all(map(_is_number, bbox)):
            return "without four numbers"
        if not (_is_number(width) and _is_number(height) and width > 0 and height > 0):
            return "in a picture without width and height"
        x, y, w, h = bbox
        if w <= 0 or h <= 0:
            return "without extent"
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, width), min(y + h, height)
        if x0 >= x1 or y0 >= y1:
            return "outside the picture"
        if x1 - x0 < 1 and y1 - y0 < 1:
            return "smaller than a pixel"
        self.cut += max(x0 - x, y0 - y, x + w - x1, y + h - y1) > ROUNDING
        return name, x0 / width, y0 / height, x1 / width, y1 / height


def _rows(content: Any, key: str, file: str) -> list[dict]:
    """The objects in a list of the file; `Problem` where there is no such list."""
    rows = content.get(key) if isinstance(content, dict) else None
    if not isinstance(rows, list):
        raise Problem(
            f'{file} has no list "{key}". COCO\'s instances have "images", "annotations" and "categories", its captions "annotations".'
        )
    return [row for row in rows if isinstance(row, dict)]


def _names(categories: list[dict]) -> dict[str, str]:
    """Id → name; "" for an id that is listed under two names."""
    names: dict[str, str] = {}
    for row in categories:
        name, id = " ".join(readable(str(row.get("name") or "")).split()), _key(row.get("id"))
        names[id] = name if names.setdefault(id, name) == name else ""
    return names


def _by_picture(rows: list[dict]) -> dict[str, list[dict]]:
    """Id of a picture → its annotations, as they are."""
    grouped: dict[str, list[dict]] = {}
    for row in rows:
        grouped.setdefault(_key(row.get("image_id")), []).append(row)
    return grouped


def _key(id: object) -> str:
    """An id as text, since some tools write 7, some 7.0 and some "7"; "" for what can't be one."""
    if isinstance(id, float) and id.is_integer():
        id = int(id)
    return readable(str(id)).strip() if isinstance(id, int | str) and not isinstance(id, bool) else ""


def _is_number(value: object) -> bool:
    """A number of pixels that one can calculate with: no text, no NaN, and none beyond all pictures."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
