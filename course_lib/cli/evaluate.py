"""`evaluate`: the figures of the course, measured again."""

import argparse
import inspect
import sys
from collections.abc import Iterator

from course_lib import figures
from course_lib.cli.registry import BAKES, ROOMS, find
from course_lib.common.errors import Problem


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """ROOM…, --json, --atlas, --live."""
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"{', '.join(ROOMS)} (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    parser.add_argument("--atlas", metavar="FILE", help="only this style: a picture laid out as data/stickers/*.webp")
    parser.add_argument("--live", action="store_true", help="also train as in the lessons, minutes each")


def main(args: argparse.Namespace) -> int:
    """Print each figure as soon as it is known (a line of JSON, or of progress), and a table at the end.

    With all rooms, every checkpoint is first compared with its card, and the card with today's recipe, world and inputs: the
    exit code is 1 where one is not what it says.
    """
    problems = [] if args.rooms else outdated_checkpoints()
    for problem in problems:
        print(f"✗ {problem}. `python -m course_lib bake --all` makes it again.", file=sys.stderr)

    measured, mendable = [], (OSError, ValueError) if args.atlas else OSError
    try:
        for figure in measure(args):
            measured.append(figure)
            line = figure.to_json() if args.json else f"{figure.id} …"
            print(line, file=sys.stdout if args.json else sys.stderr, flush=True)
    except mendable as error:  # a file that is missing, or no atlas
        raise Problem(str(error)) from error
    if not args.json:
        print(figures.table(measured))
        if any(one.id in figures.papers() for one in measured):
            print(
                "\npaper: what a far larger model reached on other pictures (sources: data/papers.json). Not comparable in size."
            )
    return 1 if problems else 0


def outdated_checkpoints() -> list[str]:
    """What is wrong with the checkpoints that are measured. One that is not there yet is asked for by the room that needs it."""
    from course_lib.checkpoints import FOLDER
    from course_lib.cli import artefacts, bake

    there = [name for name in BAKES if artefacts.file_of(name, FOLDER).exists()]
    return [problem for name, reasons in bake.outdated(FOLDER).items() if name in there for problem in reasons]


def measure(args: argparse.Namespace) -> Iterator[figures.Figure]:
    """The figures of the rooms in turn, each followed by the weights that were loaded for it.

    Each room is given the options it knows; --atlas asks only rooms that know it.
    """
    from course_lib.checkpoints import READ

    options = {"live": args.live, "atlas": args.atlas}
    for room in args.rooms or ROOMS:
        function = find(ROOMS, room, "room")
        known = inspect.signature(function).parameters
        if args.atlas is None or "atlas" in known:
            before = set(READ)
            yield from function(**{name: value for name, value in options.items() if name in known})
            if loaded := [f"{name} {digest[:12]}" for name, digest in READ.items() if name not in before]:
                yield figures.Figure(f"{room}.weights", len(loaded), unit="files", note=", ".join(loaded))
