"""MiniLlava: frozen eyes, a connector, and a language model (Liu et al., 2023, arXiv 2304.08485, section 4.1)."""

import hashlib
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from course_lib.llava.chat_format import Segments, picture_segments
from course_lib.lm.chat import Message, mask_labels
from course_lib.lm.generate import stop_token_ids
from course_lib.lm.loss import IGNORE_INDEX, next_token_loss
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
        return stop_token_ids(self.tokenizer)

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


FIRST_TEXT_ONLY = 1000  # groups from here on don't see the picture (`packed_attention_mask`)


def splice(embeddings: Tensor, is_image: Tensor, patches: Tensor) -> Tensor:
    """Put patches where the marks are: embeddings [B, T, D], is_image bool [B, T], patches [I, N, D] → [B, T, D].

    The I pictures come in the order of the text. Raises ValueError when the marks do not number I × N: the text was cut off
    within a picture, or belongs to other pictures.
    """
    marks, given = int(is_image.sum()), patches.shape[0] * patches.shape[1]
    if marks != given:
        raise ValueError(f"The text has places for {marks} patches, the pictures have {given}. Was the text cut off?")
    flat = patches.flatten(0, 1).to(embeddings.dtype)  # [I, N, D] → [I·N, D]
    return embeddings.masked_scatter(is_image.unsqueeze(-1), flat)


def packed_attention_mask(groups: Tensor) -> Tensor:
    """Who may look at whom when several conversations share one picture: groups [B, T] → bool [B, 1, T, T].

    Group 0 is what they share, 1, 2, … are the conversations, −1 is padding. Each token sees what is before it in its own
    group and in group 0, so that a conversation learns as if it were alone with the picture. Groups from FIRST_TEXT_ONLY on don't see
    group 0 either: they are conversations without a picture.
    """
    length = groups.shape[1]
    before = torch.ones(length, length, dtype=torch.bool).tril()
    same = groups[:, :, None] == groups[:, None, :]  # [B, T, T]: of the one who looks, of the one looked at
    sees = (groups >= 0) & (groups < FIRST_TEXT_ONLY)  # [B, T]
    shared = (groups[:, None, :] == 0) & sees[:, :, None]
    return ((same | shared) & before)[:, None]  # [B, 1, T, T]


KINDS = ("linear", "mlp2x_gelu")


def make_connector(vision_width: int, language_width: int, kind: str = "mlp2x_gelu") -> nn.Sequential:
    """A new connector: patch features [..., vision_width] → word embeddings [..., language_width].

    ValueError for a kind that is not in KINDS.
    """
    if kind not in KINDS:
        raise ValueError(f"There is no connector {kind!r}. Choose one of: {', '.join(KINDS)}.")
    layers: list[nn.Module] = [nn.Linear(vision_width, language_width)]
    if kind == "mlp2x_gelu":
        layers += [nn.GELU(), nn.Linear(language_width, language_width)]
    return nn.Sequential(*layers)


def select_features(hidden_states: Sequence[Tensor], layer: int, class_token: bool) -> Tensor:
    """What the connector gets of a picture tower: L + 1 states [B, 1 + N, W], the embeddings first → [B, N, W].

    `layer` counts as Python does: −1 is what the last block gave, −2 the one before. Without a class token the states are
    [B, N, W] already (LLaVA: llava/model/multimodal_encoder/clip_encoder.py, `feature_select`).
    """
    return hidden_states[layer][:, int(class_token) :]


def picture_labels(segments: Segments, image_token: int, patches: int, most: int) -> tuple[list[int], list[int]]:
    """Segments (learned?, token ids) in which `image_token` stands once for a picture → ids, labels, at most `most` of each.

    The mark becomes `patches` places, from which nothing is learned; then what is too long is cut off, as LLaVA does
    (llava/model/llava_arch.py, `prepare_inputs_labels_for_multimodal`). ValueError if no label is left.
    """
    ids: list[int] = []
    labels: list[int] = []
    for learned, tokens in segments:
        for token in tokens:
            times = patches if token == image_token else 1
            ids += [token] * times
            labels += [token if learned and token != image_token else IGNORE_INDEX] * times
    if all(label == IGNORE_INDEX for label in labels[:most]):
        raise ValueError(f"Nothing is left to learn within {most} tokens, {patches} of them the picture's.")
    return ids[:most], labels[:most]


def freeze(model: nn.Module) -> list[str]:
    """Stage 1, in place: of `vision`, `connector` and `language_model` only the connector learns → the names of what learns."""
    model.requires_grad_(False)
    model.connector.requires_grad_(True)
    return [name for name, parameter in model.named_parameters() if parameter.requires_grad]


def fingerprints(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """{name: tensor} → {name: SHA-256 of its bytes}: equal for equal bits, different if a single one has changed."""
    return {
        name: hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
        for name, tensor in tensors.items()
    }
