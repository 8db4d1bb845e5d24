"""Which replies to ask for: one about each picture, their types mixed as in LLaVA-Instruct; all of them or a shard."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.common.json_files import read_values
from course_lib.instruct.coco import CocoAnnotations
from course_lib.instruct.formats import ImageContext, coco_context, from_scene
from course_lib.instruct.run.generate import Job
from course_lib.world.coco import file_name
from course_lib.world.scenes import make_scene

SHARES = {"conversation": 58, "detail": 23, "complex": 77}


def mixed_types(count: int, shares: Mapping[str, int] = SHARES) -> list[str]:
    """The type of each of `count` replies: by their shares, and every beginning of the list as near to them as it can be.

    Each place goes to the type that is furthest behind its share (the first in `shares`, if two are). So a longer list
    begins with the shorter one, and what was asked for 100 replies counts towards 1,000.
    """
    types, counts = [], dict.fromkeys(shares, 0)
    for place in range(1, count + 1):
        behind = {type: share * place - sum(shares.values()) * counts[type] for type, share in shares.items()}
        furthest = max(behind, key=behind.__getitem__)
        counts[furthest] += 1
        types.append(furthest)
    return types


@dataclass(frozen=True)
class Shard:
    """Part `number` (from 1) of `of` parts. A hash of the picture's id decides, so every process knows its pictures."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """ "2/8" → Shard(2, 8)."""
        number, _, of = text.partition("/")
        if not (number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of)):
            raise Problem(f'--shard is "{text}", but should be such as 2/8: part 2 of 8.')
        return cls(int(number), int(of))

    def holds(self, picture: str) -> bool:
        """Is the picture with this id in this part?"""
        digest = hashlib.sha256(picture.encode()).digest()
        return int.from_bytes(digest[:8], "big") % self.of == self.number - 1


def scene_jobs(count: int, seed: int = 0, shard: Shard = Shard(), boxes_for_all: bool = False) -> list[Job]:
    """Jobs about the first `count` training scenes."""
    jobs = []
    for index, type in enumerate(mixed_types(count)):
        scene = make_scene(index, seed=seed)
        if shard.holds(file_name(scene).removesuffix(".png")):  # asked first, as rendering takes most of the time
            jobs.append(Job(from_scene(scene), type, boxes_for_all))
    return jobs


def coco_jobs(
    instances: Path, captions: Path, count: int, shard: Shard = Shard(), boxes_for_all: bool = False
) -> list[Job]:
    """Jobs about the first `count` pictures of a COCO data set that have captions. `Problem` if they are too few.

    What had to be left out of them (`instruct/coco.py` has the rule) is printed in one sentence.
    """
    annotations = CocoAnnotations(_read(instances), _read(captions), (instances.name, captions.name))
    contexts = list(islice(_with_captions(annotations), count))
    report = annotations.report()
    if len(contexts) < count:
        raise Problem(
            f"{instances.name} has {len(contexts)} pictures with captions, so --count can't be {count}. {report}".strip()
        )
    if report:
        print(report)
    pairs = zip(contexts, mixed_types(count), strict=True)
    return [Job(context, kind, boxes_for_all) for context, kind in pairs if shard.holds(context.id)]


def _with_captions(annotations: CocoAnnotations) -> Iterator[ImageContext]:
    """The pictures that the teacher can be told something about."""
    for picture in annotations.pictures():
        if picture.captions:
            yield coco_context(picture)
        else:
            annotations.skipped.append(f"{picture.id} (no caption)")


def _read(file: Path) -> object:
    """The one value of a JSON file."""
    values = read_values(file)
    if len(values) > 1:
        raise Problem(f"{file} holds {len(values)} JSON values, where COCO has one object. Give COCO's own file.")
    return values[0]
