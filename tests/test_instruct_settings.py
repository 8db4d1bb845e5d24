"""Settings of an endpoint are checked once, before anything is asked; the message names the variable, and never a key."""

import os
import shutil
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from course_lib.__main__ import main
from course_lib.common.errors import Problem
from course_lib.instruct.evaluate.faults import FaultyServer, FirstLine, small_jobs
from course_lib.instruct.teachers import settings
from course_lib.instruct.teachers.base import TeacherError, TryAgain
from course_lib.instruct.teachers.endpoint import EndpointTeacher

KEY = "sk-secret-0123456789"
GOOD = "http://127.0.0.1:8000/v1"
MESSAGES = small_jobs(1)[0].messages()


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    """None of the variables is set but a good address and a good key."""
    names = (*settings.HEADERS, *settings.PROXIES, *settings.CERTIFICATES, "NO_PROXY", "SSL_CERT_DIR")
    for name in list(os.environ):
        if name.upper() in names:
            monkeypatch.delenv(name)
    monkeypatch.setenv("OPENAI_BASE_URL", GOOD)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


ADDRESSES = [
    "127.0.0.1:8000/v1",
    "localhost:11434",
    "api.example.org",
    "htp://127.0.0.1/v1",
    "ftp://127.0.0.1/v1",
    "ws://127.0.0.1/v1",
    "file:///v1",
    "http:/127.0.0.1/v1",
    "http:\\\\127.0.0.1\\v1",
    "http://",
    "http:///v1",
    "http://:8000/v1",
    "http://127.0.0.1:port/v1",
    "http://127.0.0.1:99999/v1",
    "http://127.0.0.1:0/v1",
    "http://[::1/v1",
    f'"{GOOD}"',
    f"'{GOOD}'",
    f"“{GOOD}”",
    "http://127.0.0.1:8000 /v1",
    "http://127.0.0.1:8000/\nv1",
    "http://127.0.0.1:8000/v1\tx",
    "http：//127.0.0.1/v1",
    f"{GOOD}/chat/completions",
    f"{GOOD}/chat/completions/",
    f"{GOOD}/completions",
    f"{GOOD}/models",
    f"{GOOD}?api-version=1",
    f"{GOOD}#x",
    f"http://{GOOD}",
    f"OPENAI_BASE_URL={GOOD}",
]
KEYS = [
    f'"{KEY}"',
    f"'{KEY}",
    f"“{KEY}”",
    f"Bearer {KEY}",
    f"bearer {KEY}",
    f"{KEY}\n{KEY}",
    f"{KEY} {KEY}",
    f"{KEY}\r\nX: y",
    f"{KEY}\x7f",
    f"{KEY}\u200b",
    "sk-sécret-0123456789",
    "sk-secret-0123…",
    f"OPENAI_API_KEY={KEY}",
]
NETWORK = [
    ("HTTP_PROXY", "http://proxy.example.org:port"),
    ("HTTPS_PROXY", "http://proxy.example.org:99999"),
    ("https_proxy", "htp://proxy.example.org:3128"),
    ("ALL_PROXY", "ftp://proxy.example.org"),
    ("HTTPS_PROXY", '"http://proxy.example.org:3128"'),
    ("HTTP_PROXY", "http://"),
    ("http_proxy", ":3128"),
    ("HTTPS_PROXY", "http://proxy .example.org"),
    ("HTTPS_PROXY", "http://[::1"),
    ("SSL_CERT_FILE", "/no/such/file.pem"),
    ("REQUESTS_CA_BUNDLE", "/no/such/file.pem"),
    ("CURL_CA_BUNDLE", "no-such-file.pem"),
    ("SSL_CERT_DIR", "/no/such/folder"),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [*(("OPENAI_BASE_URL", url) for url in ADDRESSES), *(("OPENAI_API_KEY", key) for key in KEYS), *NETWORK],
)
def test_a_wrong_setting_is_named_in_one_sentence_and_nothing_asked(monkeypatch, tmp_path, capsys, name, value):
    monkeypatch.setenv(name, value)
    out = tmp_path / "data.json"
    assert main(["instruct", "write", "--teacher", "endpoint", "--model", "m", "--count", "1", "--out", str(out)]) == 1
    said = capsys.readouterr()
    assert name in said.err and said.err.count("\n") == 1 and "0123" not in said.err and not said.out
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["OPENAI_ORG_ID", "OPENAI_PROJECT_ID"])
def test_whatever_becomes_a_header_is_checked(monkeypatch, name):
    monkeypatch.setenv(name, "a\nb")
    with pytest.raises(Problem, match=name):
        EndpointTeacher("m")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_BASE_URL", f" {GOOD}\n"),
        ("OPENAI_BASE_URL", "https://example.org"),
        ("OPENAI_BASE_URL", "http://[::1]:8000/v1/"),
        ("OPENAI_BASE_URL", "HTTPS://user:pass@example.org/openai/v1"),
        ("OPENAI_BASE_URL", ""),
        ("OPENAI_API_KEY", f"{KEY}\n"),
        ("OPENAI_API_KEY", ""),
        ("HTTPS_PROXY", "proxy.example.org:3128"),
        ("HTTPS_PROXY", "http://user:pass@proxy.example.org:3128/"),
        ("NO_PROXY", "localhost,127.0.0.1,::1,.example.org,10.0.0.0/8"),
        ("SSL_CERT_FILE", ""),
    ],
)
def test_a_right_setting_is_taken(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    EndpointTeacher("m")


def test_a_file_without_certificates_is_named(monkeypatch, tmp_path):
    file = tmp_path / "mine.pem"
    for content in (b"", b"no certificate", b"\xff\x00"):
        file.write_bytes(content)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
        with pytest.raises(Problem, match="REQUESTS_CA_BUNDLE.*mine.pem"):
            EndpointTeacher("m")


def test_certificates_of_ones_own_are_used(monkeypatch):
    certifi = pytest.importorskip("certifi")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", certifi.where())
    assert isinstance(settings.read_settings().certificates, ssl.SSLContext)


def test_a_server_on_this_computer_needs_no_proxy(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with FaultyServer(FirstLine(), share=0) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        assert EndpointTeacher("m", timeout=600).ask(MESSAGES).text


@pytest.mark.parametrize(
    ("url", "proxy", "says"),
    [
        ("http://127.0.0.1:1/v1", "", ["no connection to 127.0.0.1", "OPENAI_BASE_URL"]),
        ("http://no-such-host.invalid/v1", "", ["no connection to no-such-host.invalid", "OPENAI_BASE_URL"]),
        ("http://example.invalid/v1", "http://127.0.0.1:1", ["example.invalid", "the proxy in HTTP_PROXY"]),
    ],
)
def test_a_connection_that_fails_names_host_variable_and_proxy(monkeypatch, url, proxy, says):
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    if proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(TryAgain) as failure:
        EndpointTeacher("m").ask(MESSAGES)
    assert all(words in str(failure.value) for words in says) and not failure.value.paid


def test_a_server_without_https_is_told(monkeypatch):
    with FaultyServer(FirstLine(), share=0) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url.replace("http:", "https:"))
        with pytest.raises(TeacherError, match="OPENAI_BASE_URL begin with http://"):
            EndpointTeacher("m", timeout=600).ask(MESSAGES)


def test_a_certificate_that_nobody_vouches_for_names_the_variable(monkeypatch, tmp_path):
    certificate, key = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"https://127.0.0.1:{server.server_port}/v1")
        with pytest.raises(TeacherError, match="SSL_CERT_FILE"):
            EndpointTeacher("m", timeout=600).ask(MESSAGES)
        server.shutdown()


def self_signed(folder):
    """Files of a certificate for 127.0.0.1 and its key, where something is there that makes them."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl here")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "cert.pem", folder / "key.pem"


@pytest.mark.parametrize(
    "option",
    [
        "--count=0", "--count=-3", "--parallel=0", "--parallel=-1", "--parallel=100000", "--timeout=0", "--timeout=-5", "--timeout=nan",
        "--timeout=inf", "--per-minute=0", "--per-minute=nan", "--budget=-1", "--max-cost=-1", "--max-cost=nan", "--seed=-1",
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_named(tmp_path, capsys, option):
    arguments = ["instruct", "write", "--prices", "1", "1", "--count", "2", "--out", str(tmp_path / "a.json"), option]
    assert main(arguments) == 1
    said = capsys.readouterr()
    assert option.partition("=")[0] in said.err and said.err.count("\n") == 1 and not said.out


def test_prices_are_checked_too(tmp_path, capsys):
    assert main(["instruct", "write", "--prices", "1", "nan", "--count", "2", "--out", str(tmp_path / "a.json")]) == 1
    assert "--prices" in capsys.readouterr().err
