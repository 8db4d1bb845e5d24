"""`check`: which exercises are solved."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """None."""


def main(args: argparse.Namespace) -> int:
    """Print the table of all exercises, with difficulty, minutes and state."""
    from course_lib.exercises.table import progress_table

    print(progress_table())
    return 0
