"""One hash for what a model may have been trained on: what is held out, the art, and the first scenes of a seed."""

import hashlib
import json
from dataclasses import asdict

from course_lib.world import splits
from course_lib.world.scenes import make_scene
from course_lib.world.stickers import COLOURS, STICKER_FOLDER, classes

SCENES = 50


def fingerprint() -> str:
    """16 hex digits, which change when a split, a drawing, or the scenes that a seed stands for change."""
    names = sorted(splits._colour_rank())
    relations = [f"{a}|{b}" for a in names for b in names if splits.held_out_relation(a, "left", b)]
    content = {
        "styles": splits.TRAIN_STYLES,
        "streams": splits.STREAMS,
        "novel": sorted(one.name for one in classes() if one.split == "novel"),
        "colours": [(name, colour) for name in names for colour in COLOURS if splits.held_out_colour(name, colour)],
        "relations": relations,
        "art": json.loads((STICKER_FOLDER / "manifest.json").read_text(encoding="utf-8")),
        "scenes": [asdict(make_scene(index)) for index in range(SCENES)],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
