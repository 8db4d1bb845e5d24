"""A notebook that asks a teacher with a planted key: neither the stored notebook nor any other file holds it."""

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from course_lib.instruct.evaluate import faults
from course_lib.instruct.evaluate.faults import FaultyServer, FirstLine
from course_lib.instruct.teachers.base import Completion
from course_lib.session import REPO

KEY = "sk-planted-in-test-security-notebook-4711"
GOOD = """
from course_lib.instruct.teachers.endpoint import EndpointTeacher

teacher = EndpointTeacher("m")
messages = [{"role": "user", "content": "What is this?"}]
teacher.ask(messages)
"""
FAILS = "%xmode {mode}\nteacher.ask(messages)"
CARELESS = "import os\nos.environ['OPENAI_API_KEY']"


def first_good_then_refused(self, request, fault) -> None:
    """What the server does: a reply that repeats the key, and from then on an error that does."""
    if len(self.owner.requests) == 1:
        body = faults.completion(Completion(f"A crab with the key {KEY}.", 1, 1), request["model"])
        self._send(200, json.dumps(body).encode())
    else:
        body = {"error": {"message": f"Bad key {KEY}", "code": KEY, "param": KEY, "type": KEY}}
        self._send(401, json.dumps(body).encode())


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A home for all that the kernel, and whoever runs it, may write; the key and the server are in the environment."""
    monkeypatch.setattr(faults._Handler, "_answer", first_good_then_refused)
    for name in ("HOME", "COURSE_HOME", "IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "XDG_CACHE_HOME", "TMPDIR"):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("PYTHONPATH", str(REPO))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_LOG", "debug")  # the client's log ends up in the notebook
    return tmp_path


def stored(folder: Path, monkeypatch, *cells: str) -> tuple[str, list[str]]:
    """Run a notebook of these cells and save it there: its text, and the files of the folder that hold the key."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    history = folder / "history.sqlite"  # JupyterLab's kernels keep one; nbclient's do so only when asked
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=600,
        iopub_timeout=600,
        allow_errors=True,
        ipython_hist_file=str(history),
        resources={"metadata": {"path": str(folder)}},
    )
    with FaultyServer(FirstLine(), share=0) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        client.execute()
    nbformat.write(notebook, folder / "asked.ipynb")
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert history in files
    text = (folder / "asked.ipynb").read_text(encoding="utf-8")
    return text, [file.name for file in files if KEY.encode() in file.read_bytes()]


@pytest.mark.parametrize("mode", ["Context", "Verbose"])  # Verbose tracebacks show the values of variables
def test_a_notebook_that_asks_a_teacher_holds_no_key(folder, monkeypatch, mode):
    text, hold_the_key = stored(folder, monkeypatch, GOOD, FAILS.format(mode=mode))
    outputs = [cell["outputs"] for cell in json.loads(text)["cells"]]
    assert "A crab with the key [key]." in json.dumps(outputs[0])
    (error,) = (output for output in outputs[1] if output["output_type"] == "error")
    assert error["ename"] == "TeacherError" and "Bad key [key]" in error["evalue"]
    assert hold_the_key == []


def test_that_test_can_fail(folder, monkeypatch):
    assert "asked.ipynb" in stored(folder, monkeypatch, CARELESS)[1]
