"""MiniLlava around a published chat model, which is spoken to in its own chat template."""

from collections.abc import Sequence

import torch
from torch import Tensor

from course_lib import checkpoints
from course_lib.llava.chat_format import Segments, template_segments
from course_lib.llava.model import MiniLlava
from course_lib.lm.chat import mask_labels


class TemplatedLlava(MiniLlava):
    """MiniLlava that speaks in its language model's own chat template."""

    def segments(self, question: str, answer: str = "") -> Segments:
        """A picture, a question and its answer in segments, of which `collate` lets conversations share the first three."""
        return template_segments(self.tokenizer, [(question, answer)], self.patches)

    def encode(self, question: str, answer: str) -> tuple[list[int], list[int]]:
        """(ids, labels) of a picture, a question about it, and its answer, from which alone is learned."""
        return mask_labels(self.segments(question, answer))

    def stop_tokens(self) -> list[int]:
        """What the template puts behind an answer, and the end of a text."""
        (_, answer) = self.segments("?")[-1]
        return sorted({answer[-1], self.tokenizer.eos_token_id})

    def put_back(self, tensors: dict[str, Tensor]) -> None:
        """What was trained, into a model of the same recipe. `CheckpointError` where it does not fit."""
        expected = {name for name, parameter in self.named_parameters() if parameter.requires_grad}
        if expected != set(tensors):
            raise checkpoints.CheckpointError("These weights are of another model or recipe: bake them again.")
        self.load_state_dict({name: tensor.float() for name, tensor in tensors.items()}, strict=False)

    def _prompts(self, questions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Questions, each behind a picture, up to where the assistant begins: ids and mask [B, T], padded on the left."""
        texts = [[i for _, ids in self.segments(question)[:-1] for i in ids] for question in questions]
        padded = self.tokenizer.pad({"input_ids": texts}, padding_side="left", return_tensors="pt")
        return padded["input_ids"], torch.as_tensor(padded["attention_mask"])
