"""Computer vision of 2006–2012, and the talk's slide with real parts: what they found was recorded (tools/record_real_specialists.py)."""

import json
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.session import REPO

RECORDED = REPO / "data" / "specialists" / "real_parts.json"
PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "rocket")  # of skimage.data


def recorded() -> dict[str, Any]:
    """{"photographs": {name: {"face" …: boxes x, y, width, height}}, "sign": lines of text, "packages", "command"}."""
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


def digits_accuracy() -> tuple[float, int]:
    """Handwritten digits of 8 × 8 pixels by a support vector machine: (share right, number) on the half that it never saw."""
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    images, labels = load_digits(return_X_y=True)
    half = len(images) // 2
    right = SVC(gamma=0.001).fit(images[:half], labels[:half]).predict(images[half:]) == labels[half:]
    return float(right.mean()), len(right)
