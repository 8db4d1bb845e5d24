"""evaluate: measure the shipped models on held-out scenes, and print the figures."""

import importlib
import sys

ROOMS = {"world": "course_lib.world.measure", "clip": "course_lib.clip.measure"}


def add_arguments(parser) -> None:
    """Options of `evaluate`."""
    parser.add_argument("rooms", nargs="*", metavar="ROOM", help=f"of: {', '.join(ROOMS)} (default: all)")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--live", action="store_true", help="also train from scratch, and measure that")
    parser.add_argument("--atlas", help="measure zero-shot CLIP on this sticker atlas (a file with the course's index)")


def main(options) -> int:
    """Print as they come (JSON), or as one table at the end."""
    from course_lib.checkpoints import CheckpointError
    from course_lib.figures import table

    unknown = [room for room in options.rooms if room not in ROOMS]
    if unknown:
        print(f"No room is called {unknown[0]}; there are: {', '.join(ROOMS)}", file=sys.stderr)
        return 2
    rooms = ["clip"] if options.atlas else options.rooms or list(ROOMS)
    found = []
    try:
        for room in rooms:
            for figure in importlib.import_module(ROOMS[room]).figures(live=options.live, atlas=options.atlas):
                found.append(figure)
                if options.json:
                    print(figure.to_json(), flush=True)
    except (CheckpointError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    if not options.json:
        print(table(found))
    return 0
