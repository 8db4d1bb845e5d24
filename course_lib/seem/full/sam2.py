"""SAM 2.1 (Ravi et al., 2024): clicks, boxes, and the mask of the round before."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_lib.canvas import Answer, Mark
from course_lib.seem.ui import Rounds

STROKE_POINTS = 8  # it knows no scribbles, so a stroke becomes some clicks


@dataclass(frozen=True)
class Sam2Round:
    """What one round gives: an answer, and the coarse mask that the next round starts from."""

    answer: Answer
    logits: Tensor  # [1, 1, h, w]


class Sam2:
    """Clicks, strokes as clicks, one box; no words."""

    takes = ("click", "scribble", "box")

    def __init__(self, model, processor) -> None:
        self.model, self.processor = model.eval(), processor
        self._image_embeddings: list[Tensor] = []
        self._size = (0, 0)
        self._rounds = Rounds(self.play)

    @classmethod
    def load(cls, weights: tuple[str, str], *, device: str = "cpu") -> "Sam2":
        """From (repository or folder, revision)."""
        from transformers import Sam2Model, Sam2Processor

        repository, revision = weights
        model = Sam2Model.from_pretrained(repository, revision=revision, use_safetensors=True)
        return cls(model.to(device), Sam2Processor.from_pretrained(repository, revision=revision))

    @torch.no_grad()
    def look(self, picture: np.ndarray, reference: np.ndarray | None = None) -> "Sam2":
        """Encode a picture uint8 [H, W, 3], once; it has no use for a reference. Returns itself."""
        pixels = self.processor(images=picture, return_tensors="pt")["pixel_values"]
        self._image_embeddings = self.model.get_image_embeddings(pixels.to(self.model.device))
        self._size, self._rounds = picture.shape[:2], Rounds(self.play)
        return self

    def ask(self, marks: list[Mark]) -> Answer | None:
        """The mask after as many rounds as there are marks."""
        last = self._rounds(marks)
        return last.answer if last else None

    @torch.no_grad()
    def play(self, marks: list[Mark], before: Sam2Round | None) -> Sam2Round:
        """One round: all marks so far, and the mask of the round before."""
        prompts = self._prompts(marks)
        # a single click is ambiguous, part or whole: then it offers three masks
        multimask = before is None and len(marks) == 1 and marks[0].kind == "click"
        output = self.model(
            image_embeddings=self._image_embeddings,
            input_masks=None if before is None else before.logits,
            multimask_output=multimask,
            **prompts,
        )
        best = int(output.iou_scores[0, 0].argmax())
        # the best of [1, 1, M, h, w] → [1, 1, h, w]; bounded as in its own code
        logits = output.pred_masks[:, :, best].clamp(-32, 32)
        mask = self.processor.post_process_masks([logits.cpu()], [self._size])[0][0, 0].numpy()
        note = "" if mask.any() else "nothing found there."
        return Sam2Round(Answer(mask, score=float(output.iou_scores[0, 0, best].clamp(0, 1)), note=note), logits)

    def _prompts(self, marks: list[Mark]) -> dict[str, Tensor]:
        """Marks as SAM's tensors, in pixels of the model: points [1, 1, P, 2] and labels [1, 1, P], boxes [1, 1, 4]."""
        height, width = self._size
        clicks = [(x * width, y * height, mark.positive) for mark in marks for x, y in click_points(mark)]
        boxes = [mark for mark in marks if mark.kind == "box"]
        if not all(box.positive for box in boxes):
            raise ValueError("SAM takes boxes only around what to include: exclude with clicks.")
        inputs = {}
        if clicks:
            inputs["input_points"] = [[[[x, y] for x, y, _ in clicks]]]
            inputs["input_labels"] = [[[int(positive) for *_, positive in clicks]]]
        if boxes:
            x0, y0, x1, y1 = boxes[-1].xyxy  # a new box replaces the last
            inputs["input_boxes"] = [[[x0 * width, y0 * height, x1 * width, y1 * height]]]
        tensors = self.processor(original_sizes=[[height, width]], return_tensors="pt", **inputs)
        return {name: tensors[name].to(self.model.device) for name in inputs}


def click_points(mark: Mark) -> list[tuple[float, float]]:
    """The points that SAM gets for a mark: a click's own, or some along a stroke."""
    if mark.kind not in ("click", "scribble"):
        return []
    steps = np.linspace(0, len(mark.points) - 1, min(STROKE_POINTS, len(mark.points)))
    return [mark.points[round(step)] for step in steps]
