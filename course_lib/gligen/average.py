"""A running average of the weights while they are trained: its pictures are better than those of any single step."""

import copy

import torch
from torch import Tensor, nn


class WithAverage(nn.Module):
    """A model and the exponential moving average of its weights, saved and resumed as one.

    Early on the average is young: at step n it forgets as if it were over the last n/10 steps, up to 1 / (1 − decay).
    """

    def __init__(self, model: nn.Module, decay: float = 0.999) -> None:
        super().__init__()
        self.model = model
        self.average = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay
        self.register_buffer("updates", torch.zeros((), dtype=torch.long))

    def forward(self, *args, **kwargs) -> Tensor:
        """What the model itself says."""
        return self.model(*args, **kwargs)

    @torch.no_grad()
    def update(self) -> None:
        """To be called after every optimiser step."""
        self.updates += 1
        count = int(self.updates)
        keep = min(self.decay, (1 + count) / (10 + count))
        for mean, weight in zip(self.average.parameters(), self.model.parameters(), strict=True):
            mean.lerp_(weight, 1 - keep)
