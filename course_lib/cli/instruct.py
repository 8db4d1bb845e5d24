"""`instruct`: visual instruction data, written by a text-only teacher (Lesson 05)."""

import argparse
from pathlib import Path

TEACHERS = ("grammar", "endpoint", "local", "replay")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """write … and merge FILES…."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="write | merge")
    write = actions.add_parser("write", help="ask a teacher for what is missing, and make the data set of it")
    write.add_argument("--teacher", choices=TEACHERS, default="grammar", help="who writes (default: grammar, offline)")
    write.add_argument(
        "--model", help="endpoint: the model's name there; local: a folder, or a name of Hugging Face's hub"
    )
    write.add_argument("--journal", type=Path, metavar="FILE", help="replay: the journal to repeat")
    write.add_argument(
        "--shard", default="1/1", metavar="I/N", help="only part I of N, for several processes or machines"
    )
    write.add_argument(
        "--parallel",
        "--threads",
        type=int,
        default=4,
        metavar="N",
        help="questions asked at the same time (default: 4)",
    )
    write.add_argument(
        "--timeout",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="endpoint: how long a reply may take (default: 60). Where one takes longer, the run slows down by itself.",
    )
    write.add_argument("--per-minute", type=float, metavar="N", help="at most so many questions a minute")
    write.add_argument("--budget", type=int, metavar="TOKENS", help="stop before more tokens than this are used")
    write.add_argument(
        "--max-cost", type=float, metavar="MONEY", help="stop before it costs more than this (needs --prices)"
    )
    merge = actions.add_parser("merge", help="join the journals of all shards, and make one data set of them")
    merge.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="journals: what write left as *.journal.jsonl"
    )
    for action in (write, merge):
        _add_common(action)


def _add_common(parser: argparse.ArgumentParser) -> None:
    """What says which replies there should be, and where they go."""
    parser.add_argument("--count", type=int, required=True, metavar="N", help="how many replies in all, one a picture")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.json", help="the data set, in LLaVA's format")
    parser.add_argument(
        "--coco",
        nargs=2,
        type=Path,
        metavar=("INSTANCES", "CAPTIONS"),
        help="COCO json, whose impossible boxes and empty captions are left out and counted (default: sticker scenes)",
    )
    parser.add_argument(
        "--images",
        type=Path,
        metavar="FOLDER",
        help="draw the sticker scenes there, under the names in the data set, for LLaVA's trainer or `llava scale`",
    )
    parser.add_argument("--size", type=int, default=336, metavar="N", help="their pixels a side (default: 336)")
    parser.add_argument("--seed", type=int, default=0, help="of the sticker scenes (default: 0)")
    parser.add_argument("--boxes", action="store_true", help="show the teacher boxes for conversations, too")
    parser.add_argument(
        "--prices",
        nargs=2,
        type=float,
        default=(0.0, 0.0),
        metavar=("IN", "OUT"),
        help="of a million tokens, in your money",
    )


def main(args: argparse.Namespace) -> int:
    """Write or merge; 0 if nothing is missing in the end."""
    from course_lib.instruct.run import command  # late: `--help` must work without numpy

    return {"write": command.write, "merge": command.merge}[args.action](args)
