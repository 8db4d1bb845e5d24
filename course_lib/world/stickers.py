"""The classes of the sticker world and the artwork they are drawn with.

A *style* is one atlas: a lossless RGBA picture with 215 drawings in square cells, row by row. Every style has the same
index, so that drawing 7 is the same thing in all of them.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

STICKER_FOLDER = Path(__file__).resolve().parents[2] / "data" / "stickers"
STYLES = ("noto", "twemoji", "fluent_flat", "fluent", "line")
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown")
DRAWINGS = 215
CELL = 48  # pixels


@dataclass(frozen=True)
class StickerClass:
    """One noun of the world, with the rows of the atlas that show it."""

    id: int  # 1..200, also its COCO category
    name: str
    supercategory: str
    split: str  # "base" or "novel"
    drawings: tuple[int, ...]
    names: dict[str, str]  # language code → name, from Unicode CLDR
    keywords: dict[str, tuple[str, ...]]
    recolourable: bool
    place: str  # where it plausibly is: "ground", "air" or "top" (of the sky)


@cache
def classes() -> tuple[StickerClass, ...]:
    """All 200 classes, by id."""
    records = json.loads((STICKER_FOLDER / "classes.json").read_text(encoding="utf-8"))
    return tuple(_class_from(record) for record in records)


def _class_from(record: dict) -> StickerClass:
    return StickerClass(
        id=record["id"],
        name=record["name"],
        supercategory=record["supercategory"],
        split=record["split"],
        drawings=tuple(art["atlas_index"] for art in record["art"]),
        names=record["names"],
        keywords={language: tuple(words) for language, words in record["keywords"].items()},
        recolourable=record["recolourable"],
        place=record["place"],
    )


@cache
def _by_name() -> dict[str, StickerClass]:
    return {c.name: c for c in classes()}


def class_named(name: str) -> StickerClass:
    """The class with this English name; KeyError names the closest ones."""
    try:
        return _by_name()[name]
    except KeyError:
        import difflib

        close = difflib.get_close_matches(name, _by_name(), n=3)
        raise KeyError(f"no sticker is called {name!r}; close: {', '.join(close) or 'none'}") from None


def load_atlas(style: str | Path) -> np.ndarray:
    """The drawings of a style, or of any atlas file with the same index: uint8 [215, 48, 48, 4], straight alpha.

    Raises ValueError when the picture is no grid of 215 square cells.
    """
    path = STICKER_FOLDER / f"{style}.webp" if style in STYLES else Path(style)
    try:
        with Image.open(path) as picture:
            sheet = picture.convert("RGBA")
    except Exception as error:  # Pillow's readers raise a dozen kinds on damaged data
        raise ValueError(f"{path} can't be read as a sticker atlas: {error}") from None
    columns, cell = _grid(sheet.size, path)
    cells = [_cell(sheet, i, columns, cell) for i in range(DRAWINGS)]
    return np.stack(cells)


def _grid(size: tuple[int, int], path: Path) -> tuple[int, int]:
    """(columns, cell side) of the only grid of square cells that has room for 215 drawings and no empty row."""
    width, height = size
    fits = []
    for columns in range(1, DRAWINGS + 1):
        cell = width // columns
        rows = -(-DRAWINGS // columns)
        if cell >= 8 and columns * cell == width and rows * cell == height:
            fits.append((abs(cell - CELL), columns, cell))
    if not fits:
        raise ValueError(
            f"{path} is {width}×{height} pixels, which is no grid of {DRAWINGS} square cells; "
            f"15 columns and 15 rows of {CELL} px (720×720) is the form of the course's own atlases"
        )
    _, columns, cell = min(fits)
    return columns, cell


def _cell(sheet: Image.Image, index: int, columns: int, cell: int) -> np.ndarray:
    left, top = index % columns * cell, index // columns * cell
    drawing = sheet.crop((left, top, left + cell, top + cell))
    if cell != CELL:
        drawing = drawing.resize((CELL, CELL), Image.Resampling.BOX)
    return np.asarray(drawing)
