"""GroundingDINO → SAM 2.1: words find boxes (Liu et al., 2023), and each box becomes a mask."""

import numpy as np
import torch

from course_lib.canvas import Answer, Mark
from course_lib.seem.full.sam2 import Sam2

THRESHOLD = 0.3  # of a box's score


class GroundedSam2:
    """Words by one model, clicks and boxes by another."""

    takes = ("text", "click", "scribble", "box")

    def __init__(self, detector, processor, segmenter: Sam2) -> None:
        self.detector, self.processor, self.segmenter = detector.eval(), processor, segmenter
        self._picture = np.zeros((1, 1, 3), np.uint8)
        self._boxes: dict[str, list[tuple[float, Mark]]] = {}

    @classmethod
    def load(cls, detector: tuple[str, str], segmenter: tuple[str, str], *, device: str = "cpu") -> "GroundedSam2":
        """From two times (repository or folder, revision)."""
        from transformers import GroundingDinoForObjectDetection, GroundingDinoProcessor

        repository, revision = detector
        model = GroundingDinoForObjectDetection.from_pretrained(repository, revision=revision, use_safetensors=True).to(
            device
        )
        processor = GroundingDinoProcessor.from_pretrained(repository, revision=revision)
        return cls(model, processor, Sam2.load(segmenter, device=device))

    def look(self, picture: np.ndarray, reference: np.ndarray | None = None) -> "GroundedSam2":
        """Encode a picture for SAM; GroundingDINO reads it again with each new text. Returns itself."""
        self._picture, self._boxes = picture, {}
        self.segmenter.look(picture)
        return self

    def ask(self, marks: list[Mark]) -> Answer | None:
        """Words become the box that contains the clicks, or else the best; SAM does the rest."""
        texts = [mark for mark in marks if mark.kind == "text"]
        drawn = [mark for mark in marks if mark.kind != "text"]
        if not texts:
            return self.segmenter.ask(drawn)
        text = texts[-1].text
        if text not in self._boxes:
            self._boxes[text] = self.boxes(text)
        boxes = self._boxes[text]
        if not boxes:
            return Answer(note=f"no “{text}” found.")
        score, box = next(((score, box) for score, box in boxes if contains(box, drawn)), boxes[0])
        answer = self.segmenter.ask([box, *drawn])
        return Answer(answer.mask, text, score, f"{len(boxes)} box(es) for the words.")

    @torch.no_grad()
    def boxes(self, text: str) -> list[tuple[float, Mark]]:
        """(score, box) of what the text names, the highest score first."""
        text = text.lower().strip().rstrip(".") + "."  # it was trained on lower case and full stops
        inputs = self.processor(images=self._picture, text=text, return_tensors="pt").to(self.detector.device)
        output = self.detector(**inputs)
        size = self._picture.shape[:2]
        detections = self.processor.post_process_grounded_object_detection(
            output, inputs["input_ids"], threshold=THRESHOLD, text_threshold=THRESHOLD, target_sizes=[size]
        )[0]
        pairs = sorted(zip(detections["scores"].tolist(), detections["boxes"].tolist(), strict=True), reverse=True)
        return [(score, mark) for score, box in pairs if (mark := as_mark(box, size))]


def as_mark(box: list[float], size: tuple[int, int]) -> Mark | None:
    """A box x0 y0 x1 y1 in pixels as a mark; None when nothing of it is in the picture."""
    height, width = size
    x0, x1 = (min(max(x / width, 0.0), 1.0) for x in (box[0], box[2]))
    y0, y1 = (min(max(y / height, 0.0), 1.0) for y in (box[1], box[3]))
    return Mark("box", ((x0, y0), (x1, y1))) if x0 < x1 and y0 < y1 else None


def contains(box: Mark, drawn: list[Mark]) -> bool:
    """Are all points to include in the box, and is there any?"""
    points = [point for mark in drawn if mark.positive for point in mark.points]
    x0, y0, x1, y1 = box.xyxy
    return bool(points) and all(x0 <= x <= x1 and y0 <= y <= y1 for x, y in points)
