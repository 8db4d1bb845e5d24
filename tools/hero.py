"""Draw README's picture: two rows of scenes. python tools/hero.py"""

from pathlib import Path

import numpy as np
from PIL import Image

from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene

ROWS, COLUMNS, SIDE = 2, 6, 160
TARGET = Path(__file__).resolve().parents[1] / "docs" / "img" / "hero.webp"


def main() -> None:
    """Scenes 0 to 11 of the plausible kind, as everybody has them."""
    recipe = SceneSpec(placement="plausible")
    images = [render(make_scene(index, recipe), SIDE).image for index in range(ROWS * COLUMNS)]
    rows = [np.concatenate(images[row * COLUMNS : (row + 1) * COLUMNS], axis=1) for row in range(ROWS)]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate(rows)).save(TARGET, quality=88)


if __name__ == "__main__":
    main()
