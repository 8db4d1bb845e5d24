"""python -m course_lib COMMAND: everything one does with the course. Standard library only, until there is an environment."""

import argparse
import importlib
import sys

from course_lib.commands import environment

COMMANDS = {
    "start": "set up what is missing and open the course in JupyterLab",
    "run": "execute lessons from the command line, in order",
    "test": "run all tests",
    "check": "show which exercises you have solved",
    "doctor": "explain this environment, and what to mend",
    "build": "make the notebooks from their masters",
    "bake": "train a shipped checkpoint again",
    "evaluate": "measure the shipped models and print the figures",
}
SETS_UP_ITSELF = ("start", "doctor")


def main(arguments: list[str]) -> int:
    """Run one command; returns its exit code. A mistake that a person can mend ends in one sentence."""
    try:
        environment.check_python()
        parser = _parser(arguments[:1])
        options, rest = parser.parse_known_args(arguments)
        if rest and options.command != "test":
            parser.error(f"unrecognized arguments: {' '.join(rest)}")
        if options.command not in SETS_UP_ITSELF and not environment.is_current():
            environment.ensure()
            return environment.run_inside(arguments)
        return _module(options.command).main(options, *([rest] if options.command == "test" else []))
    except environment.SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130


def _module(command: str):
    return importlib.import_module(f"course_lib.commands.{command}")


def _parser(chosen: list[str]) -> argparse.ArgumentParser:
    """All commands by name; only the chosen one is imported, for its options."""
    parser = argparse.ArgumentParser("python -m course_lib", description="Multimodal from Scratch")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, help_text in COMMANDS.items():
        sub = commands.add_parser(name, help=help_text, description=help_text)
        if [name] == chosen:
            _module(name).add_arguments(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
