"""Draw data/contact_sheets/: every drawing of every style, and what else is in the world. python tools/contact_sheets.py"""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.shapes import shape_sprites
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN, sign_sprite
from course_lib.world.stickers import COLOURS, DRAWINGS, STYLES, classes, load_atlas

TARGET = Path(__file__).resolve().parents[1] / "data" / "contact_sheets"
PAPER = (232, 236, 242)
COLUMNS, WIDTH, HEIGHT, SIDE = 15, 56, 54, 32  # of a style's sheet: one labelled drawing is WIDTH × HEIGHT pixels


def style_sheet(style: str) -> Image.Image:
    """All drawings of a style, each with its class's name below it in one line or two."""
    names = {row: "\n".join(c.name.rsplit(" ", 1)) for c in classes() for row in c.drawings}
    paper = Image.new("RGBA", (COLUMNS * WIDTH, -(-DRAWINGS // COLUMNS) * HEIGHT), (*PAPER, 255))
    pen, font = ImageDraw.Draw(paper), ImageFont.load_default(9)
    for row, drawing in enumerate(load_atlas(style)):
        x, y = row % COLUMNS * WIDTH, row // COLUMNS * HEIGHT
        small = Image.fromarray(drawing).resize((SIDE, SIDE), Image.Resampling.BOX)
        paper.alpha_composite(small, (x + (WIDTH - SIDE) // 2, y + 1))
        text = (x + WIDTH // 2, y + SIDE + 1)
        pen.multiline_text(text, names[row], fill="black", font=font, anchor="ma", align="center", spacing=0)
    return paper.convert("RGB")


def sprite_sheet(sprites: np.ndarray, columns: int) -> Image.Image:
    """uint8 [N, 48, 48, 4] → one picture, row by row on grey paper."""
    rows = -(-len(sprites) // columns)
    paper = Image.new("RGBA", (columns * 48, rows * 48), (*PAPER, 255))
    for number, sprite in enumerate(sprites):
        paper.alpha_composite(Image.fromarray(sprite), (number % columns * 48, number // columns * 48))
    return paper.convert("RGB")


def scene_sheet() -> Image.Image:
    """24 scenes of 96 pixels: twelve in uniform placement, then twelve in plausible placement."""
    recipes = (SceneSpec(), SceneSpec(placement="plausible"))
    images = [render(make_scene(index, recipe), 96).image for recipe in recipes for index in range(12)]
    rows = [np.concatenate(images[start : start + 8], axis=1) for start in range(0, 24, 8)]
    return Image.fromarray(np.concatenate(rows))


def main() -> None:
    """Eight small files."""
    words = (*WORDS_TRAIN, *WORDS_TEST)
    signs = np.stack([sign_sprite(word, COLOURS[i % 8]) for i, word in enumerate(words)])
    sheets = {style: style_sheet(style) for style in STYLES}
    sheets |= {"shapes": sprite_sheet(shape_sprites(), 16), "signs": sprite_sheet(signs, 16), "scenes": scene_sheet()}
    TARGET.mkdir(parents=True, exist_ok=True)
    for name, picture in sheets.items():
        picture.save(TARGET / f"{name}.webp", quality=72, method=6)


if __name__ == "__main__":
    main()
