"""`python -m course_lib COMMAND`. Needs nothing but Python: the environment for the rest is made on the way."""

import argparse
import errno
import importlib
import os
import subprocess
import sys

from course_lib.cli import environment
from course_lib.common.errors import Problem

COMMANDS = {
    "start": "make the environment if need be, and open the course in JupyterLab",
    "run": "run lessons without a browser, and print their minutes and figures",
    "test": "run all tests (what follows is passed on to pytest)",
    "check": "show which exercises you have solved",
    "evaluate": "measure the shipped models again, and print the figures",
    "instruct": "let a text-only teacher write visual instruction data (Lesson 05)",
    "llava": "train a LLaVA of full size and ask it, or measure again what each part is worth (Lesson 07)",
    "doctor": "explain the environment: what is there, what is missing, how to mend it",
    "figures": "take measured figures into README and docs/FIGURES.md (for authors)",
    "build": "make the notebooks from their masters (for authors)",
    "bake": "train a shipped checkpoint again (for authors)",
}
OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENAMETOOLONG)
WITHOUT_ENVIRONMENT = ("start", "doctor")  # they see to the environment themselves


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code. What a learner can cause ends in one sentence, not in a traceback."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # an old Windows console knows no ✓
    if arguments[:1] == ["test"] and not {"-h", "--help"} & set(arguments[1:2]):
        arguments = ["test", "--", *arguments[1:]]  # keeps argparse from reading pytest's options
    try:
        args = make_parser().parse_args(arguments)
        if args.command not in WITHOUT_ENVIRONMENT:
            python = environment.ensure()
            if not environment.is_current(python):
                return continue_in(python, arguments)
        return load(args.command).main(args)
    except Problem as problem:
        print(f"✗ {problem}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in OF_THE_DISK:
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"✗ {error.strerror}{where}. What was there before is unharmed.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped.", file=sys.stderr)
        return 130


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands; each command adds its own arguments."""
    parser = argparse.ArgumentParser(prog="python -m course_lib", description="Multimodal from Scratch")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        load(name).add_arguments(commands.add_parser(name, help=summary, description=f"{name}: {summary}."))
    return parser


def load(name: str):
    """The module of a command: `add_arguments(parser)` and `main(args) -> int`."""
    return importlib.import_module(f"course_lib.cli.{name}")


def continue_in(python: str, arguments: list[str]) -> int:
    """Do the same command in another interpreter, in place of this one where the system can."""
    command = [python, "-m", "course_lib", *(word for word in arguments if word != "--")]
    if os.name == "posix":
        sys.stdout.flush()
        os.execve(python, command, environment.variables())
    return subprocess.call(command, env=environment.variables())


if __name__ == "__main__":
    sys.exit(main())
