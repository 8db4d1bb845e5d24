"""Disks that are full, folders that can't be written to, odd paths, clocks that jump, two at once, and no network."""

import errno
import os
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from pathlib import Path

import pytest
import torch
from classroom import hand_in
from fault_training import CLIP, fit, tiny_model
from toy_course import MEAN

from course_lib import __main__ as cli
from course_lib import session, training
from course_lib.authoring import build
from course_lib.checker import progress
from course_lib.classroom import gradebook
from course_lib.cli import bake, environment
from course_lib.cli.registry import BAKES, Bake
from course_lib.clip import train
from course_lib.common import files
from course_lib.common.errors import Problem
from course_lib.instruct.run.journal import Entry, Journal
from course_lib.session import REPO

ODD = "ein Ordner für 猫, “und so”"
TOYS = Path(__file__).resolve().parents[1] / "toy_course" / "solutions"


def mounted(folder: Path, options: str) -> Path:
    """A small disk of its own at this folder; skips the test where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk can be mounted by root on Linux only")
    return folder


def unmount(folder: Path) -> None:
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


@pytest.fixture
def small_disk(tmp_path):
    """96 KB."""
    yield (folder := mounted(tmp_path / "small", "size=96k"))
    unmount(folder)


@pytest.fixture
def read_only(tmp_path):
    """A disk that nobody may write to, not even root."""
    yield (folder := mounted(tmp_path / "read_only", "size=96k,ro"))
    unmount(folder)


def weights(model) -> list[torch.Tensor]:
    return [parameter.detach().clone() for parameter in model.parameters()]


def undisturbed() -> list[torch.Tensor]:
    model = tiny_model()
    fit(model, None)
    return weights(model)


def same(a: list[torch.Tensor], b: list[torch.Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(a, b, strict=True))


def fill(folder: Path) -> Path:
    """Write until nothing fits any more."""
    file = folder / "full"
    with pytest.raises(OSError), open(file, "wb", buffering=0) as stream:
        while stream.write(b"x" * 4096) == 4096:
            pass
        raise OSError(errno.ENOSPC, "a short write")
    return file


def test_training_goes_on_where_the_disk_is_full(small_disk, capsys):
    fill(small_disk)
    model = tiny_model()
    fit(model, small_disk / "state.safetensors")
    assert f"can't be saved in {small_disk}" in capsys.readouterr().out
    assert same(weights(model), undisturbed())
    assert [file.name for file in small_disk.iterdir()] == ["full"]


def test_a_disk_that_fills_up_leaves_the_older_state_whole(small_disk, capsys):
    state = small_disk / "state.safetensors"

    def fill_then_stop(run: training.Progress) -> None:
        if run.step == 10:
            fill(small_disk)
        if run.step == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny_model(), state, callbacks=[fill_then_stop])
    again = tiny_model()
    fit(again, state)
    assert "Going on from step 9" in capsys.readouterr().out and same(weights(again), undisturbed())


def test_a_bake_that_finds_no_room_keeps_what_it_trained(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(BAKES, "clip", Bake("fault_training:clip", ("clip_tokenizer",)))
    monkeypatch.setattr(train.checkpoints, "write_atomically", no_room_for(("clip.safetensors",)))
    with pytest.raises(Problem, match="clip can't be written into .*No space left"):
        bake.bake_one("clip", tmp_path)
    assert (tmp_path / "clip.training.safetensors").exists() and not (tmp_path / "clip.safetensors").exists()
    monkeypatch.undo()
    monkeypatch.setitem(BAKES, "clip", Bake("fault_training:clip", ("clip_tokenizer",)))
    assert bake.bake_one("clip", tmp_path)
    assert f"Going on from step {CLIP.steps}" in capsys.readouterr().out
    assert sorted(file.name for file in tmp_path.iterdir()) == [".bake.lock", "clip.json", "clip.safetensors"]


def no_room_for(names: tuple[str, ...]):
    """`write_atomically` on a disk that has no room for files of these names."""

    def write(file: Path, content: bytes) -> None:
        if file.name in names:
            raise OSError(errno.ENOSPC, "No space left on device", str(file))
        files.write_atomically(file, content)

    return write


def test_a_full_disk_costs_a_journal_no_line_and_a_command_one_sentence(small_disk, monkeypatch, capsys):
    with Journal(small_disk / "a.journal.jsonl") as journal:
        journal.append(Entry("p1", "detail", "v", "t", "abc", "A cat.", 5, 3, 0.1))
        fill(small_disk)
        with pytest.raises(OSError) as full:
            journal.append(Entry("p2", "detail", "v", "t", "abc", "A" * 9000, 5, 3, 0.1))
    with Journal(small_disk / "a.journal.jsonl") as journal:
        assert [entry.id for entry in journal.entries] == ["p1"]

    def no_room(args):
        raise full.value

    monkeypatch.setenv("COURSE_NO_VENV", "1")
    monkeypatch.setattr(cli, "load", lambda name: Namespace(add_arguments=lambda parser: None, main=no_room))
    assert cli.main(["check"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("✗ ") and told.count("\n") == 1 and "Traceback" not in told


def test_progress_says_so_where_the_disk_is_full(small_disk, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(small_disk))
    fill(small_disk)
    assert "could not be saved" in progress.record("clip.loss", True)


def test_a_full_disk_leaves_the_older_gradebook_whole(small_disk, tmp_path, monkeypatch, capsys):
    hand_in(tmp_path / "in" / "ada" / "00_welcome.ipynb")
    monkeypatch.setattr(gradebook, "run", lambda *_: {"note": ""})
    gradebook.grade(tmp_path / "in", book := small_disk / "gradebook.csv", gradebook.Limits())
    before = {file: file.read_bytes() for file in small_disk.iterdir()}
    assert book in before and len(before) == 2
    full = fill(small_disk)
    monkeypatch.setattr(gradebook, "run", lambda *_: {"note": "x" * 9000})
    with pytest.raises(OSError, match="No space left"):
        gradebook.grade(tmp_path / "in", book, gradebook.Limits())
    full.unlink()
    assert {file: file.read_bytes() for file in small_disk.iterdir()} == before


def test_a_read_only_folder_is_a_sentence_and_work_goes_on_elsewhere(read_only, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_HOME", str(read_only / "mine"))
    begun = session.begin("02_clip")
    assert "can't be written to" in capsys.readouterr().out
    (begun.paths().runs / "note.txt").write_text("works")
    assert begun.home != read_only / "mine" and progress.record("clip.loss", True) == ""
    shutil.rmtree(begun.home)
    model = tiny_model()
    fit(model, read_only / "state.safetensors", steps=3)
    assert "can't be saved" in capsys.readouterr().out
    with pytest.raises(Problem, match="can't be written to"):
        bake.bake_one("clip", read_only)


@pytest.mark.parametrize("place", [ODD, "a" * 250, "/".join(["b" * 100] * 30)], ids=["odd", "long name", "deep"])
def test_odd_and_long_paths(place, tmp_path, monkeypatch, capsys):
    home = tmp_path / place
    monkeypatch.setenv("COURSE_HOME", str(home))
    runs = session.begin("02_clip").paths().runs
    assert runs.is_relative_to(home)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny_model(), runs / "live.safetensors", callbacks=[stop_at(7)])
    model = tiny_model()
    fit(model, runs / "live.safetensors")
    assert "Going on from step" in capsys.readouterr().out and same(weights(model), undisturbed())
    assert progress.record("clip.loss", True) == ""
    with Journal(home / "a.journal.jsonl") as journal:
        journal.append(Entry("p1", "detail", "v", "t", "abc", "A cat.", 5, 3, 0.1))


def stop_at(step: int):
    def stop(run: training.Progress) -> None:
        if run.step == step:
            raise KeyboardInterrupt

    return stop


def test_a_name_that_no_disk_takes_is_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / ("c" * 300)))
    begun = session.begin("02_clip")
    assert "can't be written to (File name too long)" in capsys.readouterr().out
    shutil.rmtree(begun.home)


def test_the_course_itself_in_an_odd_folder_and_without_a_home(tmp_path):
    root = tmp_path / ODD
    for folder in ("course_lib", "notebooks"):
        shutil.copytree(REPO / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    kept = {key: value for key, value in os.environ.items() if key not in ("HOME", "COURSE_HOME", "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-m", "course_lib", "check"],
        cwd=root, env={**kept, "PYTHONPATH": "", "COURSE_NO_VENV": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and " of " in done.stdout, done.stderr


def test_windows_line_ends_in_a_master_change_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "all_tasks", lambda: {MEAN.id: MEAN})
    made = []
    for name, ends in (("unix", b"\n"), ("windows", b"\r\n")):
        shutil.copytree(TOYS, tmp_path / name / "solutions")
        for master in (tmp_path / name / "solutions").glob("*.py"):
            master.write_bytes(master.read_bytes().replace(b"\n", ends))
        assert build.main(Namespace(lessons=[], check=False, execute=False), tmp_path / name) == 0
        made.append({file.name: file.read_bytes() for file in (tmp_path / name).rglob("*.ipynb")})
    assert made[0] == made[1] and b"\r" not in b"".join(made[0].values())


def test_clocks_may_jump(tmp_path, monkeypatch):
    jumps = iter([0, 1e9, -1e9, 5e8] * 10_000)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    begun = time.perf_counter()
    run = fit(tiny_model(), tmp_path / "state.safetensors", steps=None, seconds=0.3)
    assert 0.3 <= run.seconds <= time.perf_counter() - begun
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    left_behind = tmp_path / "progress.lock"
    left_behind.touch()
    os.utime(left_behind, (real() + 1e6, real() + 1e6))  # by a process that was killed before the clock was set back
    assert progress.record("clip.loss", True) == "" and not left_behind.exists()


def test_what_kills_left_behind_is_swept_away(tmp_path):
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    numbers = (ended.pid, 10**30, 124, "mine")
    old, nobody, new, other = (tmp_path / f"a.json.{number}.tmp" for number in numbers)
    for file in (old, nobody, new, other):
        file.write_text("half")
    for file in (old, nobody, other):
        os.utime(file, (0, 0))
    files.write_atomically(tmp_path / "a.json", b"{}")
    assert not old.exists() and not nobody.exists() and new.exists() and other.exists()


WRITES_SLOWLY = """
import os, sys
from pathlib import Path
from course_lib.common import files
sync = os.fsync
def slow(handle):
    print("written", flush=True)
    sys.stdin.readline()
    sync(handle)
os.fsync = slow
files.write_atomically(Path(sys.argv[1]), b"theirs")
"""


def test_a_clock_that_is_set_back_takes_no_file_from_a_process_that_writes(tmp_path, monkeypatch):
    file, real = tmp_path / "a.json", time.time
    command = [sys.executable, "-c", WRITES_SLOWLY, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=REPO) as other:
        other.stdout.readline()
        monkeypatch.setattr(time, "time", lambda: real() - 7200)
        files.write_atomically(file, b"ours")
        assert file.read_bytes() == b"ours"
        other.communicate(b"\n")
    assert other.returncode == 0 and [one.read_bytes() for one in tmp_path.iterdir()] == [b"theirs"]


@pytest.mark.skipif(os.name != "posix", reason="Windows knows only read-only")
def test_a_file_written_again_is_open_to_no_one_new(tmp_path):
    file = tmp_path / "gradebook.csv"
    file.touch(0o600)
    files.write_atomically(file, b"names")
    assert file.read_bytes() == b"names" and file.stat().st_mode & 0o777 == 0o600


def test_two_runs_in_one_folder_both_come_to_the_right_end(tmp_path):
    state = tmp_path / "state.safetensors"
    code = "import sys; sys.path[:0] = sys.argv[2:]; from fault_training import *; fit(tiny_model(), Path(sys.argv[1]), 150)"
    paths = [str(Path(__file__).parent), str(TOYS.parents[1]), str(REPO)]
    other = subprocess.Popen([sys.executable, "-c", code, str(state), *paths], stdout=subprocess.DEVNULL)
    while not state.exists() and other.poll() is None:
        time.sleep(0.01)
    second = tiny_model()
    fit(second, state, 150)  # goes on from what the other one has written, and writes over it
    assert other.wait(600) == 0 and not state.exists()
    alone = tiny_model()
    fit(alone, None, 150)
    assert same(weights(second), weights(alone))


def test_two_bakes_in_one_folder(tmp_path):
    with bake.alone("clip", tmp_path), pytest.raises(Problem, match="Another process is baking into"):
        bake.bake_one("clip", tmp_path)


def test_a_set_up_that_was_killed_while_the_old_environment_was_deleted(tmp_path):
    python = environment.interpreter(tmp_path)
    python.parent.mkdir(parents=True)
    python.touch()  # the rest is gone, the stamp, too
    assert environment.state(tmp_path) == "unfinished"


OFFLINE = """
from course_lib.classroom.network import cut_network
print(cut_network())
from course_lib import session
from course_lib.clip.pretrained import load_clip
session.begin("02_clip")
print(sum(p.numel() for p in load_clip().parameters()))
"""


def test_the_pocket_tier_needs_no_network(tmp_path):
    variables = {**os.environ, "PYTHONPATH": str(REPO), "COURSE_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True, env=variables, check=False)
    assert done.returncode == 0 and int(done.stdout.split()[-1]) > 1e6, done.stderr
    assert done.stdout.splitlines()[0] in ("cut off", "refused to Python")
