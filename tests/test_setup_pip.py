"""The real pip in a real environment: settings that say where to install, an index on loopback that fails, and the proof."""

import http.server
import os
import socket
import subprocess
import threading
import venv
import zipfile
from pathlib import Path

import pytest

from course_lib.cli import environment, packages
from course_lib.common import pip_settings
from course_lib.common.errors import Problem
from course_lib.session import REPO

WHEEL = "thing-1.0-py3-none-any.whl"


def write_wheel(folder: Path) -> Path:
    """A package `thing` of one module."""
    info = "thing-1.0.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as file:
        file.writestr("thing.py", "")
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")
    return folder / WHEEL


@pytest.fixture(scope="module")
def python(tmp_path_factory) -> str:
    """The interpreter of an environment with pip and nothing else."""
    root = tmp_path_factory.mktemp("course")
    venv.create(root / ".venv", with_pip=True)
    return str(environment.interpreter(root))


@pytest.fixture
def no_settings(monkeypatch):
    """No configuration of pip's but what the test makes."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)


# --- settings ------------------------------------------------------------------------------------------------------

HOSTILE = {
    **dict.fromkeys(("target", "prefix", "root", "log", "report", "src", "editable", "python"), "{folder}/elsewhere"),
    **dict.fromkeys(("user", "dry-run", "no-deps", "require-hashes", "require-virtualenv", "ignore-installed"), "1"),
    "no-binary": ":all:",
    "constraint": "{folder}/none.txt",
    "requirement": "{folder}/none.txt",
    "platform": "win32",
    "python-version": "2.7",
    "quiet": "2",
    "upgrade-strategy": "eager",
    "abi": "none",
    "build-constraint": "{folder}/x",
}


def has_thing(python: str) -> bool:
    return subprocess.run([python, "-I", "-c", "import thing"], capture_output=True).returncode == 0


def install_thing(python: str, folder: Path) -> None:
    packages.step(python, "thing", ["thing==1.0"], folder)
    assert has_thing(python)
    subprocess.run(
        [*pip_settings.pip(python), "uninstall", "-q", "-y", "thing"], check=True, env=pip_settings.variables(python)
    )
    assert not has_thing(python)


def settings(folder: Path) -> dict[str, str]:
    return {name: value.format(folder=folder) for name, value in HOSTILE.items()}


@pytest.mark.parametrize("section", ["global", "install"])
def test_a_file_that_says_where_to_install_is_not_heard(python, tmp_path, no_settings, monkeypatch, section):
    lines = [f"{name} = {value}" for name, value in settings(tmp_path).items()]
    write_wheel(tmp_path)
    text = "\n".join(
        [f"[{section}]", *lines, "[global]" * (section != "global"), "no-index = 1", f"find-links = {tmp_path}"]
    )
    (tmp_path / "pip.conf").write_text(text)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    install_thing(python, tmp_path)
    assert not (tmp_path / "elsewhere").exists()


def test_variables_that_say_where_to_install_are_not_heard(python, tmp_path, no_settings, monkeypatch):
    write_wheel(tmp_path)
    for name, value in {**settings(tmp_path), "no-index": "1", "find-links": str(tmp_path)}.items():
        monkeypatch.setenv(f"PIP_{name.upper().replace('-', '_')}", value)
    install_thing(python, tmp_path)


@pytest.mark.parametrize("name", ["PYTHONPATH", "PYTHONHOME"])
def test_packages_elsewhere_do_not_count_as_installed(python, tmp_path, no_settings, monkeypatch, name):
    with zipfile.ZipFile(write_wheel(tmp_path)) as file:
        file.extractall(tmp_path / "elsewhere")
    monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    install_thing(python, tmp_path)


def test_from_where_packages_come_stays_as_it_was_set(python, tmp_path, no_settings, monkeypatch):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = http://old/\ntimeout = 77\ntarget = /x\nextra_index_url =\n  http://a/\n  http://b/\n"
        "[install]\nindex-url = http://new/\ntrusted-host = new\n[download]\nproxy = http://not-for-install\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_CERT", "/my/certificate")
    monkeypatch.setenv("PIP_TIMEOUT", "88")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    found = pip_settings.variables(python)
    assert {name: value for name, value in found.items() if name.startswith("PIP_")} == {
        "PIP_INDEX_URL": "http://new/", "PIP_TIMEOUT": "88", "PIP_EXTRA_INDEX_URL": "\nhttp://a/\nhttp://b/",
        "PIP_TRUSTED_HOST": "new", "PIP_CERT": "/my/certificate", "PIP_CONFIG_FILE": os.devnull,
    }  # fmt: skip
    assert found["HTTPS_PROXY"] == "http://proxy" and found["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize(
    "content", [b"https://me:secret@index/\n", b"\xff\xfe[", b"[global]\nrequire-virtualenv = perhaps\n"]
)
def test_a_configuration_that_pip_can_t_read_is_one_sentence(python, tmp_path, no_settings, monkeypatch, content):
    (tmp_path / "pip.conf").write_bytes(content)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(Problem, match="pip's own configuration can't be read: .*Mend it in pip.conf") as told:
        packages.step(python, "thing", ["thing"], tmp_path)
    assert not {"Traceback", "secret", "\n"} & {
        word for word in ("Traceback", "secret", "\n") if word in str(told.value)
    }


def test_a_child_in_the_environment_takes_its_packages_from_there(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/elsewhere")
    monkeypatch.delenv("COURSE_NO_VENV", raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    found = environment.variables(A="b")
    assert (found["PYTHONPATH"], found.get("PYTHONHOME"), found["A"]) == (str(REPO), None, "b")
    monkeypatch.setenv("COURSE_NO_VENV", "1")
    assert environment.variables()["PYTHONPATH"] == f"{REPO}{os.pathsep}/elsewhere"


# --- an index that fails -------------------------------------------------------------------------------------------


class Index(http.server.BaseHTTPRequestHandler):
    """An index whose first folder says how it fails."""

    protocol_version = "HTTP/1.0"
    ended = threading.Event()

    def log_message(self, *_):
        pass

    def answer(self, body: bytes, status: int = 200, kind: str = "text/html", length: int = 0, **headers: str):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(length or len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        way = self.path.split("/")[1]
        links = {"other_computer": "thing-1.0-cp27-cp27m-win32.whl", "old_copy": "thing-0.5-py3-none-any.whl"}
        more = 'data-requires-python="&lt;3"' if way == "other_python" else ""
        if way.isdigit():
            self.answer(b"no", int(way))
        elif way == "login":
            self.answer(b"<!DOCTYPE html><html><body>Welcome to Free WiFi <a href='/terms'>terms</a></body></html>")
        elif way == "redirect":
            self.answer(b"", 302, Location="/login/")
        elif way == "json":
            self.answer(b'{"error": "log in"}', kind="application/json")
        elif way == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.connection.close()
        elif not self.path.endswith(".whl"):
            link = links.get(way, WHEEL)
            self.answer(f'<!DOCTYPE html><html><body><a href="{link}" {more}>{link}</a></body></html>'.encode())
        elif way == "stalls":
            self.answer(b"PK", kind="application/octet-stream", length=10**6)
            self.wfile.flush()
            self.ended.wait(600)
        elif way == "page_as_wheel":
            self.answer(b"<html>log in</html>")
        else:
            self.answer(b"no", int(way.removeprefix("wheel_")))


@pytest.fixture(scope="module")
def index():
    """The index's address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Index.ended.set()
    server.shutdown()


@pytest.mark.parametrize(("way", "sentence"), [
    ("login", "The package index can't be read (nothing of thing at {index}/login/simple/thing/). It may be a network's login page"),
    ("redirect", "The package index can't be read"), ("json", "The package index can't be read"),
    ("511", "The network wants you to log in"), ("403", "The package index refuses"), ("404", "The package index refuses"),
    ("401", "The package index refuses"), ("500", "overloaded or out of order"), ("429", "overloaded or out of order"),
    ("other_computer", "There is no build of thing==1.0 for this computer"), ("other_python", "thing==1.0 is not for Python"),
    ("old_copy", "The package index has no thing==1.0, only others (0.5)"), ("reset", "The connection broke off"),
    ("stalls", "The connection broke off while pip was loading"), ("page_as_wheel", "A download is damaged"),
    ("wheel_403", "The package index refuses"), ("wheel_503", "overloaded or out of order"),
])  # fmt: skip
def test_what_an_index_does_is_told(python, index, tmp_path, no_settings, monkeypatch, way, sentence):
    monkeypatch.setenv("PIP_INDEX_URL", f"{index}/{way}/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("PIP_RESUME_RETRIES", "0")
    monkeypatch.setenv("PIP_TIMEOUT", "1" if way == "stalls" else "120")
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    with pytest.raises(Problem) as told:
        packages.step(python, "thing", ["thing==1.0"], tmp_path)
    assert sentence.format(index=index) in str(told.value) and "\n" not in str(told.value)


def test_a_folder_without_the_package_is_named(python, tmp_path, no_settings, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(Problem, match=f"There is no thing in .*{tmp_path.name}. Check PIP_FIND_LINKS"):
        packages.step(python, "thing", ["thing>=1.0"], tmp_path)


# --- the proof -----------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path, python):
    """A course whose lists name `thing`; what the test puts into the environment is taken out again."""
    (tmp_path / "requirements.txt").write_text("# what is needed\nThing>=1.0  # for its name\n")
    (tmp_path / "requirements-local.txt").write_text("")
    site = next(Path(python).parents[1].rglob("site-packages"))
    before = set(site.iterdir())
    yield tmp_path
    for file in set(site.iterdir()) - before:
        file.unlink() if file.is_file() else __import__("shutil").rmtree(file)


def put(python: str, folder: Path, code: str | None = "") -> None:
    """`thing` into the environment, or elsewhere, with this code in its module."""
    with zipfile.ZipFile(write_wheel(folder)) as file:
        file.extractall(folder)
    (folder / "thing-1.0.dist-info" / "top_level.txt").write_text("thing\n")
    (folder / "thing.py").write_text(code)
    (folder / WHEEL).unlink()


def site_of(python: str) -> Path:
    return next(Path(python).parents[1].rglob("site-packages"))


def test_a_package_that_starts_is_proof(python, root):
    put(python, site_of(python))
    packages.prove(python, root)


@pytest.mark.parametrize(("code", "sentence"), [
    ("raise ImportError('libthing.so: no such file')", r"thing does not start \(ImportError: libthing.so: no such file\)"),
    ("import os; os.kill(os.getpid(), 4)", r"thing \(Python ended with -4\)"), ("1/0", "ZeroDivisionError"),
    ("raise SystemExit(3)", "thing"),
])  # fmt: skip
def test_a_package_that_does_not_start_is_named(python, root, code, sentence):
    put(python, site_of(python), code)
    with pytest.raises(Problem, match=f"(?i){sentence}.*start --rebuild"):
        packages.prove(python, root)


def test_an_empty_environment_is_never_complete(python, root):
    with pytest.raises(Problem, match="not all of them work: Thing is not there. Make the environment anew"):
        packages.prove(python, root)


def test_a_package_of_another_place_is_named(python, root):
    (root / "elsewhere").mkdir()
    put(python, root / "elsewhere")
    (site_of(python) / "elsewhere.pth").write_text(str(root / "elsewhere"))
    with pytest.raises(Problem, match="Thing is that of .*elsewhere, outside the environment"):
        packages.prove(python, root)
