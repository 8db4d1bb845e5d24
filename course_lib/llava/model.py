"""MiniLlava: a frozen vision tower, a connector, and a language model (Liu et al., 2023, arXiv 2304.08485, section 4.1).

    pixel_values [B, 3, S, S] ── vision (frozen) ──→ [B, N, W] ── connector ──→ [B, N, D] ─┐
    input_ids [B, T], <image> N times ── word embeddings ──→ [B, T, D] ────────────────────┴─ splice ──→ [B, T, D]
                                                                                                            │
    loss, logits [B, T, V] ←────────────────────────── language model (any causal one of transformers) ←────┘

- A picture is N vectors at the places of `<image>`: `splice` puts them there, and counts them.
- The vision tower never learns; stage 1 trains the connector, stage 2 connector and language model (`train/stages.py`).
- Several conversations may share one picture's row: `packed_attention_mask` keeps them from seeing each other.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from course_lib.llava import chat_format
from course_lib.llava.chat_format import MAX_LENGTH, Segments
from course_lib.lm.chat import Message
from course_lib.lm.generate import stop_token_ids
from course_lib.lm.loss import next_token_loss
from course_lib.lm.tokenizer import IMAGE

FIRST_TEXT_ONLY = 1000  # segments from this id on don't see the picture (`packed_attention_mask`)


def splice(embeddings: Tensor, is_image: Tensor, patches: Tensor) -> Tensor:
    """Replace image tokens by patches: embeddings [B, T, D], is_image bool [B, T], patches [I, N, D] → [B, T, D].

    The I pictures come in the order of the text. Raises ValueError when the image tokens do not number I × N: the text was
    cut off within a picture, or belongs to other pictures.
    """
    num_marks, num_patches = int(is_image.sum()), patches.shape[0] * patches.shape[1]
    if num_marks != num_patches:
        raise ValueError(
            f"The text has places for {num_marks} patches, the pictures have {num_patches}. Was the text cut off?"
        )
    return embeddings.masked_scatter(is_image.unsqueeze(-1), patches.flatten(0, 1))  # [I, N, D] → [I·N, D]


def packed_attention_mask(segment_ids: Tensor) -> Tensor:
    """The attention mask of rows in which several conversations share one picture: segment_ids [B, T] → bool [B, 1, T, T].

    Segment 0 is what they share, 1, 2, … are the conversations, −1 is padding. Each token attends to what is before it in its
    own segment and in segment 0, so that a conversation learns as if it were alone with the picture. Segments from
    FIRST_TEXT_ONLY on don't see segment 0 either: they are conversations without a picture.
    """
    length = segment_ids.shape[1]
    causal = torch.ones(length, length, dtype=torch.bool).tril()
    same = segment_ids[:, :, None] == segment_ids[:, None, :]  # [B, T, T]: query's segment is the key's
    sees_picture = (segment_ids >= 0) & (segment_ids < FIRST_TEXT_ONLY)  # [B, T]
    shared = (segment_ids[:, None, :] == 0) & sees_picture[:, :, None]
    return ((same | shared) & causal)[:, None]  # [B, 1, T, T]


class MiniLlava(nn.Module):
    """A language model that is given a picture as if it were words.

    vision: pixel_values [B, 3, S, S] → patch features [B, N, W], frozen for good. connector: [..., W] → [..., D].
    language_model: any causal one of transformers, D wide; tokenizer: its own, with `<image>` reserved.
    """

    def __init__(
        self, vision: nn.Module, connector: nn.Module, language_model: nn.Module, tokenizer, num_patches: int = 64
    ) -> None:
        super().__init__()
        self.vision = vision.requires_grad_(False)
        self.connector, self.language_model = connector, language_model
        self.tokenizer, self.num_patches = tokenizer, num_patches
        self.image_token = tokenizer.convert_tokens_to_ids(IMAGE)

    def train(self, mode: bool = True) -> "MiniLlava":
        """The vision tower stays in evaluation mode, whatever the rest does."""
        super().train(mode)
        self.vision.eval()
        return self

    @torch.no_grad()
    def image_features(self, pixel_values: Tensor) -> Tensor:
        """pixel_values [B, 3, S, S], normalised → patch features [B, N, W]. Frozen: they may be computed once and kept."""
        return self.vision(pixel_values)

    def embed(self, input_ids: Tensor, features: Tensor) -> Tensor:
        """Word embeddings with the patches in their places: input_ids [B, T], features [I, N, W] → [B, T, D]."""
        embeddings = self.language_model.get_input_embeddings()(input_ids)  # [B, T, D]
        patches = self.connector(features).to(embeddings.dtype)  # [I, N, D]
        return splice(embeddings, input_ids == self.image_token, patches)

    def forward(
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        labels: Tensor,
        pixel_values: Tensor | None = None,
        features: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Next-token loss (a scalar) and logits [B, T, V].

        input_ids and labels [B, T], attention_mask [B, T] or bool [B, 1, T, T]; pixel_values [I, 3, S, S], or their features
        [I, N, W] as `image_features` gives them.
        """
        features = self.image_features(pixel_values) if features is None else features
        out = self.language_model(
            inputs_embeds=self.embed(input_ids, features),
            attention_mask=attention_mask,
            position_ids=position_ids,
            use_cache=False,
        )
        return next_token_loss(out.logits.float(), labels), out.logits

    def segments(self, question: str, answer: str = "") -> Segments:
        """A picture, a question and its answer, in segments (learned?, token ids)."""
        messages = [Message(role="user", content=question), Message(role="assistant", content=answer)]
        return chat_format.picture_segments(self.tokenizer, messages)

    def encode(self, question: str, answer: str) -> tuple[list[int], list[int]]:
        """(input ids, labels) of a picture, a question about it, and its answer, from which alone is learned."""
        segments = self.segments(question, answer)
        return chat_format.picture_labels(segments, self.image_token, self.num_patches, MAX_LENGTH)

    @torch.no_grad()
    def answer(
        self,
        picture: Tensor,
        questions: Sequence[str],
        max_new_tokens: int = 60,
        temperature: float = 0.0,
        num_beams: int = 1,
    ) -> list[str]:
        """A picture and a question each → what the model says, greedily, or sampled where the temperature is above 0.

        picture: pixel_values [B, 3, S, S], or features [B, N, W] as `image_features` gives them. Keys and values of what was
        read are kept (the KV cache), so that each further token costs one step. num_beams: above 1, beam search keeps so many
        beginnings and says the likeliest text it finds, not the likeliest next word each time.
        """
        features = self.image_features(picture) if getattr(picture, "ndim", 3) == 4 else picture
        prompts = self._prompts(questions, self.num_tokens(features))
        input_ids, attention_mask = (tensor.to(features.device) for tensor in prompts)
        new_ids = self.language_model.generate(
            inputs_embeds=self.embed(input_ids, features),
            attention_mask=attention_mask,
            max_new_tokens=max_new_tokens,
            num_beams=num_beams,
            **({"do_sample": True, "temperature": temperature, "top_k": 0} if temperature else {"do_sample": False}),
            eos_token_id=self.stop_token_ids(),
            pad_token_id=self.tokenizer.pad_token_id,
        )
        return [text.strip() for text in self.tokenizer.batch_decode(new_ids, skip_special_tokens=True)]

    def num_tokens(self, features: Tensor) -> int:
        """How many places each of these pictures takes in the text."""
        return self.num_patches

    def stop_token_ids(self) -> list[int]:
        """Token ids that end an answer."""
        return stop_token_ids(self.tokenizer)

    def _prompts(self, questions: Sequence[str], num_tokens: int) -> tuple[Tensor, Tensor]:
        """Input ids and attention mask [B, T], padded on the left: questions behind a picture, up to where the assistant begins."""
        rows = []
        for question in questions:
            ids = [i for _, tokens in self.segments(question)[:-1] for i in tokens]
            rows.append(chat_format.expand_image_tokens(ids, self.image_token, num_tokens))
        length = max(map(len, rows))
        input_ids = torch.tensor([[self.tokenizer.pad_token_id] * (length - len(row)) + row for row in rows])
        mask = (torch.arange(length) >= torch.tensor([[length - len(row)] for row in rows])).long()  # [B, T]
        return input_ids, mask


class TemplatedLlava(MiniLlava):
    """MiniLlava around a published chat model, which is spoken to in its own chat template."""

    def segments(self, question: str, answer: str = "") -> Segments:
        """A picture, a question and its answer in segments, of which `collate` lets conversations share the first three."""
        return chat_format.template_segments(self.tokenizer, [(question, answer)])

    def stop_token_ids(self) -> list[int]:
        """What the template puts behind an answer, and the end of a text."""
        (_, answer) = self.segments("?")[-1]
        return sorted({answer[-1], self.tokenizer.eos_token_id})
