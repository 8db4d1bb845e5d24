"""`build`: the notebooks from their masters."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """LESSON…, --check, --execute."""
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help='such as 02 or "02_clip" (default: all)')
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a notebook is not what its master says"
    )
    parser.add_argument("--execute", action="store_true", help="run the solutions and store their outputs")


def main(args: argparse.Namespace) -> int:
    """See `course_lib.authoring.build`."""
    from course_lib.authoring import build

    return build.main(args)
