"""A class on one server: what a student's home gets, and three students at once on a real JupyterHub."""

import importlib.util
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import lab
import nbformat
import pytest

from course_lib import student_server
from course_lib.session import REPO

PROXY = shutil.which("configurable-http-proxy")
needs_hub = pytest.mark.skipif(
    not (importlib.util.find_spec("jupyterhub") and PROXY),
    reason="not installed: jupyterhub (PyPI) or configurable-http-proxy (npm)",
)
PATIENCE = 600  # seconds for whatever is waited for: the computer may be busy with other tests
STUDENTS = {"ann": "solved", "ben": "tried", "cleo": None}
CONFIG = """
load_subconfig({settings!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub_port}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy_port}"
c.Spawner.start_timeout = c.Spawner.http_timeout = {patience}
c.Spawner.args = [*c.Spawner.args, "--allow-root"]  # tests may run as root, in a container
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret = bytes(32)
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"  # everybody is the user who runs the test
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.JupyterHub.services = [{{"name": "test", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "test", "services": ["test"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


def test_a_home_gets_what_it_lacks_and_keeps_what_it_has(tmp_path):
    home = tmp_path / "home"
    desk = student_server.lay_out(REPO, home)
    got = {file.relative_to(desk).as_posix() for file in desk.rglob("*") if file.is_file()}
    assert got >= {"notebooks/00_welcome.ipynb", "docs/GLOSSARY.md", "docs/img/hero.webp"}
    assert not any(word in name for name in got for word in ("INSTRUCTORS", "_config.py", ".part", "solutions"))
    (desk / "notebooks" / "00_welcome.ipynb").write_text("mine")
    (desk / "notebooks" / "02_clip.ipynb").unlink()
    student_server.lay_out(REPO, home)
    assert (desk / "notebooks" / "00_welcome.ipynb").read_text() == "mine"
    assert (desk / "notebooks" / "02_clip.ipynb").read_bytes() == (REPO / "notebooks" / "02_clip.ipynb").read_bytes()


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """A hub on this computer: `ask(path, …)` asks it as a service that may do everything."""
    folder, token, port = tmp_path_factory.mktemp("hub"), secrets.token_hex(16), lab.free_port()
    for name in STUDENTS:
        (folder / "homes" / name).mkdir(parents=True)
    fields = {
        "port": port,
        "hub_port": lab.free_port(),
        "proxy_port": lab.free_port(),
        "token": token,
        "patience": PATIENCE,
    }
    text = CONFIG.format(settings=str(REPO / "docs/jupyterhub_config.py"), homes=str(folder / "homes"), **fields)
    (folder / "config.py").write_text(text)
    kept = {name: value for name, value in os.environ.items() if name not in ("COURSE_HOME", "CI", "PYTHONPATH")}
    with open(folder / "log", "w") as log:
        command = [sys.executable, "-m", "jupyterhub", "-f", str(folder / "config.py")]
        process = subprocess.Popen(command, cwd=folder, env=kept, stdout=log, stderr=subprocess.STDOUT)
    hub = Hub(f"http://127.0.0.1:{port}", token, folder)
    try:
        hub.until(lambda: hub.ask("/hub/api/")["version"], process)
        yield hub
    finally:
        process.terminate()  # it ends its students' servers, too
        process.wait(PATIENCE)


class Hub:
    """Questions to the hub and to the servers behind it."""

    def __init__(self, address: str, token: str, folder: Path) -> None:
        self.address, self.token, self.folder = address, token, folder
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path: str, method: str = "GET", /, **content):
        """The answer's JSON, None where there is none."""
        text = self.text(path, method, json.dumps(content).encode() if method == "POST" else None)
        return json.loads(text) if text else None

    def text(self, path: str, method: str = "GET", data: bytes | None = None) -> str:
        """The answer as it is."""
        headers = {"Authorization": f"token {self.token}", "Content-Type": "application/json"}
        question = urllib.request.Request(self.address + path, data, headers, method=method)
        with self.opener.open(question, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def until(self, good, process=None):
        """Ask again until the answer is good, until patience ends."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and not (process and process.poll() is not None):
            try:
                if answer := good():
                    return answer
            except (OSError, urllib.error.HTTPError):
                pass
            time.sleep(0.5)
        raise AssertionError((self.folder / "log").read_text()[-3000:])

    def run(self, student: str, codes: list[str]) -> str:
        """All that these cells print in a kernel of the student's."""
        from tornado.httpclient import HTTPRequest
        from tornado.ioloop import IOLoop
        from tornado.websocket import websocket_connect

        kernel = self.ask(f"/user/{student}/api/kernels", "POST", path="notebooks/00_welcome.ipynb")["id"]
        address = f"{self.address.replace('http', 'ws')}/user/{student}/api/kernels/{kernel}/channels"

        async def talk() -> str:
            socket = await websocket_connect(HTTPRequest(address, headers={"Authorization": f"token {self.token}"}))
            said = []
            for code in codes:
                asked = execute_request(code)
                await socket.write_message(json.dumps(asked))
                while True:
                    message = json.loads(await socket.read_message())
                    if message["parent_header"].get("msg_id") != asked["header"]["msg_id"]:
                        continue
                    said.append(words_of(message))
                    if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                        break
            return "".join(said)

        return IOLoop().run_sync(talk, timeout=PATIENCE)


def execute_request(code: str) -> dict:
    """A message of Jupyter's protocol."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "session": "test",
        "username": "",
        "version": "5.3",
    }
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    return {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": content}


def words_of(message: dict) -> str:
    """What a message shows, as text."""
    content = message["content"]
    return content.get("text", "") + content.get("data", {}).get("text/plain", "") + content.get("evalue", "")


def cells_for(student: str) -> list[str]:
    """The welcome lesson up to the student's first exercise: ann's is right, ben's is wrong, cleo's is blank."""
    folder = "notebooks" if STUDENTS[student] is None else "solutions"
    cells = [cell for cell in nbformat.read(REPO / folder / "00_welcome.ipynb", 4).cells if cell.cell_type == "code"]
    first = next(number for number, cell in enumerate(cells) if "nbgrader" in cell.metadata)
    shown = [cell.source.split("@exercise")[0] for cell in cells[:first]]  # without the lesson's own mistake
    codes = [*shown, cells[first].source]
    if STUDENTS[student] == "tried":
        codes[-1] = codes[-1].replace("### BEGIN SOLUTION", "return (0, 0, 0, 0)")
    return [*codes, "print('home', session.home, 'course', session.paths().repo)"]


def files_of(course: Path) -> dict[str, int]:
    """Name → time of change of what students share (Python may keep compiled files there, if it can)."""
    folders = ("course_lib", "data", "notebooks", "docs")
    files = [file for folder in folders for file in (course / folder).rglob("*") if file.is_file()]
    return {str(file): file.stat().st_mtime_ns for file in files if "__pycache__" not in file.parts}


@needs_hub
@pytest.mark.slow
def test_three_students_at_once(hub):
    before = files_of(REPO)
    for name in STUDENTS:
        hub.ask(f"/hub/api/users/{name}", "POST")
        hub.ask(f"/hub/api/users/{name}/server", "POST")  # returns before it has started
    for name in STUDENTS:
        hub.until(lambda name=name: hub.ask(f"/hub/api/users/{name}")["servers"].get("", {}).get("ready"))
    for name, state in STUDENTS.items():
        desk = hub.folder / "homes" / name / student_server.DESK
        said = hub.run(name, cells_for(name))
        assert f"home {desk / '.course'} course {REPO}" in said, said
        assert {"solved": "right.", "tried": "not right yet", None: "not started"}[state] in said
        file = desk / ".course" / "progress.json"
        assert (
            [entry["state"] for entry in json.loads(file.read_text()).values()] == [state]
            if state
            else not file.exists()
        )
        assert "JupyterLab" in hub.text(f"/user/{name}/lab")
        listed = {entry["name"] for entry in hub.ask(f"/user/{name}/api/contents/notebooks")["content"]}
        assert listed >= {file.name for file in (REPO / "notebooks").glob("*.ipynb")}
    assert all(hub.ask(f"/user/{name}/api/status")["kernels"] == 1 for name in STUDENTS)  # all of them still run
    assert files_of(REPO) == before


@needs_hub
@pytest.mark.slow
def test_nobody_gets_in_without_logging_in(hub):
    with pytest.raises(urllib.error.HTTPError) as refused:
        hub.opener.open(f"{hub.address}/hub/api/users", timeout=60)
    assert refused.value.code == 403
