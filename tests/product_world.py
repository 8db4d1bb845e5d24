"""Exercise of Lesson 00 → a tiny run of the course's own world that uses it."""

from course_lib.world import sprites
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene


def draw_anew():
    """A large picture of one thing, whose sprite is not taken from memory."""
    sprites._single.cache_clear()
    return render(make_scene(0, SceneSpec(names=("cat",))), size=256)


PRODUCT = {"world.box_from_mask": draw_anew}

NUMPYS_OWN = "numpy's integers equal Python's, and the statement asks for no type"

EQUIVALENT = {
    "world.box_from_mask": {
        f"left out: `int({number})` → `{number}`": NUMPYS_OWN
        for number in ("columns[0]", "rows[0]", "columns[-1]", "rows[-1]")
    },
    "world.overlap": {"order: `(a, b)` → `(b, a)`": "a sum and a product are the same in either order"},
}
