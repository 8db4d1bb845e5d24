"""`test`: all tests, the same way everywhere."""

import argparse
import subprocess
import sys

from course_lib.cli.environment import variables
from course_lib.session import REPO


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is pytest's."""
    parser.add_argument("pytest", nargs="*", metavar="…", help="arguments of pytest, such as -k clip or -m 'not slow'")


def main(args: argparse.Namespace) -> int:
    """Run pytest with fixed hashing and one thread (two threads that share a core are slower than one)."""
    fixed = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "0"}
    return subprocess.call([sys.executable, "-m", "pytest", *args.pytest], cwd=REPO, env=variables(**fixed))
