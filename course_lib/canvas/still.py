"""The canvas as a picture: for a page that nobody can draw on, and for ipywidgets without anywidget."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from course_lib.canvas.marks import CORNERS, Mark

SIDE = 384  # pixels of the longer side
INCLUDE, EXCLUDE = (86, 180, 233), (230, 159, 0)  # Okabe-Ito blue and orange; a sign says the same without colours
DOT = 9  # radius of a click in pixels


def png(picture: Image.Image) -> bytes:
    """A picture as PNG, quickly."""
    stream = io.BytesIO()
    picture.save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def data_url(picture: Image.Image | np.ndarray) -> str:
    """A picture as an address that a page shows without asking anybody."""
    content = png(picture if isinstance(picture, Image.Image) else Image.fromarray(picture))
    return "data:image/png;base64," + base64.b64encode(content).decode()


def enlarged(picture: np.ndarray) -> Image.Image:
    """A picture uint8 [H, W, 3] at its size on the page; a small one keeps its pixels."""
    height, width = picture.shape[:2]
    factor = SIDE / max(height, width)
    way = Image.Resampling.NEAREST if factor > 1 else Image.Resampling.LANCZOS
    return Image.fromarray(picture).resize((round(width * factor), round(height * factor)), way)


def draw_mark(canvas: Image.Image, mark: Mark) -> None:
    """One mark: bright on black, so that it can be seen on any picture; + is what to include, − what not."""
    pen, colour = ImageDraw.Draw(canvas), INCLUDE if mark.positive else EXCLUDE
    points = [(x * (canvas.width - 1), y * (canvas.height - 1)) for x, y in mark.points]
    if not points:
        return
    for width, ink in ((6, "black"), (3, colour)):
        if mark.kind in CORNERS:
            pen.rectangle([*points[0], *points[1]], outline=ink, width=width)
        elif mark.kind != "click":
            pen.line(points + points[:1] if mark.kind == "polygon" else points, fill=ink, width=width)
    x, y = points[0]
    pen.ellipse((x - DOT, y - DOT, x + DOT, y + DOT), fill=colour, outline="black", width=2)
    pen.line((x - 5, y, x + 5, y), fill="black", width=2)
    if mark.positive:
        pen.line((x, y - 5, x, y + 5), fill="black", width=2)
    if mark.text:
        place, anchor = (x + DOT + 3, y + 1), "la"
        if mark.kind in CORNERS:  # outside the box, above it, or below where it reaches the top
            top, bottom = sorted(y for _, y in points)
            place, anchor = ((x + DOT + 3, top - 4), "ls") if top > 24 else ((x, bottom + 5), "la")
        pen.text(place, mark.text, "white", anchor=anchor, stroke_width=2, stroke_fill="black", font_size=15)


FILL, SHARE = (240, 228, 66), 0.38  # yellow of the Okabe-Ito colours; the outline does not depend on seeing it
OUTLINE_SIDE = 320  # pixels of the longer side, at least: an outline needs some


@dataclass(frozen=True)
class Answer:
    """A mask with its name and score, or a sentence instead of one."""

    mask: np.ndarray | None = None  # bool [H, W]
    label: str = ""
    score: float | None = None  # 0–1: how sure the model is
    note: str = ""  # anything else worth saying, or why there is no mask

    def __str__(self) -> str:
        """In words, also for those who can't see the mask."""
        parts = [self.label] if self.label else []
        parts += [f"{100 * self.score:.0f} % sure"] if self.score is not None else []
        if self.mask is not None:
            parts.append(f"{100 * np.mean(self.mask):.0f} % of the picture")
        return ", ".join(parts) + (". " if parts and self.note else "") + self.note


def drawn(picture: np.ndarray, marks: list[Mark], answer: Answer | None, reference: np.ndarray | None) -> Image.Image:
    """The picture with its answer and marks, and right of it the reference with its region."""
    left = enlarged(picture)
    if answer is not None and answer.mask is not None:
        layer = overlay(answer.mask).resize(left.size, Image.Resampling.NEAREST)
        left.paste(layer, mask=layer.getchannel("A"))
    for mark in marks:
        if mark.kind != "reference":
            draw_mark(left, mark)
    if reference is None:
        return left
    right = enlarged(reference)
    for mark in marks:
        if mark.kind == "reference":
            draw_mark(right, mark)
    both = Image.new("RGB", (left.width + right.width + 12, max(left.height, right.height)), "white")
    both.paste(left, (0, 0))
    both.paste(right, (left.width + 12, 0))
    return both


def described(alt: str, marks: list[Mark], answer: Answer | None) -> str:
    """What the picture of the canvas shows, in words."""
    sentence = f"{alt}, with {'; '.join(map(str, marks)) if marks else 'nothing drawn on it'}."
    return f"{sentence} Answer: {answer}" if answer is not None and str(answer) else sentence


def overlay(mask: np.ndarray) -> Image.Image:
    """A mask bool [H, W] as a picture to lie over another: see-through yellow with a black and white outline."""
    factor = max(1, -(-OUTLINE_SIDE // max(mask.shape)))
    mask = np.kron(mask, np.ones((factor, factor), bool))  # every pixel becomes factor × factor
    layer = np.zeros((*mask.shape, 4), np.uint8)  # colours and opacity
    layer[mask] = (*FILL, round(255 * SHARE))
    layer[mask & grown(grown(~mask))] = (255, 255, 255, 255)
    layer[~mask & grown(grown(mask))] = (0, 0, 0, 255)
    return Image.fromarray(layer)


def grown(mask: np.ndarray) -> np.ndarray:
    """The mask and the pixels beside it (the eight neighbours)."""
    rows = mask.copy()
    rows[1:] |= mask[:-1]
    rows[:-1] |= mask[1:]
    both = rows.copy()
    both[:, 1:] |= rows[:, :-1]
    both[:, :-1] |= rows[:, 1:]
    return both
