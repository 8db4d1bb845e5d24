"""Calling pip: torch first, the CPU build where it helps, and its failures in a learner's words."""

import socket
import sys
import threading

import pytest

from course_lib.cli import packages
from course_lib.common.errors import Problem
from course_lib.session import REPO


@pytest.fixture
def steps(monkeypatch):
    """The arguments of each run of pip, none of which happens."""
    calls = []
    monkeypatch.setattr(packages, "step", lambda python, title, words, root: calls.append(words))
    monkeypatch.setattr(packages, "prove", lambda python, root: calls.append(["proof"]))
    return calls


@pytest.mark.parametrize(("system", "gpu", "online", "cpu"), [
    ("Linux", False, True, True), ("Windows", False, True, True), ("Linux", True, True, False),
    ("Darwin", False, True, False), ("Linux", False, False, False),
])  # fmt: skip
def test_torch_comes_first_and_from_the_cpu_index_where_that_helps(steps, monkeypatch, system, gpu, online, cpu):
    monkeypatch.setattr(packages.platform, "system", lambda: system)
    monkeypatch.setattr(packages, "has_nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(packages, "answers", lambda url: online)
    packages.install("python", REPO)
    assert steps[0][-2:] == ["torch==2.13.0", "torchvision==0.28.0"]
    assert (packages.CPU_INDEX in steps[0]) == cpu
    assert steps.pop() == ["proof"]
    assert all("-c" in words and str(REPO / "constraints.txt") in words for words in steps)
    assert str(REPO / "requirements.txt") in steps[1]


def test_an_address_that_never_answers_is_given_up_in_time():
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        done = threading.Event()
        threading.Thread(target=lambda: (packages.answers(url, 0.3), done.set()), daemon=True).start()
        assert done.wait(120)  # not for ever: pip's own patience is longer
        assert not packages.answers(url, 0.3)


def test_an_address_where_nobody_listens_is_no():
    assert not packages.answers("http://127.0.0.1:1/", 2)


NOT_FOUND = "ERROR: Could not find a version that satisfies the requirement torch==2.13.0 (from versions: {})\nERROR: No matching distribution found for torch==2.13.0"
TRACEBACK = 'ERROR: Exception:\nTraceback (most recent call last):\n  File "x.py", line 1\n    yield\nTimeoutError: timed out\n\nDuring handling of the above exception, another exception occurred:\n\nTraceback (most recent call last):\n  File "y.py", line 2, in z\n{}'
FULL, DAMAGED, BROKE_OFF = (
    "is full. Free some",
    "A download is damaged",
    "The connection broke off while pip was loading",
)
LOST, LONG, LOCKED = "can't be reached. Check the network", "A path is too long", "pip can't write its files"


@pytest.mark.parametrize(("output", "sentence"), [
    ("WARNING: Retrying … NewConnectionError('…')\nERROR: No matching distribution found for torch==2.13.0",
     "The package index can't be reached. Check the network"),
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", FULL),
    ("ERROR: Could not install packages due to an OSError: [WinError 112] Es steht nicht genug Speicherplatz zur Verfügung", FULL),
    ("ERROR: No matching distribution found for torch==2.13.0", "There is no build of torch==2.13.0 for this computer"),
    ("Collecting x\nERROR: something else", "It said:\n  ERROR: something else"),
    (TRACEBACK.format("pip._vendor.urllib3.exceptions.ReadTimeoutError: HTTPSConnectionPool(host='h', port=443): Read timed out."),
     BROKE_OFF + ". Start again: what had arrived whole is kept. Where the network is slow, set PIP_DEFAULT_TIMEOUT=120 first. "
     "pip said: ReadTimeoutError: HTTPSConnectionPool(host='h', port=443): Read timed out."),
    (TRACEBACK.format("pip._vendor.urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(9 bytes read, 8 more"
                      " expected)', IncompleteRead(9 bytes read, 8 more expected))"), BROKE_OFF),
    (TRACEBACK.format("ConnectionResetError: [Errno 104] Connection reset by peer"), BROKE_OFF),
    (TRACEBACK.format("OSError: [Errno 28] Kein Speicherplatz mehr verfügbar"), FULL),
    (TRACEBACK.format("OSError: [Errno 122] Disk quota exceeded"), FULL),
    (TRACEBACK.format("PermissionError: [WinError 32] The process cannot access the file: 'x'"), LOCKED),
    ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: '/x'\nConsider …", LOCKED),
    ("ERROR: Could not install packages due to an OSError: [Errno 2] No such file or directory: 'C:\\x'\n"
     "HINT: This error might have occurred since this system does not have Windows Long Path support enabled.\n", LONG),
    (TRACEBACK.format("OSError: [Errno 36] File name too long: '/x'"), LONG),
    (TRACEBACK.format("zipfile.BadZipFile: File is not a zip file"), DAMAGED),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If …\n    torch …\n", DAMAGED),
    ("ERROR: Wheel 'torch' located at /tmp/x.whl is invalid.", DAMAGED),
    (TRACEBACK.format("MemoryError"), "too little memory"),
    ("Collecting torch\nERROR: pip was ended by signal 9", "too little memory"),
    (TRACEBACK.format("ModuleNotFoundError: No module named 'pip._vendor.rich'"), "pip is damaged. Make it anew"),
    (TRACEBACK.format("ValueError: something new"), "It said:\n  ValueError: something new"),
    ("WARNING: Retrying (Retry(total=0)) after connection broken by 'ProxyError('Cannot connect to proxy.', OSError('Tunnel "
     "connection failed: 407 Proxy Authentication Required'))': /simple/torch/\n" + NOT_FOUND.format("none"),
     "The proxy does not let pip through"),
    ("Could not fetch URL https://h/torch/: There was a problem confirming the ssl certificate: HTTPSConnectionPool(host='h'): "
     "Max retries exceeded (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] self-signed')))\n"
     + NOT_FOUND.format("none"), "set PIP_CERT to the file of its certificate"),
    ("ERROR: Could not install packages due to an OSError: Could not find a suitable TLS CA certificate bundle, invalid path: /x",
     "set PIP_CERT"),
    ("error: connection-timeout\n\n× Unable to fetch https://h/torch.whl\n╰─> h didn't respond within 15 seconds\n", BROKE_OFF),
    ("error: connection-failed\n\n× Failed to connect to h while fetching https://h/\n╰─> Failed to resolve IP", LOST),
    ("ERROR: HTTP error 403 while getting https://h/x.whl\nERROR: Could not install requirement x because of HTTP error 403 "
     "Client Error: Forbidden for url: https://h/x.whl", "The package index refuses"),
    ("ERROR: HTTP error 503 while getting https://h/x.whl", "overloaded or out of order"),
    ("ERROR: HTTP error 511 Network Authentication Required", "The network wants you to log in"),
    ("ERROR: Ignored the following versions that require a different python version: 2.13.0 Requires-Python >=3.20\n"
     + NOT_FOUND.format("1.0"), "torch==2.13.0 is not for Python"),
    ("ERROR: Package 'x' requires a different Python: 3.9.1 not in '>=3.10'", "not for Python"),
    ("error: subprocess-exited-with-error\n\n× Building wheel for pycocotools did not run successfully\n╰─> gcc\n"
     "ERROR: Failed to build pycocotools", "making one failed"),
    ("ERROR: Cannot install a and b because these package versions have conflicting dependencies.\nERROR: ResolutionImpossible: "
     "for help visit https://pip.pypa.io", "The lists ask for what does not go together"),
    ("ERROR: Could not open requirements file: [Errno 2] No such file or directory: 'requirements.txt'", "Get them again"),
])  # fmt: skip
def test_failures_of_pip_in_a_learners_words(output, sentence, tmp_path):
    said = packages.explain(output, tmp_path)
    assert sentence in said and "Traceback" not in said and "ERROR: Exception" not in said


FETCH = "Could not fetch URL https://h/{}/: {} Client Error: x for url: https://h/{}/ - skipping\n"
NO_TAG = "  Skipping link: none of the wheel's tags (cp39) are compatible: https://h/Open-Clip_torch-3.3.0-cp39-none-any.whl\n"


@pytest.mark.parametrize(("requirement", "details", "sentence"), [
    ("open_clip_torch>=3.3", NO_TAG, "There is no build of open_clip_torch>=3.3 for this computer"),
    ("open_clip_torch==3.3.0", FETCH.format("x", 403, "x") + NO_TAG, "There is no build of open_clip_torch==3.3.0"),
    ("open_clip_torch==3.4.0", NO_TAG, "only others (1.0, 2.0)"),  # a build for another version is no sign of this one
    ("torch==2.13.0", FETCH.format("torch", 404, "torch"), "only others (1.0, 2.0)"),  # the other index has no torch
    ("torch==2.13.0", FETCH.format("torch", 403, "torch"), "The package index refuses"),
])  # fmt: skip
def test_what_pip_tells_of_its_search_decides(requirement, details, sentence, tmp_path):
    output = f"ERROR: … (from versions: 1.0, 2.0)\nERROR: No matching distribution found for {requirement}"
    assert sentence in packages.explain(output, tmp_path, details)


def test_names_and_passwords_are_struck_out(tmp_path):
    said = packages.explain("ERROR: HTTP error 403 while getting https://me:secret@h/x{y}.whl", tmp_path)
    assert "secret" not in said and "https://***@h/x{y}.whl" in said


def test_a_pip_that_fails_is_a_problem_and_one_that_works_is_not(tmp_path, capsys):
    with pytest.raises(Problem, match="It said"):
        packages.step(sys.executable, "nothing", ["--no-index", "/no/such/thing.whl"], tmp_path)
    packages.step(sys.executable, "nothing", ["--help"], tmp_path)
    assert "done in" in capsys.readouterr().out


def test_only_what_reassures_a_waiting_person_is_said():
    assert packages.worth_saying("  Downloading torch-2.13.0-cp311.whl (187.3 MB)") == (
        "downloading torch-2.13.0-cp311.whl (187 MB)"
    )
    assert packages.worth_saying("Installing collected packages: a, b, c") == "unpacking 3 packages"
    assert packages.worth_saying("  Downloading small-1.0.whl (12 kB)") is None
