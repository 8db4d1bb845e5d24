"""Which replies to ask for: one about each picture, their types mixed as in LLaVA-Instruct; all of them or a shard."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from course_lib.common.errors import Problem
from course_lib.instruct.formats import from_coco, from_scene
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
    """Jobs about the first `count` pictures of a COCO data set that have captions. `Problem` if they are too few."""
    try:
        contexts = [context for context in from_coco(_read(instances), _read(captions)) if context.captions]
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        reason = f"{type(error).__name__} {error}"
        raise Problem(f"{instances.name} and {captions.name} are no COCO instances and captions ({reason}).") from None
    if len(contexts) < count:
        raise Problem(f"{instances.name} has {len(contexts)} pictures with captions, so --count can't be {count}.")
    pairs = zip(contexts[:count], mixed_types(count), strict=True)
    return [Job(context, kind, boxes_for_all) for context, kind in pairs if shard.holds(context.id)]


def _read(file: Path) -> dict:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Problem(f"{file} can't be read: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise Problem(f"{file} is no json file.") from None
