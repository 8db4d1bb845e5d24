"""bake: train a shipped checkpoint again, from its seed. Interrupted, the same command goes on."""

import importlib
from pathlib import Path

BAKES = {  # name → function(out_folder)
    "clip": "course_lib.clip.learn:bake",
    "clip_tokenizer": "course_lib.clip.learn:bake_tokenizer",
}


def add_arguments(parser) -> None:
    """Options of `bake`."""
    parser.add_argument("name", choices=sorted(BAKES), help="which checkpoint")
    parser.add_argument("--out", type=Path, help="another folder than data/checkpoints")


def main(options) -> int:
    """Write the checkpoint and its card."""
    from course_lib import checkpoints

    module, function = BAKES[options.name].split(":")
    getattr(importlib.import_module(module), function)(options.out or checkpoints.FOLDER)
    return 0
