"""`check`: which exercises are solved, by you or by a class."""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--submissions FOLDER, and what goes with it."""
    parser.add_argument(
        "--submissions", type=Path, metavar="FOLDER", help="grade all notebooks below, FOLDER/STUDENT/…"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("gradebook.csv"), metavar="FILE", help="the table (%(default)s)"
    )
    parser.add_argument("--minutes", type=float, default=20.0, help="time for one submission (%(default)s)")
    parser.add_argument("--gigabytes", type=float, default=4.0, help="memory for one submission (%(default)s)")


def main(args: argparse.Namespace) -> int:
    """Print the table of all exercises, with difficulty, minutes and state; or write a class's gradebook."""
    if args.submissions:
        from course_lib.classroom.gradebook import Limits, grade

        details = grade(args.submissions, args.out, Limits(args.minutes, args.gigabytes))
        print(f"✓ {args.out}, and every exercise in {details}")
        return 0
    from course_lib.checker.table import progress_table

    print(progress_table())
    return 0
