"""MiniLlava: frozen eyes, a connector, and a language model (Liu et al., 2023, arXiv 2304.08485, section 4.1)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.llava.labels import picture_segments
from course_lib.llava.splice import splice
from course_lib.lm.chat import Message, mask_labels
from course_lib.lm.generate import stop_tokens
from course_lib.lm.loss import next_token_loss
from course_lib.lm.tokenizer import IMAGE


class MiniLlava(nn.Module):
    """A language model that is given a picture as if it were words.

    vision: pixels [B, 3, S, S] → patch features [B, N, W], frozen for good. connector: [..., W] → [..., D].
    language_model: any causal one of transformers, D wide; tokenizer: its own, with `<image>` reserved.
    """

    def __init__(
        self, vision: nn.Module, connector: nn.Module, language_model: nn.Module, tokenizer, patches: int = 64
    ) -> None:
        super().__init__()
        self.vision = vision.requires_grad_(False)
        self.connector, self.language_model = connector, language_model
        self.tokenizer, self.patches = tokenizer, patches
        self.image_token = tokenizer.convert_tokens_to_ids(IMAGE)

    def train(self, mode: bool = True) -> "MiniLlava":
        """The eyes stay as they are, whatever the rest does."""
        super().train(mode)
        self.vision.eval()
        return self

    @torch.no_grad()
    def image_features(self, pixels: Tensor) -> Tensor:
        """pixels [B, 3, S, S], normalised → patch features [B, N, W]. Frozen: they may be computed once and kept."""
        return self.vision(pixels)

    def embedded(self, ids: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """ids [B, T], features [I, N, W] → embeddings [B, T, D], and the places of the first text's patches [N]."""
        is_image = ids == self.image_token
        words = self.language_model.get_input_embeddings()(ids)  # [B, T, D]
        return splice(words, is_image, self.connector(features)), is_image[0].nonzero().squeeze(1)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        pixels: Tensor | None = None,
        features: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """ids and labels [B, T], mask [B, T] or [B, 1, T, T]; pixels [I, 3, S, S] or their features → loss, logits [B, T, V]."""
        features = self.image_features(pixels) if features is None else features
        embeddings, _ = self.embedded(input_ids, features)
        out = self.language_model(
            inputs_embeds=embeddings, attention_mask=attention_mask, position_ids=position_ids, use_cache=False
        )
        return next_token_loss(out.logits.float(), labels), out.logits

    def encode(self, question: str, answer: str) -> tuple[list[int], list[int]]:
        """(ids, labels) of a picture, a question about it, and its answer, from which alone is learned."""
        messages = [Message(role="user", content=question), Message(role="assistant", content=answer)]
        return mask_labels(picture_segments(self.tokenizer, messages, self.patches))

    @torch.no_grad()
    def answer(self, picture: Tensor, questions: Sequence[str], most: int = 60) -> list[str]:
        """A picture and a question each → what the model says, greedily.

        picture: pixels [B, 3, S, S], or features [B, N, W] as `image_features` gives them. What was read is kept (the KV
        cache), so that each further token costs one step.
        """
        features = self.image_features(picture) if picture.ndim == 4 else picture
        ids, mask = (part.to(features.device) for part in self._prompts(questions))
        embeddings, _ = self.embedded(ids, features)
        written = self.language_model.generate(
            inputs_embeds=embeddings,
            attention_mask=mask,
            max_new_tokens=most,
            do_sample=False,
            eos_token_id=self.stop_tokens(),
            pad_token_id=self.tokenizer.pad_token_id,
        )
        return [text.strip() for text in self.tokenizer.batch_decode(written, skip_special_tokens=True)]

    def stop_tokens(self) -> list[int]:
        """Token ids that end an answer."""
        return stop_tokens(self.tokenizer)

    def _prompts(self, questions: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Questions, each behind a picture, up to where the assistant begins: ids and mask [B, T], padded on the left."""
        rows = []
        for question in questions:
            asked = [Message(role="user", content=question), Message(role="assistant", content="")]
            rows.append([i for _, ids in picture_segments(self.tokenizer, asked, self.patches)[:-1] for i in ids])
        longest = max(map(len, rows))
        ids = torch.tensor([[self.tokenizer.pad_token_id] * (longest - len(row)) + row for row in rows])
        mask = (torch.arange(longest) >= torch.tensor([[longest - len(row)] for row in rows])).long()  # [B, T]
        return ids, mask
