"""Record what real specialists find: `python tools/record_real_specialists.py` writes data/specialists/real_parts.json.

It needs packages that the course does not: opencv-python-headless<5 (Apache-2.0; version 5 has neither cascades nor HOG),
rapidocr-onnxruntime (Apache-2.0), and scikit-image (BSD) for the photographs. Only what they found is kept, no weights.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import skimage.data
from rapidocr_onnxruntime import RapidOCR

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from course_lib.specialists.before import PHOTOGRAPHS, office_sign  # noqa: E402

PACKAGES = ("opencv-python-headless", "rapidocr-onnxruntime", "scikit-image")


def faces(grey: np.ndarray, cascade: str) -> list[list[int]]:
    """Boxes x, y, width, height by a cascade of Haar features (Viola and Jones, 2001)."""
    detector = cv2.CascadeClassifier(cv2.data.haarcascades + cascade)
    return [list(map(int, box)) for box in detector.detectMultiScale(grey, 1.1, 5, minSize=(40, 40))]


def people(picture: np.ndarray) -> list[list[int]]:
    """Boxes of upright people by histograms of oriented gradients and a linear SVM (Dalal and Triggs, 2005)."""
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    boxes, _ = hog.detectMultiScale(picture, winStride=(8, 8))
    return [list(map(int, box)) for box in boxes]


def main() -> None:
    """Run all, write the file."""
    found: dict[str, dict] = {}
    for name in PHOTOGRAPHS:
        picture = getattr(skimage.data, name)()
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        found[name] = {
            "face": faces(grey, "haarcascade_frontalface_default.xml"),
            "cat face": faces(grey, "haarcascade_frontalcatface.xml"),
            "person": people(picture),
        }
    lines, _ = RapidOCR()(office_sign())
    text = [
        {"text": text, "score": round(float(score), 3), "corner": list(map(round, box[0]))}
        for box, text, score in lines or []
    ]
    record = {
        "command": "python tools/record_real_specialists.py",
        "packages": {name: version(name) for name in PACKAGES},
        "licence": "Apache-2.0, numbers measured for this course; the photographs are scikit-image's and are not in this file",
        "photographs": found,
        "sign": text,
    }
    file = REPO / "data" / "specialists" / "real_parts.json"
    file.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
