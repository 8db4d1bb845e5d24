"""CLIPSeg (Lüddecke and Ecker, 2022): a small decoder on CLIP that segments what a text, or a picture, describes."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.canvas import Answer, Mark

THRESHOLD = 0.4  # of the probability; its masks are soft, and each picture has another best threshold


class ClipSeg:
    """Text and reference pictures; two at once are averaged, as its training mixed them."""

    takes = ("text", "reference")

    def __init__(self, model, processor) -> None:
        self.model, self.processor = model.eval(), processor
        self._activations: list[Tensor] = []
        self._size = (0, 0)
        self._reference: np.ndarray | None = None

    @classmethod
    def load(cls, weights: tuple[str, str], *, device: str = "cpu") -> "ClipSeg":
        """From (repository or folder, revision)."""
        from transformers import CLIPSegForImageSegmentation, CLIPSegProcessor

        repository, revision = weights
        model = CLIPSegForImageSegmentation.from_pretrained(repository, revision=revision, use_safetensors=True)
        return cls(model.to(device), CLIPSegProcessor.from_pretrained(repository, revision=revision))

    @torch.no_grad()
    def look(self, picture: np.ndarray, reference: np.ndarray | None = None) -> "ClipSeg":
        """Run CLIP's image tower over a picture uint8 [H, W, 3], once. Returns itself."""
        output = self.model.clip.get_image_features(
            self._pixels(picture), interpolate_pos_encoding=True, output_hidden_states=True
        )
        self._activations = [output.hidden_states[layer + 1] for layer in self.model.extract_layers]  # each [1, N, W]
        self._size, self._reference = picture.shape[:2], reference
        return self

    @torch.no_grad()
    def ask(self, marks: list[Mark]) -> Answer | None:
        """The mask of what the text and the region of the reference describe."""
        conditions = [self._condition(mark) for mark in marks]
        if not conditions:
            return None
        logits = self.model.decoder(
            self._activations, torch.stack(conditions).mean(dim=0)
        ).logits  # [1, S, S], or [S, S]
        logits = logits.reshape(1, 1, *logits.shape[-2:])
        probs = F.interpolate(logits, self._size, mode="bilinear")[0, 0].sigmoid()  # [H, W]
        mask = probs > THRESHOLD
        if not mask.any():
            return Answer(note=f"nothing here fits: the most likely place has {100 * probs.max():.0f} %.")
        label = ", ".join(mark.text or "the reference" for mark in marks)
        return Answer(mask.cpu().numpy(), label, float(probs[mask].mean()))

    def _condition(self, mark: Mark) -> Tensor:
        """One vector [1, D] in CLIP's space."""
        if mark.kind == "text":
            inputs = self.processor(text=[mark.text], return_tensors="pt", truncation=True).to(self.model.device)
            return self.model.get_conditional_embeddings(1, inputs["input_ids"], inputs["attention_mask"])
        return self.model.get_conditional_embeddings(1, conditional_pixel_values=self._pixels(self._crop(mark)))

    def _crop(self, mark: Mark) -> np.ndarray:
        """The region of the reference alone: its paper found that CLIP reads a crop best."""
        height, width = self._reference.shape[:2]
        x0, y0, x1, y1 = mark.xyxy
        left, top = int(x0 * width), int(y0 * height)
        return self._reference[top : max(int(y1 * height), top + 1), left : max(int(x1 * width), left + 1)]

    def _pixels(self, picture: np.ndarray) -> Tensor:
        return self.processor(images=picture, return_tensors="pt")["pixel_values"].to(self.model.device)
