"""Number formats: bfloat16 where it is quicker."""

from contextlib import AbstractContextManager
from functools import cache

import torch

INSTRUCTIONS = (
    "_is_avx512_bf16_supported",
    "_is_amx_tile_supported",
)  # torch.cpu's questions; a torch without them: no


def mixed_precision(device: str = "cpu") -> AbstractContextManager:
    """`with mixed_precision(): model(…)` runs matrix products and convolutions in bfloat16, where that is quicker.

    Keep the loss outside: bfloat16 has three digits, too few for logits of up to 100.
    """
    return torch.autocast(device, torch.bfloat16, enabled=bfloat16_is_faster(device))


@cache
def bfloat16_is_faster(device: str = "cpu") -> bool:
    """Does the device have instructions that multiply bfloat16? Without them it is imitated, slowly (so on a T4).

    Not measured: on a busy computer a measurement answers now so, now so, and a run that goes on after a stop, or is
    repeated, would come to other weights.
    """
    if device != "cpu":
        return torch.cuda.is_available() and torch.cuda.get_device_capability() >= (8, 0)
    return any(getattr(torch.cpu, name, bool)() for name in INSTRUCTIONS)


def half(device: torch.device) -> torch.dtype:
    """The number format of matrix products: bfloat16, float16 on GPUs that lack it (T4), float32 on a CPU."""
    if device.type == "cpu":
        return torch.float32
    return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16
