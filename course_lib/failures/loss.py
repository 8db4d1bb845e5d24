"""The losses that mend: hard negatives for CLIP, and preferences that ask for the picture."""

import torch
from torch import Tensor
from torch.nn import functional as F

from course_lib.llava.data.packing import LlavaBatch
from course_lib.llava.model import MiniLlava
from course_lib.lm.loss import IGNORE_INDEX


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
    """log p(text | picture, request): the sum over its tokens, [B]."""
    hidden = model.language_model.get_decoder()(
        inputs_embeds=model.embed(batch.input_ids, batch.pixel_values),
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
    ).last_hidden_state  # [B, T, D]
    learned = batch.labels[:, 1:] != IGNORE_INDEX  # [B, T-1]
    logits = model.language_model.get_output_embeddings()(hidden[:, :-1][learned])  # [M, V]
    losses = F.cross_entropy(logits.float(), batch.labels[:, 1:][learned], reduction="none")  # [M]
    rows = learned.nonzero()[:, 0]  # [M]: which text a token is of
    return -torch.zeros(len(learned)).index_add(0, rows, losses)


def mdpo_loss(chosen: Tensor, rejected: Tensor, cropped: Tensor, beta: float) -> Tensor:
    """mDPO's three terms, equally weighted: preference, condition, anchor → scalar.

    Log-probability ratios [B] of the model to its reference: of the chosen text, of the rejected one, and of the *chosen text with a
    scrap of the picture* in its place (luka-group/mDPO, mdpo_trainer.py).
    """
    preference = -F.logsigmoid(beta * (chosen - rejected))
    condition = -F.logsigmoid(beta * (chosen - cropped))
    anchor = -F.logsigmoid(beta * chosen)
    return (preference + condition + anchor).mean()
