"""Rebuild the five sticker atlases from the public icon packages they come from.

The course needs neither this script nor those packages: the atlases are committed. To make them again:

    npm install @iconify-json/noto @iconify-json/twemoji @iconify-json/fluent-emoji-flat \\
                @iconify-json/fluent-emoji @iconify-json/fluent-emoji-high-contrast
    pip install resvg-py scipy
    python tools/build_stickers.py node_modules/@iconify-json

Each drawing is rendered eight times too large, trimmed, averaged down to fit 46 pixels, and laid into a 48-pixel cell;
15 cells a row, in the order of `atlas_index` in classes.json.
"""

import hashlib
import io
import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

STICKERS = Path(__file__).resolve().parents[1] / "data" / "stickers"
PACKAGES = {
    "noto": "noto",
    "twemoji": "twemoji",
    "fluent_flat": "fluent-emoji-flat",
    "fluent": "fluent-emoji",
    "line": "fluent-emoji-high-contrast",
}
CELL, INNER, FINER, COLUMNS, ROWS = 48, 46, 8, 15, 15


def code_points() -> dict[int, str]:
    """atlas_index → code point in hexadecimal, from classes.json."""
    classes = json.loads((STICKERS / "classes.json").read_text(encoding="utf-8"))
    return {art["atlas_index"]: art["hex"] for record in classes for art in record["art"]}


def read_package(folder: Path) -> tuple[dict, dict[str, str]]:
    """(icons.json, code point → icon name). The gradient package names its icons as the flat one does."""
    icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
    named = folder if folder.name != "fluent-emoji" else folder.with_name("fluent-emoji-flat")
    return icons, json.loads((named / "chars.json").read_text(encoding="utf-8"))


def draw(icons: dict, names: dict[str, str], code: str) -> Image.Image:
    """One icon, CELL × FINER pixels wide, RGBA."""
    import resvg_py

    name = next(names[key] for key in (code, f"{code}-fe0f") if key in names)
    icon = icons["icons"].get(name) or icons["icons"][icons["aliases"][name]["parent"]]
    width, height = icon.get("width", icons.get("width", 16)), icon.get("height", icons.get("height", 16))
    side = CELL * FINER
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width} {height}" width="{side}" height="{side}">{icon["body"]}</svg>'
    )
    return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA")


def fill_white(picture: Image.Image) -> Image.Image:
    """Line art is transparent inside its outlines; a sticker is white there."""
    from scipy.ndimage import binary_fill_holes

    inside = binary_fill_holes(np.asarray(picture)[..., 3] > 100)
    white = np.full((*inside.shape, 4), 255, np.uint8)
    white[..., 3] = np.where(inside, 255, 0)
    return Image.alpha_composite(Image.fromarray(white), picture)


def fit(picture: Image.Image) -> Image.Image:
    """Trim, and average down to a cell with the drawing in its middle (Pillow averages colour × alpha)."""
    picture = picture.crop(picture.getchannel("A").getbbox())
    scale = INNER / max(picture.size)
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    cell = Image.new("RGBA", (CELL, CELL))
    cell.paste(picture.resize(size, Image.Resampling.BOX), ((CELL - size[0]) // 2, (CELL - size[1]) // 2))
    return cell


def build(style: str, packages: Path) -> Path:
    """Write one atlas; returns its path."""
    icons, names = read_package(packages / PACKAGES[style])
    sheet = Image.new("RGBA", (COLUMNS * CELL, ROWS * CELL))
    for index, code in code_points().items():
        picture = draw(icons, names, code)
        cell = fit(fill_white(picture) if style == "line" else picture)
        sheet.paste(cell, (index % COLUMNS * CELL, index // COLUMNS * CELL))
    path = STICKERS / f"{style}.webp"
    sheet.save(path, lossless=True, exact=False)
    return path


def main() -> None:
    """Build all styles and their manifest."""
    if len(sys.argv) != 2:
        sys.exit("usage: python tools/build_stickers.py node_modules/@iconify-json")
    manifest = {}
    for style in PACKAGES:
        path = build(style, Path(sys.argv[1]))
        manifest[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")
    (STICKERS / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
