"""start: set up what is missing, then open JupyterLab on the welcome lesson."""

import os
import subprocess

from course_lib.commands import environment

WELCOME = "notebooks/00_welcome.ipynb"


def add_arguments(parser) -> None:
    """Options of `start`."""
    parser.add_argument("--port", type=int, default=8888, help="the first port to try (default 8888)")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")


def main(options) -> int:
    """Serve on this machine alone (127.0.0.1), with a token that Jupyter draws anew each time, until Ctrl-C."""
    environment.ensure()
    try:
        return subprocess.call(command(options.port, options.no_browser), cwd=environment.REPO)
    except KeyboardInterrupt:
        return 0


def command(port: int, no_browser: bool) -> list[str]:
    """The command line of JupyterLab: no news, no look for updates."""
    python = os.fspath(environment.interpreter())
    words = [python, "-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}"]
    words += [f"--LabApp.default_url=/lab/tree/{WELCOME}", "--LabApp.news_url=None"]
    words += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        words.append("--allow-root")  # containers
    return [*words, "--no-browser"] if no_browser else words
