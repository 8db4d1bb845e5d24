"""JupyterLab for the course: this computer only, behind a token, silent towards the network."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import webbrowser
from pathlib import Path

from course_lib import session
from course_lib.cli import environment
from course_lib.common.errors import Problem

HOST = "127.0.0.1"
FIRST_PORT, PORTS = 8888, 20
WELCOME = "notebooks/00_welcome.ipynb"
PATIENCE = 120  # seconds until JupyterLab must answer; a cold disk takes half a minute
ANNOUNCEMENTS = "@jupyterlab/apputils-extension:announcements"  # asks the learner about news, and fetches them


def choose_port(port: int | None) -> int:
    """The wished port, or the first free one. `Problem` if it is taken."""
    if port is None:
        candidates = range(FIRST_PORT, FIRST_PORT + PORTS)
        port = next((port for port in candidates if is_free(port)), None)
        if port is None:
            raise Problem(f"Ports {FIRST_PORT} to {candidates[-1]} are all in use. Choose another: start --port NUMBER")
        return port
    if not 1 <= port <= 65535:
        raise Problem(f"There is no port {port}: a port is a number from 1 to 65535.")
    if not is_free(port):
        raise Problem(f"Port {port} is in use, perhaps by the course in another window. Choose another one.")
    return port


def is_free(port: int) -> bool:
    """Can somebody listen on this port?"""
    with socket.socket() as probe:
        if os.name == "posix":  # a port that was in use a moment ago is free (on Windows the option means "steal it")
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def serve(python: str, port: int, browser: bool) -> int:
    """Run JupyterLab until Ctrl-C; returns its exit code."""
    token, log = secrets.token_urlsafe(32), session.home() / "jupyter.log"
    config = session.home() / "jupyter"
    write_config(config)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))  # `finally` below ends JupyterLab too
    with open(log, "w", encoding="utf-8") as stream:
        server = subprocess.Popen(
            command(python, port), env=server_variables(token, config), cwd=session.REPO, stdin=subprocess.DEVNULL,
            stdout=stream, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        wait_until_up(server, port, token, log)
        page = f"lab/tree/{WELCOME}" if (session.REPO / WELCOME).exists() else "lab"
        address = f"http://{HOST}:{port}/{page}?token={token}"
        print(f"✓ The course is open at\n  {address}\nStop it with Ctrl-C.", flush=True)
        if browser:
            webbrowser.open(address)
        return server.wait()
    except KeyboardInterrupt:
        print("\nStopped. Your notebooks and your progress are saved; start again whenever you like.")
        return 0
    finally:
        stop(server)


def command(python: str, port: int) -> list[str]:
    """The call of JupyterLab. The token is not in it: every user of a computer can read the calls of all."""
    settings = {
        "ServerApp.ip": HOST,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": False,
        "ServerApp.root_dir": session.REPO,
        "ServerApp.allow_root": True,  # containers; it listens on this computer only, behind a token
        "LabApp.extension_manager": "readonly",  # the other one asks PyPI
        "LabApp.check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
    }
    return [python, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in settings.items())]


def server_variables(token: str, config: Path) -> dict[str, str]:
    """The server's environment variables: the token, the course's own settings, the environment's own kernel."""
    return environment.variables(JUPYTER_TOKEN=token, JUPYTER_CONFIG_DIR=str(config), JUPYTER_PREFER_ENV_PATH="1")


def write_config(folder: Path) -> None:
    """Settings of the course's JupyterLab, apart from those of any other on this computer."""
    (folder / "labconfig").mkdir(parents=True, exist_ok=True)
    page = {"disabledExtensions": {ANNOUNCEMENTS: True}}
    (folder / "labconfig" / "page_config.json").write_text(json.dumps(page), encoding="utf-8")


def wait_until_up(server: subprocess.Popen, port: int, token: str, log: Path) -> None:
    """Return when our JupyterLab answers (another one would not know the token). `Problem` if it ends or stays silent."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy can't reach this computer
    question = urllib.request.Request(f"http://{HOST}:{port}/api/status", headers={"Authorization": f"token {token}"})
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            direct.open(question, timeout=60).close()
            return
        except OSError:
            time.sleep(0.2)
    log_lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["nothing"]
    raise Problem(
        f"JupyterLab did not start. Its last words, all of which are in {log}:\n  {log_lines[-1]}\n"
        "`python -m course_lib doctor` says what is missing."
    )


def stop(server: subprocess.Popen) -> None:
    """End JupyterLab and its kernels; by force if it takes longer than ten seconds."""
    if server.poll() is None:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
