"""The losses that mend: hard negatives for CLIP, and preferences that ask for the picture."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.llava.data.packing import LlavaBatch
from course_lib.llava.model import MiniLlava
from course_lib.lm.loss import IGNORE_INDEX, answer_logps

LENGTH_PENALTY, UNFINISHED_PENALTY = 10.0, 8.0


def negclip_loss(
    image_features: Tensor, text_features: Tensor, negative_features: Tensor, logit_scale: Tensor
) -> Tensor:
    """The contrastive loss in which each picture also turns down the batch's false captions.

    All features [B, D], L2-normalised; logit_scale is the factor itself → scalar. Pictures choose among 2B texts, texts among B
    pictures: a false caption has no picture of its own (NegCLIP, section 4).
    """
    texts = torch.cat([text_features, negative_features])  # [2B, D]
    logits = logit_scale * image_features @ texts.T  # [B, 2B]
    labels = torch.arange(len(logits))
    return (F.cross_entropy(logits, labels) + F.cross_entropy(logits[:, : len(logits)].T, labels)) / 2


def text_logps(model: MiniLlava, batch: LlavaBatch) -> Tensor:
    """log p(text | picture, request) of B texts: the sum over the tokens of each, [B]. The batch's pictures are features [B, N, W]."""
    logits = model.language_model(
        inputs_embeds=model.embed(batch.input_ids, batch.pixel_values),
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
    ).logits  # [B, T, V]
    return answer_logps(logits.float(), batch.labels)


def token_logps(model: MiniLlava, batch: LlavaBatch) -> Tensor:
    """log p of every token that has a label, row after row, [M]. Only their places are turned into logits: a twentieth of all."""
    language_model = model.language_model
    hidden = language_model.get_decoder()(
        inputs_embeds=model.embed(batch.input_ids, batch.pixel_values),
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
    ).last_hidden_state  # [B, T, D]
    following = batch.labels[:, 1:]
    said = following != IGNORE_INDEX
    logits = language_model.get_output_embeddings()(hidden[:, :-1][said])  # [B, T-1, D] → [M, D] → [M, V]
    return -F.cross_entropy(logits.float(), following[said], reduction="none")


def log_ratios(
    model: Callable[..., Tensor], reference: Callable[..., Tensor], pictures: Tensor, chosen, rejected
) -> tuple[Tensor, Tensor]:
    """By how much B pairs' chosen and rejected texts became likelier, each beside its picture: two log ratios [B], what DPO compares.

    model, reference: functions (pictures [B, N, W], texts) → log p(text | picture) [B], of what learns and of what it began as. The
    reference is frozen: no gradient runs through it (Rafailov et al., 2023, arXiv 2305.18290, section 4).
    """
    with torch.no_grad():
        chosen_before, rejected_before = reference(pictures, chosen), reference(pictures, rejected)
    return model(pictures, chosen) - chosen_before, model(pictures, rejected) - rejected_before


def mdpo_loss(chosen: Tensor, rejected: Tensor, cropped: Tensor, beta: float) -> Tensor:
    """mDPO's three terms, equally weighted: preference, condition, anchor → scalar.

    Log-probability ratios [B] of the model to its reference: of the chosen text, of the rejected one, and of the *chosen text with a
    scrap of the picture* in its place (luka-group/mDPO, mdpo_trainer.py).
    """
    preference = -F.logsigmoid(beta * (chosen - rejected))
    condition = -F.logsigmoid(beta * (chosen - cropped))
    anchor = -F.logsigmoid(beta * chosen)
    return (preference + condition + anchor).mean()


def shaped_reward(rewards: Tensor, lengths: Tensor, finished: Tensor, max_length: int) -> Tensor:
    """What LLaVA-RLHF adds to a reward model's scores [B] of texts → [B] (Sun et al., 2023, arXiv 2309.14525; RLHF/models/ppo_trainer.py).

    lengths int64 [B], in tokens: −10 times the share of `max_length` that a text takes up. finished bool [B]: −8 for one that was cut
    off. Without the first, long texts win: they say more that is liked.
    """
    return rewards - LENGTH_PENALTY * lengths / max_length - UNFINISHED_PENALTY * (~finished)
