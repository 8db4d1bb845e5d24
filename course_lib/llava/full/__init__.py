"""LLaVA of full size, around published models. What decides a run stands here, without torch, for the command's `--help`.

Read `published.py` first (somebody else's LLaVA, loaded and asked: Lesson 06), then `model.py` (our `MiniLlava` around a CLIP or
SigLIP and a chat model), `data.py` (LLaVA's JSON → batches) and `scale.py` (the training, in one process or several). The command
line is `course_lib/cli/llava.py`; only Lessons 06 and 07 and the tests import from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class PretrainedParts:
    """What a full-size LLaVA is assembled of; the card of the tuned weights keeps it, so that they can be loaded again."""

    vision: str  # a CLIP or SigLIP of transformers: a folder, or a name on the hub
    language: str  # a causal language model with a chat template: a folder, or a name on the hub
    lora_rank: int = 16  # alpha is twice as much
    connector: str | None = None  # safetensors of stage 1, with keys connector.*; None: a new connector


@dataclass(frozen=True)
class ScaleRecipe:
    """A training run. LLaVA-1.5 with LoRA: batch 128, 2e-4, connector a tenth of it (scripts/v1_5/finetune_lora.sh)."""

    steps: int = 1000
    batch_size: int = 32  # pictures a step, over all processes and micro-batches
    micro_batch_size: int = 2  # pictures at once in a process: what its memory holds
    learning_rate: float = 2e-4
    connector_lr_mult: float = 1.0  # the connector's learning rate, as a multiple of the adapters'
    save_every: int = 50  # steps
    seed: int = 0
