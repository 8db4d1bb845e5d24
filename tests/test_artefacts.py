"""Every shipped file is what today's code would make, as far as that can be told without making it again."""

import json
from argparse import Namespace
from dataclasses import replace

import pytest

from course_lib.commands import artefacts, bake, doctor
from course_lib.commands.problem import Problem
from course_lib.commands.registry import find
from course_lib.gligen import fingerprint
from course_lib.gligen import world as small_world
from course_lib.lm.learn import LmRecipe
from course_lib.session import REPO

THERE = [name for name in bake.BAKES if artefacts.file_of(name, bake.SHIPPED).exists()]


@pytest.mark.parametrize("name", THERE)
def test_cards_say_today_s_recipe_world_and_inputs(name):
    function = find(bake.BAKES, name, "checkpoint")
    assert artefacts.problems(name, bake.SHIPPED, function, bake.INPUTS.get(name, ())) == []


def test_lesson_10_s_own_world_counts_for_its_checkpoints_alone(monkeypatch):
    before = artefacts.world("gligen_base"), artefacts.world("clip")
    assert before[0] == artefacts.world("gligen_detector") != before[1]
    for name, value in {"NAMES": fingerprint.NAMES[::-1], "held_out_place": lambda *_: False}.items():
        with monkeypatch.context() as changed:
            changed.setattr(fingerprint, name, value)
            assert artefacts.world("gligen_base") != before[0] and artefacts.world("clip") == before[1]
    with monkeypatch.context() as changed:
        changed.setattr(small_world, "WIDTHS", {**small_world.WIDTHS, 1: (36, 40)})
        assert artefacts.world("gligen_base") != before[0] and artefacts.world("clip") == before[1]


def test_the_manifest_is_up_to_date():
    stored = json.loads(bake.MANIFEST.read_text(encoding="utf-8"))
    assert stored == artefacts.manifest(list(bake.BAKES), bake.inputs_of_all()), (
        "run: python -m course_lib bake --manifest"
    )
    assert all((REPO / name).exists() for name in stored)


def test_each_input_is_baked_before():
    order = list(bake.BAKES)
    assert all(order.index(one) < order.index(name) for name, inputs in bake.INPUTS.items() for one in inputs)


@pytest.fixture
def copies(tmp_path):
    """A checkpoint with its card, and what it was made of, in a folder of their own."""
    for name in ("lm_tokenizer.json", "lm_base.json", "lm_base.safetensors"):
        (tmp_path / name).write_bytes((bake.SHIPPED / name).read_bytes())
    artefacts.complete_card("lm_base", tmp_path, ("lm_tokenizer",))
    return tmp_path


RECIPE = LmRecipe(steps=2000, batch_size=24, learning_rate=1.5e-3, easy=0.4)  # of the shipped one
ANOTHER = replace(RECIPE, steps=2001)


def bake_of_lm(out, recipe=RECIPE):
    """Does nothing."""


def bake_otherwise(out, recipe=ANOTHER):
    """Does nothing, in another way."""


def problems(folder, function=bake_of_lm):
    return artefacts.problems("lm_base", folder, function, ("lm_tokenizer",))


def test_what_is_not_current_is_named(copies):
    assert problems(copies) == []
    assert problems(copies, bake_otherwise) == ["lm_base was made with another recipe"]
    (copies / "lm_tokenizer.json").write_text("{}")
    assert problems(copies) == ["lm_base was made from another lm_tokenizer"]
    content = bytearray((copies / "lm_base.safetensors").read_bytes())
    content[-1] ^= 1
    (copies / "lm_base.safetensors").write_bytes(content)
    assert "lm_base.safetensors is damaged" in problems(copies)[0]
    card = json.loads((copies / "lm_base.json").read_text(encoding="utf-8"))
    (copies / "lm_base.json").write_text(json.dumps({**card, "world": "another"}), encoding="utf-8")
    assert "lm_base was trained on another world, or on other splits" in problems(copies)
    (copies / "lm_base.json").write_text("{")
    assert problems(copies) == ["the card of lm_base.safetensors is missing or damaged"]


def test_bake_all_makes_what_is_missing_in_order_and_stops_at_the_first_that_fails(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(bake, "BAKES", {name: bake.BAKES[name] for name in ("lm_tokenizer", "lm_base", "lm")})
    made = []

    def call(command, env, **_):
        made.append((command[-3], env["COURSE_CHECKPOINTS"]))
        return len(made) == 2  # the second one fails

    monkeypatch.setattr(bake.subprocess, "call", call)
    assert bake.main(Namespace(all=True, dry_run=True, out=tmp_path, name=None, manifest=False)) == 0
    told = capsys.readouterr().out
    assert "0 of 3 are current. To make: 3, about 32 minutes" in told and made == []
    with pytest.raises(Problem, match="lm_base is not finished. The same command goes on"):
        bake.main(Namespace(all=True, dry_run=False, out=tmp_path, name=None, manifest=False))
    assert made == [("lm_tokenizer", str(tmp_path)), ("lm_base", str(tmp_path))]


def test_what_hangs_on_something_made_anew_is_made_anew(copies, monkeypatch):
    monkeypatch.setattr(bake, "BAKES", {name: bake.BAKES[name] for name in ("lm_tokenizer", "lm_base")})
    assert bake.outdated(copies) == {}
    (copies / "lm_tokenizer.json").unlink()
    assert list(bake.outdated(copies)) == ["lm_tokenizer", "lm_base"]


def test_the_doctor_names_a_damaged_file(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.webp").write_bytes(b"a drawing")
    entry = {"sha256": artefacts.hash_of(tmp_path / "data" / "a.webp")}
    (tmp_path / "data" / "manifest.json").write_text(json.dumps({"data/a.webp": entry, "data/gone.webp": entry}))
    assert doctor.shipped(tmp_path).ok
    (tmp_path / "data" / "a.webp").write_bytes(b"A drawing")
    found = doctor.shipped(tmp_path)
    assert not found.ok and "data/a.webp" in found.says and found.mend == "git checkout -- data"
