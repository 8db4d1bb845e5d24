"""A model with int8 weights (`common.int8` says how a matrix becomes that).

Only weights are quantised; what flows between layers stays float32. A row is turned back into floats when it is used, so that memory
is saved and time is not: kernels that multiply int8 itself are what makes quantised models quick.
"""

import copy

from torch import Tensor, nn
from torch.nn import functional as F

from course_lib.common.int8 import quantise_rows
from course_lib.llava.model import MiniLlava


class Int8Linear(nn.Module):
    """A linear layer whose weight [O, I] is kept in int8; the bias [O], if there is one, stays as it was."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        quantised, scale, error = quantise_rows(weight.detach())
        self.register_buffer("weight", quantised)
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if bias is None else bias.detach())
        self.relative_error = float(error)

    def forward(self, features: Tensor) -> Tensor:
        return F.linear(features, self.weight * self.scale, self.bias)


class Int8Embedding(nn.Module):
    """A table of embeddings [V, D] in int8, a scale for each token. Its rows are those of `tied`, the layer that ends the model."""

    def __init__(self, tied: Int8Linear) -> None:
        super().__init__()
        self.weight, self.scale = tied.weight, tied.scale

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.weight[input_ids] * self.scale[input_ids]  # [B, T, D]


def quantised(model: MiniLlava) -> MiniLlava:
    """A copy whose connector and language model have int8 weights. The vision tower, frozen and shared, stays as it is."""
    connector, language_model = copy.deepcopy(model.connector), copy.deepcopy(model.language_model)
    small = MiniLlava(model.vision, connector, language_model, model.tokenizer, model.num_patches)
    for part in (connector, language_model):
        for module in list(part.modules()):
            for name, child in list(module.named_children()):
                if isinstance(child, nn.Linear):
                    setattr(module, name, Int8Linear(child.weight, child.bias))
    language_model.model.embed_tokens = Int8Embedding(language_model.lm_head)
    return small.eval()


def num_bytes(model: MiniLlava) -> int:
    """Bytes of connector and language model: parameters and buffers, what is shared once."""
    parts = (model.connector, model.language_model)
    tensors = [one for part in parts for one in (*part.parameters(), *part.buffers())]
    return sum({one.data_ptr(): one.numel() * one.element_size() for one in tensors}.values())


def largest_error(model: MiniLlava) -> float:
    """The largest relative error of a layer of a model that `quantised` made."""
    return max(module.relative_error for module in model.modules() if isinstance(module, Int8Linear))
