"""Number formats: bfloat16 where it is quicker."""

import time
from contextlib import AbstractContextManager
from functools import cache

import torch


def mixed_precision(device: str = "cpu") -> AbstractContextManager:
    """`with mixed_precision(): model(…)` runs matrix products and convolutions in bfloat16, where that is quicker.

    Keep the loss outside: bfloat16 has three digits, too few for logits of up to 100.
    """
    return torch.autocast(device, torch.bfloat16, enabled=bfloat16_is_faster(device))


@cache
def bfloat16_is_faster(device: str = "cpu") -> bool:
    """Measured on a CPU (some multiply bfloat16 in hardware, some imitate it slowly); asked of a GPU (not so on a T4)."""
    if device != "cpu":
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)

    def seconds(dtype: torch.dtype) -> float:
        """The quickest of five products of this format."""
        matrix = torch.ones(768, 768, dtype=dtype)
        matrix @ matrix  # the first product also sets things up
        times = []
        for _ in range(5):
            start = time.perf_counter()
            matrix @ matrix
            times.append(time.perf_counter() - start)
        return min(times)

    return seconds(torch.bfloat16) < 0.8 * seconds(torch.float32)
