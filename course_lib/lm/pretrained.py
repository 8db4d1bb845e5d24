"""The pocket language model to begin with: untrained from a seed, pretrained, or tuned to follow instructions."""

from pathlib import Path

from transformers import LlamaForCausalLM

from course_lib import checkpoints
from course_lib.lm.model import build_model
from course_lib.lm.tokenizer import get_tokenizer

BASE = checkpoints.FOLDER / "lm_base.safetensors"
TUNED = checkpoints.FOLDER / "lm.safetensors"


def build_lm(seed: int = 0) -> LlamaForCausalLM:
    """An untrained language model, as large as the tokenizer's vocabulary: the same weights for the same seed."""
    return build_model(len(get_tokenizer()), seed)


def load_base(file: Path = BASE) -> LlamaForCausalLM:
    """The one that read plain text only. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    tensors, _ = checkpoints.load(file)
    model = build_lm()
    model.load_state_dict({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]})  # one table at both ends
    return model.eval()


def load_tuned(file: Path = TUNED) -> LlamaForCausalLM:
    """The one that follows instructions. Raises CheckpointError when it is missing or damaged."""
    return load_base(file)
