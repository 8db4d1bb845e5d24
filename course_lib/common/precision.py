"""Number formats: what pretrained weights are computed in, and bfloat16 where it is quicker."""

from contextlib import AbstractContextManager
from functools import cache

import torch

INSTRUCTIONS = (
    "_is_avx512_bf16_supported",
    "_is_amx_tile_supported",
)  # torch.cpu's questions; a torch without them: no


def compute_dtype(device: torch.device | str = "cpu") -> torch.dtype:
    """The dtype that pretrained weights are loaded and multiplied in.

    bfloat16 on GPUs that multiply it in hardware (from Ampere on), float16 on those that don't (a T4, Apple's), float32
    on a CPU. The course's own models stay in float32 everywhere, and `mixed_precision` computes part of them in bfloat16.
    """
    device = torch.device(device)
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16
    return torch.float16 if device.type == "mps" else torch.float32


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
        return torch.cuda.is_available() and compute_dtype(device) == torch.bfloat16
    return any(getattr(torch.cpu, name, bool)() for name in INSTRUCTIONS)
