"""`start`: from a fresh clone to an open notebook."""

import argparse

from course_lib.cli import environment, jupyter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """--no-browser, --port, --rebuild."""
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--port", type=int, help="the port of JupyterLab (default: the first free one from 8888)")
    parser.add_argument("--rebuild", action="store_true", help="make the environment anew")


def main(args: argparse.Namespace) -> int:
    """Make the environment if need be, then serve the course until Ctrl-C."""
    jupyter.choose_port(args.port)  # a port that is taken: say so now, and not after the installation
    python = environment.ensure(rebuild=args.rebuild)
    return jupyter.serve(python, jupyter.choose_port(args.port), browser=not args.no_browser)
