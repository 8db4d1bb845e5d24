"""`bake`: the shipped checkpoints, made again from their seed."""

import argparse
from pathlib import Path

from course_lib.commands.registry import find
from course_lib.session import REPO

BAKES = {
    "clip_tokenizer": "course_lib.clip.learn:bake_tokenizer",
    "clip": "course_lib.clip.learn:bake",
    "clip_supervised": "course_lib.clip.supervised:bake",
    "lm_tokenizer": "course_lib.lm.learn:bake_tokenizer",
    "lm_base": "course_lib.lm.learn:bake_base",
    "lm": "course_lib.lm.learn:bake_tuned",
    "seem": "course_lib.seem.learn:bake",
    "llava_words": "course_lib.llava.saved:bake_words",
    "llava_connector": "course_lib.llava.saved:bake_connector",
    "llava": "course_lib.llava.saved:bake",
    "llava_smollm2": "course_lib.llava.smollm2:bake",
    "gligen_base": "course_lib.gligen.learn:bake_base",
    "gligen_gates": "course_lib.gligen.learn_gates:bake_gates",
    "gligen_detector": "course_lib.gligen.detector_learn:bake_detector",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """NAME, --out."""
    parser.add_argument("name", metavar="NAME", help=", ".join(BAKES))
    parser.add_argument(
        "--out", type=Path, default=REPO / "data" / "checkpoints", help="folder (default: data/checkpoints)"
    )


def main(args: argparse.Namespace) -> int:
    """Write the checkpoint and its card into the folder. Interrupted, it goes on when called again."""
    function = find(BAKES, args.name, "checkpoint")
    args.out.mkdir(parents=True, exist_ok=True)
    function(args.out)
    return 0
