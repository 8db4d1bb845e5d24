"""A real server that the course did not write: `transformers serve` over loopback, where its packages are installed."""

import importlib.util
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress

import pytest

from course_lib.common import smollm2
from course_lib.instruct.teachers.base import TeacherError
from course_lib.instruct.teachers.endpoint import EndpointTeacher
from course_lib.instruct.teachers.local import LocalTeacher
from course_lib.lm.pretrained import load_tuned
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.session import REPO

NEEDED = ("fastapi", "uvicorn")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all(map(importlib.util.find_spec, NEEDED)),
        reason='transformers serve is not installed: python -m pip install "transformers[serving]"',
    ),
]
STARTS_WITHIN, ANSWERS_WITHIN = 600, 600  # seconds: the computer may be busy
SERVE = "import course_lib; from transformers.cli.transformers import main; main()"  # course_lib: see torchvision_shim


@pytest.fixture(scope="module")
def pocket(tmp_path_factory):
    """The course's own language model, as a folder that the server reads."""
    made = tmp_path_factory.mktemp("pocket")
    load_tuned().save_pretrained(made)
    get_tokenizer().save_pretrained(made)
    return made


@contextmanager
def serving(folder, log):
    """`transformers serve` with this model, ready; yields its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", SERVE, "serve", str(folder)]
    command += ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", str(port)]
    with log.open("wb") as output, subprocess.Popen(command, cwd=REPO, stdout=output, stderr=output) as server:
        try:
            wait_for(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.kill()


def wait_for(address, server, log):
    """Return as soon as somebody answers there."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until and server.poll() is None:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address, timeout=60):
            return
        time.sleep(0.2)
    pytest.fail(f"transformers serve did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def ask(folder, question, tmp_path, monkeypatch):
    """(what the server replies, what the same model says in this process)"""
    messages = [{"role": "user", "content": question}]
    with serving(folder, tmp_path / "serve.log") as address:
        monkeypatch.setenv("OPENAI_BASE_URL", address)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        reply = EndpointTeacher(str(folder), timeout=ANSWERS_WITHIN).ask(messages)
        with pytest.raises(TeacherError, match="refuses the request"):
            EndpointTeacher("another-model", timeout=ANSWERS_WITHIN).ask(messages)
    return reply, LocalTeacher(str(folder)).ask(messages)


def test_the_pocket_model_behind_a_foreign_server(pocket, tmp_path, monkeypatch):
    reply, local = ask(pocket, "what is the opposite of big?", tmp_path, monkeypatch)
    assert reply.text.strip() == local.text.strip() == "small"
    assert reply.prompt_tokens == local.prompt_tokens and not reply.cut_off


@pytest.mark.skipif(not smollm2.available(), reason="SmolLM2 is not installed")
def test_smollm2_behind_a_foreign_server(tmp_path, monkeypatch):
    reply, local = ask(smollm2.folder(), "Say hello in one word.", tmp_path, monkeypatch)
    assert reply.text.strip() and reply.completion_tokens > 0
    assert reply.prompt_tokens == local.prompt_tokens
