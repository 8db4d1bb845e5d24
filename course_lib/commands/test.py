"""test: run all tests with pytest; further words are passed on to it."""

import subprocess
import sys

from course_lib.commands import environment


def add_arguments(parser) -> None:
    """None of its own: `python -m course_lib test -k clip` passes `-k clip` to pytest."""
    parser.epilog = "Further words go to pytest, such as: -k clip, -x, tests/test_world.py"


def main(options, words: list[str]) -> int:
    """The exit code is pytest's."""
    return subprocess.call([sys.executable, "-m", "pytest", *words], cwd=environment.REPO)
