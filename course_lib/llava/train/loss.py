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
    embeddings, _ = model.embedded(batch.ids, model.image_features(batch.pixels))
    read = model.language_model.get_decoder()(
        inputs_embeds=embeddings, attention_mask=batch.mask, position_ids=batch.positions, use_cache=False
    )
    learned = batch.labels[:, 1:] != IGNORE_INDEX  # [B, T-1]
    logits = model.language_model.get_output_embeddings()(read.last_hidden_state[:, :-1][learned])  # [M, V]
    return F.cross_entropy(logits.float(), batch.labels[:, 1:][learned], reduction="sum")


def num_label_tokens(batch: LlavaBatch) -> int:
    """M: how many tokens a batch teaches."""
    return int((batch.labels[:, 1:] != IGNORE_INDEX).sum())
