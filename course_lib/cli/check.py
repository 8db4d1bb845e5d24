"""`check`: which exercises are solved, by you or by a class."""

import argparse
from pathlib import Path

from course_lib.common.errors import Problem

LIMITS = ("minutes", "gigabytes", "cell_seconds", "patience")
RUN_AGAIN = 3  # exit status: the tables are written, but some submissions could not be graded


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--submissions FOLDER, and what goes with it."""
    parser.add_argument(
        "--submissions",
        type=Path,
        metavar="FOLDER",
        help="grade all notebooks below, FOLDER/STUDENT/…, or in an archive",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("gradebook.csv"), metavar="FILE", help="the table (%(default)s)"
    )
    parser.add_argument("--minutes", type=float, default=40.0, help="processor time for one submission (%(default)s)")
    parser.add_argument("--gigabytes", type=float, default=4.0, help="memory for one submission (%(default)s)")
    parser.add_argument("--cell-seconds", type=float, default=240.0, help="processor time for one cell (%(default)s)")
    parser.add_argument(
        "--patience", type=float, default=120.0, metavar="MINUTES",
        help="minutes by the clock for one submission, where others use the processors, too (%(default)s)",
    )  # fmt: skip


def main(args: argparse.Namespace) -> int:
    """Print the table of all exercises, with difficulty, minutes and state; or write a class's gradebook."""
    if args.submissions:
        from course_lib.classroom.gradebook import Limits, grade, not_graded

        for name in LIMITS:
            if not getattr(args, name) > 0:
                raise Problem(f"--{name.replace('_', '-')} must be more than 0, and is {getattr(args, name)}.")
        limits = Limits(args.minutes, args.gigabytes, args.cell_seconds, args.patience)
        if again := not_graded(grade(args.submissions, args.out, limits)):
            print(f"✗ Could not be graded, run again: {'; '.join(again)}")
            return RUN_AGAIN
        return 0
    from course_lib.checker.table import progress_table

    print(progress_table())
    return 0
