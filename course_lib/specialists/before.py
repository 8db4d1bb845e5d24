"""Computer vision of 2006–2012 and of 2019, and the talk's slide with real parts: what they found was recorded (tools/record_real_specialists.py)."""

import json
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.session import REPO

RECORDED = REPO / "data" / "specialists" / "real_parts.json"
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")  # of skimage.data


def recorded() -> dict[str, Any]:
    """{"photographs": {name: found}, "sign": found, "labels": COCO's 80, "min_score", "packages", "command", "licence"}.

    found: "face", "cat face", "person": boxes x, y, width, height by OpenCV (photographs only); "objects": a detector's finds {"label",
    "score", "box"} from "min_score" on; "squashed": those in the picture squashed into a square; "surest": its first find, however
    sure; "texts": what a text reader reads (of the sign "text": with score and corner).
    """
    return json.loads(RECORDED.read_text(encoding="utf-8"))


def office_sign() -> np.ndarray:
    """The talk's sign, rendered: uint8 [160, 480, 3]."""
    image = Image.new("RGB", (480, 160), (196, 190, 178))
    pen = ImageDraw.Draw(image)
    pen.rectangle((30, 40, 450, 120), fill=(28, 54, 96))
    pen.text((240, 80), "BUSINESS CENTER", font=ImageFont.load_default(38), fill="white", anchor="mm")
    return np.asarray(image)


def boxed(picture: np.ndarray, boxes: list[list[int]]) -> np.ndarray:
    """The picture uint8 [H, W, 3] with boxes x, y, width, height drawn on it."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    for x, y, width, height in boxes:
        pen.rectangle((x, y, x + width, y + height), outline=(255, 200, 0), width=max(3, picture.shape[1] // 120))
    return np.asarray(image)


def named(picture: np.ndarray, finds: list[dict[str, Any]], squash: bool = False) -> np.ndarray:
    """The picture uint8 [H, W, 3] with a detector's finds, boxes and names; `squash` shows it as a square, as the detector then got it."""
    side = max(picture.shape[:2])
    height, width = (side, side) if squash else picture.shape[:2]
    stretch = np.tile([width / picture.shape[1], height / picture.shape[0]], 2)  # of x, y, width, height
    boxes = [np.multiply(one["box"], stretch).round().astype(int).tolist() for one in finds]
    image = Image.fromarray(boxed(np.asarray(Image.fromarray(picture).resize((width, height))), boxes))
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(side // 15)
    for number, (one, (x, y, _, tall)) in enumerate(zip(finds, boxes, strict=True)):
        room = side // 13  # the first name stands at the top of its box, where it fits; others stand below theirs
        above = number == 0 and (y >= room or tall > 2 * room)
        top = max(y - room, 0) if above else min(y + tall, height - room)
        label = f" {one['label']} {one['score']:.2f} "
        pen.rectangle((x, top, x + pen.textlength(label, font), top + room), fill=(255, 200, 0))
        pen.text((x, top + room / 2), label, "black", font, anchor="lm")
    return np.asarray(image)


def in_words(finds: list[dict[str, Any]]) -> str:
    """Finds with their scores, for those who don't see the boxes."""
    return ", ".join(f"{one['label']} {one['score']:.2f}" for one in finds) or "nothing"


def digits_accuracy() -> tuple[float, int]:
    """Handwritten digits of 8 × 8 pixels by a support vector machine: (share right, number) on the half that it never saw."""
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    images, labels = load_digits(return_X_y=True)
    half = len(images) // 2
    right = SVC(gamma=0.001).fit(images[:half], labels[:half]).predict(images[half:]) == labels[half:]
    return float(right.mean()), len(right)
