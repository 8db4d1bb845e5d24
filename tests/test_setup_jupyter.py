"""JupyterLab as the course serves it: this computer only, behind a token, silent."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest

from course_lib.cli import jupyter
from course_lib.common.errors import Problem


def fetch(url: str) -> tuple[int, str]:
    """The status of an address, and its page."""
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=120) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, ""


def test_a_port_in_use_is_one_sentence():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(Problem, match="is in use, perhaps by the course in another window"):
            jupyter.choose_port(other.getsockname()[1])


def test_without_a_wish_the_next_free_port_is_taken(monkeypatch):
    monkeypatch.setattr(jupyter, "is_free", lambda port: port == jupyter.FIRST_PORT + 2)
    assert jupyter.choose_port(None) == jupyter.FIRST_PORT + 2
    monkeypatch.setattr(jupyter, "is_free", lambda port: False)
    with pytest.raises(Problem, match="all in use"):
        jupyter.choose_port(None)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_one_sentence(port):
    with pytest.raises(Problem, match="from 1 to 65535"):
        jupyter.choose_port(port)


def test_the_token_is_long_and_not_in_the_command():
    words = jupyter.command("python", 8888)
    assert "--ServerApp.ip=127.0.0.1" in words and not any("token" in word.lower() for word in words)


def test_a_server_that_ends_at_once_is_a_problem_with_its_last_words(tmp_path):
    log = tmp_path / "jupyter.log"
    log.write_text("first\nModuleNotFoundError: No module named 'jupyterlab'\n")
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(Problem, match="No module named 'jupyterlab'"):
        jupyter.wait_until_up(ended, 1, "token", log)


@pytest.mark.slow
def test_the_real_server_wants_the_token_and_listens_here_only(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config, log = tmp_path / "config", tmp_path / "log"
    jupyter.write_config(config)
    variables = jupyter.server_variables("secret-of-this-test", config)
    with open(log, "w") as stream:
        server = subprocess.Popen(jupyter.command(sys.executable, port), env=variables, stdout=stream, stderr=stream)
    try:
        jupyter.wait_until_up(server, port, "secret-of-this-test", log)
        url = f"http://127.0.0.1:{port}/api/contents"
        assert fetch(url)[0] == 403
        assert fetch(f"{url}?token=wrong")[0] == 403
        assert fetch(f"{url}?token=secret-of-this-test")[0] == 200
        page = fetch(f"http://127.0.0.1:{port}/lab?token=secret-of-this-test")[1]
        settings = json.loads(re.search(r'<script id="jupyter-config-data"[^>]*>(.*?)</script>', page, re.S)[1])
        assert jupyter.ANNOUNCEMENTS in settings["disabledExtensions"]
        if sys.platform == "linux":
            assert listening_addresses(port) == {"0100007F"}  # 127.0.0.1, as the kernel writes it
    finally:
        jupyter.stop(server)
    assert server.poll() is not None


def listening_addresses(port: int) -> set[str]:
    """The local addresses on which somebody listens at this port (Linux)."""
    rows = []
    for name in ("tcp", "tcp6"):
        if os.path.exists(f"/proc/net/{name}"):
            with open(f"/proc/net/{name}") as table:
                rows += [line.split() for line in table.readlines()[1:]]
    return {row[1].split(":")[0] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"}
