"""Checkpoints: whole or not at all, and checked when read."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass

import pytest
import torch
from torch import nn

from course_lib import checkpoints
from course_lib.checkpoints import CheckpointError
from course_lib.common import files


@pytest.fixture
def saved(tmp_path):
    model = nn.Linear(3, 2)
    file = tmp_path / "tiny.safetensors"
    checkpoints.save(file, model, {"seed": 5})
    return model, file


def test_round_trip(saved):
    model, file = saved
    fresh = nn.Linear(3, 2)
    card = checkpoints.load_into(fresh, file)
    assert torch.equal(fresh.weight, model.weight) and torch.equal(fresh.bias, model.bias)
    assert card["seed"] == 5 and card["bytes"] == file.stat().st_size
    assert sorted(p.name for p in file.parent.iterdir()) == ["tiny.json", "tiny.safetensors"]  # no temporary file stays


def test_one_changed_byte_is_noticed_and_the_file_named(saved):
    _, file = saved
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(CheckpointError, match="tiny.safetensors is damaged.*bake tiny"):
        checkpoints.load(file)


def test_missing_parts_are_named(saved):
    _, file = saved
    file.with_suffix(".json").unlink()
    with pytest.raises(CheckpointError, match="tiny.json is missing"):
        checkpoints.load(file)


def test_another_model_is_refused(saved):
    with pytest.raises(CheckpointError, match="tiny.safetensors holds another model"):
        checkpoints.load_into(nn.Linear(4, 2), saved[1])


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    file = tmp_path / "notes.json"
    files.write_atomically(file, b"old")

    def no_space(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr(files.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        files.write_atomically(file, b"new")
    assert file.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["notes.json"]


def test_cards_are_readable_json(saved):
    card = json.loads(saved[1].with_suffix(".json").read_text(encoding="utf-8"))
    assert len(card["sha256"]) == 64


def test_one_function_writes_the_cards_of_all_bakes():
    @dataclass(frozen=True)
    class Recipe:
        steps: int = 300

    losses = [9.0] * 100 + [1.0] * 200
    card = checkpoints.card("clip", "scenes", Recipe(), 2.04, losses, stored_as="float16")
    assert card == {
        "data": "scenes",
        "recipe": {"steps": 300},
        "command": "python -m course_lib bake clip",
        "minutes": 2.0,
        "machine": checkpoints.machine(),
        "final_loss": 1.0,
        "stored_as": "float16",
    }
    assert checkpoints.card("llava", "", [Recipe(), Recipe(1)], 0)["recipe"] == [{"steps": 300}, {"steps": 1}]


REPLACES = """\
import os, sys
while True:
    for name in sys.argv[1:]:
        os.link(name, "next")
        os.replace("next", "state")
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows replaces no file that is open")
def test_a_state_that_another_run_replaces_while_it_is_read_comes_from_one_moment(tmp_path):
    model = nn.Linear(64, 64)
    optimizer = torch.optim.AdamW(model.parameters())
    for step, name in enumerate(("zero", "one")):
        nn.init.constant_(model.weight, step)
        checkpoints.save_training(tmp_path / name, model, optimizer, {"step": step})
    other = subprocess.Popen([sys.executable, "-c", REPLACES, "zero", "one"], cwd=tmp_path)
    try:
        while not (tmp_path / "state").exists():
            assert other.poll() is None
        for _ in range(200):
            assert checkpoints.load_training(tmp_path / "state", model, optimizer)["step"] == model.weight[0, 0]
    finally:
        other.kill()
        other.wait()
