"""Logits only where there are labels.

Of a row with a picture few places are learned from. A vocabulary of 50,000 makes the logits of all the others the
largest tensor of the whole step, for nothing.
"""

from torch import Tensor
from torch.nn import functional as F

from course_lib.llava.data.batches import LlavaBatch
from course_lib.lm.loss import IGNORE_INDEX


def loss_sum(model, batch: LlavaBatch) -> Tensor:
    """The sum of cross-entropies over all M learned tokens: `MiniLlava.forward`'s loss times M. Scalar.

    For language models whose logits are their output layer's, unchanged: Llama, Qwen and SmolLM, not Gemma 2 or Cohere.
    """
    hidden = model.language_model.get_decoder()(
        inputs_embeds=model.embed(batch.input_ids, model.image_features(batch.pixel_values)),
        attention_mask=batch.attention_mask,
        position_ids=batch.position_ids,
        use_cache=False,
    ).last_hidden_state  # [B, T, D]
    learned = batch.labels[:, 1:] != IGNORE_INDEX  # [B, T-1]
    logits = model.language_model.get_output_embeddings()(hidden[:, :-1][learned])  # [M, V]
    return F.cross_entropy(logits.float(), batch.labels[:, 1:][learned], reduction="sum")


def num_label_tokens(batch: LlavaBatch) -> int:
    """M: how many tokens a batch teaches."""
    return int((batch.labels[:, 1:] != IGNORE_INDEX).sum())
