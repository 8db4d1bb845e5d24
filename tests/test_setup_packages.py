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


@pytest.mark.parametrize(("output", "sentence"), [
    ("WARNING: Retrying … NewConnectionError('…')\nERROR: No matching distribution found for torch==2.13.0",
     "The package index can't be reached. Check the network"),
    ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "is full. Free some"),
    ("ERROR: No matching distribution found for torch==2.13.0", "There is no build of torch==2.13.0 for this computer"),
    ("Collecting x\nERROR: something else", "It said:\n  ERROR: something else"),
])  # fmt: skip
def test_failures_of_pip_in_a_learners_words(output, sentence, tmp_path):
    assert sentence in packages.explain(output, tmp_path)


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
