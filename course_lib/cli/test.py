"""`test`: all tests, the same way everywhere."""

import argparse
import subprocess
import sys

from course_lib.cli.environment import variables
from course_lib.session import REPO, cores

ALONE = ("-n", "--numprocesses", "--dist", "-s", "--capture", "--pdb", "--trace")  # they ask for, or need, another way


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Everything is pytest's."""
    parser.add_argument("pytest", nargs="*", metavar="…", help="arguments of pytest, such as -k clip or -m 'not slow'")


def main(args: argparse.Namespace) -> int:
    """Run pytest with fixed hashing and one thread (two threads that share a core are slower than one)."""
    fixed = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "0"}
    command = [sys.executable, "-m", "pytest", *workers(args.pytest), *args.pytest]
    return subprocess.call(command, cwd=REPO, env=variables(**fixed))


def workers(words: list[str]) -> list[str]:
    """pytest's option for two workers where two cores are there, unless its arguments ask for one file, or to watch, or stop in, a test."""
    alone = cores() < 2 or any(word.startswith(ALONE) for word in words)
    one_file = len([word for word in words if ".py" in word and not word.startswith("-")]) == 1
    return [] if alone or one_file else ["-n", "2"]
