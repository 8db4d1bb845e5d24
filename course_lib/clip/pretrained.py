"""The pocket CLIP to begin with: untrained from a seed, or the shipped checkpoint."""

from pathlib import Path

import torch

from course_lib import checkpoints
from course_lib.clip.model import PocketCLIP, PocketConfig
from course_lib.clip.tokenizer import get_tokenizer

CHECKPOINT = checkpoints.FOLDER / "clip.safetensors"


def build_clip(seed: int = 0) -> PocketCLIP:
    """An untrained PocketCLIP: the same weights for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PocketCLIP(PocketConfig(vocab_size=get_tokenizer().vocab_size)).eval()


def load_clip(file: Path = CHECKPOINT) -> PocketCLIP:
    """The one we made earlier. Raises CheckpointError, saying what to do, when it is missing or damaged."""
    _, card = checkpoints.load(file)
    model = PocketCLIP(PocketConfig(**card["config"]))
    checkpoints.load_into(model, file)
    return model.eval()
