"""One hash for what Lesson 10's models may have been trained on: the sticker world, what is held out of it here, and the first scenes."""

import hashlib
import json
from dataclasses import asdict

from course_lib.gligen.world import BACKDROPS, NAMES, PIXELS, REGIONS, WIDTHS, draw_scene, held_out_place
from course_lib.world.fingerprint import SCENES
from course_lib.world.fingerprint import fingerprint as sticker_world


def fingerprint() -> str:
    """16 hex digits, which change when the sticker world does, or the places that are held out, or the scenes of a seed."""
    middles = [(region + 0.5) / REGIONS for region in range(REGIONS)]
    content = {
        "world": sticker_world(),
        "drawn": [NAMES, BACKDROPS, PIXELS],
        "places": [(name, x, y) for name in NAMES for x in middles for y in middles if held_out_place(name, x, y)],
        "scenes": [asdict(draw_scene(index, count=(most, most))) for most in WIDTHS for index in range(SCENES)],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
