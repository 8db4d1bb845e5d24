"""Who may read whom, as data: the model reads it, and so does its test."""

import torch
from torch import Tensor

READS = {  # reader → what it reads. SEEM: configs/seem/focall_unicl_lang_v1.yaml
    "object": ("object",),  # segments everything, and never learns what was asked
    "query": ("query", "text", "visual", "memory"),  # looks for what was asked
    "text": ("text",),
    "visual": ("visual",),
    "memory": ("memory",),
}
LOOKS = {"object": "inside its own mask", "query": "inside its own mask", "memory": "inside the last round's mask"}


def may_read(kinds: list[str], valid: Tensor) -> Tensor:
    """kinds of N tokens, valid bool [B, N] (False is padding) → bool [B, N, N]: rows read columns."""
    table = torch.tensor([[other in READS[kind] for other in kinds] for kind in kinds])
    return table & valid[:, None, :]
