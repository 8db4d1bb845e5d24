"""Draw data/contact_sheets/: every drawing of every style, and what else is in the world. python tools/contact_sheets.py"""

from pathlib import Path

import numpy as np
from PIL import Image

from course_lib.world.shapes import shape_sprites
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN, sign_sprite
from course_lib.world.stickers import COLOURS, STYLES, load_atlas

TARGET = Path(__file__).resolve().parents[1] / "data" / "contact_sheets"
PAPER = (232, 236, 242)


def sheet(sprites: np.ndarray, columns: int) -> Image.Image:
    """uint8 [N, 48, 48, 4] → one picture, row by row on grey paper."""
    rows = -(-len(sprites) // columns)
    paper = Image.new("RGBA", (columns * 48, rows * 48), (*PAPER, 255))
    for number, sprite in enumerate(sprites):
        paper.alpha_composite(Image.fromarray(sprite), (number % columns * 48, number // columns * 48))
    return paper.convert("RGB")


def main() -> None:
    """Seven small files."""
    TARGET.mkdir(parents=True, exist_ok=True)
    for style in STYLES:
        sheet(load_atlas(style), 24).resize((768, 288), Image.Resampling.LANCZOS).save(
            TARGET / f"{style}.webp", quality=80
        )
    sheet(shape_sprites(), 16).save(TARGET / "shapes.webp", quality=80)
    words = (*WORDS_TRAIN, *WORDS_TEST)
    signs = np.stack([sign_sprite(word, COLOURS[i % 8]) for i, word in enumerate(words)])
    sheet(signs, 16).save(TARGET / "signs.webp", quality=80)


if __name__ == "__main__":
    main()
