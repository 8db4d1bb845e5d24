"""Every shipped file is what today's code would make, as far as that can be told without making it again."""

import json
import signal
from argparse import Namespace
from dataclasses import replace

import pytest

from course_lib.cli import artefacts, bake, doctor, evaluate
from course_lib.cli.registry import BAKES, Bake
from course_lib.common.errors import Problem
from course_lib.gligen.data import scenes
from course_lib.lm.train import BAKED_PLAIN
from course_lib.session import REPO

THERE = [name for name in BAKES if artefacts.file_of(name, bake.SHIPPED).exists()]


@pytest.mark.parametrize("name", THERE)
def test_cards_say_today_s_recipe_world_and_inputs(name):
    assert artefacts.problems(name, bake.SHIPPED) == []


def test_lesson_10_s_own_world_counts_for_its_checkpoints_alone(monkeypatch):
    before = artefacts.world("gligen_base"), artefacts.world("clip")
    assert before[0] == artefacts.world("gligen_detector") != before[1]
    for name, value in {"NAMES": scenes.NAMES[::-1], "held_out_place": lambda *_: False}.items():
        with monkeypatch.context() as changed:
            changed.setattr(scenes, name, value)
            assert artefacts.world("gligen_base") != before[0] and artefacts.world("clip") == before[1]
    with monkeypatch.context() as changed:
        changed.setattr(scenes, "WIDTHS", {**scenes.WIDTHS, 1: (36, 40)})
        assert artefacts.world("gligen_base") != before[0] and artefacts.world("clip") == before[1]


def test_the_manifest_is_up_to_date():
    stored = json.loads(bake.MANIFEST.read_text(encoding="utf-8"))
    assert stored == artefacts.manifest(), "run: python -m course_lib bake --manifest"
    assert all((REPO / name).exists() for name in stored)


def test_each_input_is_baked_before():
    order = list(BAKES)
    assert all(order.index(one) < order.index(name) for name, bake in BAKES.items() for one in bake.inputs)


@pytest.fixture
def copies(tmp_path):
    """A checkpoint with its card, and what it was made of, in a folder of their own."""
    for name in ("lm_tokenizer.json", "lm_base.json", "lm_base.safetensors"):
        (tmp_path / name).write_bytes((bake.SHIPPED / name).read_bytes())
    artefacts.complete_card("lm_base", tmp_path)
    return tmp_path


ANOTHER = replace(BAKED_PLAIN, steps=2001)


def bake_otherwise(out, recipe=ANOTHER):
    """Does nothing, in another way."""


def problems(folder):
    return artefacts.problems("lm_base", folder)


def test_what_is_not_current_is_named(copies, monkeypatch):
    assert problems(copies) == []
    with monkeypatch.context() as changed:
        changed.setitem(BAKES, "lm_base", Bake(f"{__name__}:bake_otherwise", ("lm_tokenizer",)))
        assert problems(copies) == ["lm_base was made with another recipe"]
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


@pytest.fixture
def language_bakes(monkeypatch):
    """As if there were four of the bakes only. Returns what `bake` calls, and the exit codes it gets (0 unless set here)."""
    four = {name: BAKES[name] for name in ("lm_tokenizer", "lm_base", "lm")} | {
        "clip": replace(BAKES["clip"], inputs=())
    }
    for module in (artefacts, bake):
        monkeypatch.setattr(module, "BAKES", four)
    made, codes = [], {}

    def call(command, env, **_):
        made.append((command[-3], env["COURSE_CHECKPOINTS"]))
        return codes.get(command[-3], 0)

    monkeypatch.setattr(bake.subprocess, "call", call)
    return made, codes


def test_a_damaged_part_beside_a_checkpoint_is_named(tmp_path):
    for file in [
        *bake.SHIPPED.glob("llava_smollm2*"),
        *bake.SHIPPED.glob("llava_smollm2/*"),
        bake.SHIPPED / "clip.safetensors",
    ]:
        if file.is_file():
            copy = tmp_path / file.relative_to(bake.SHIPPED)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(file.read_bytes())
    assert artefacts.problems("llava_smollm2", tmp_path) == []
    (tmp_path / "llava_smollm2" / "adapter_model.safetensors").unlink()
    (found,) = artefacts.problems("llava_smollm2", tmp_path)
    assert "llava_smollm2/adapter_model.safetensors is damaged" in found


def all_of(folder, dry_run=False):
    return bake.main(Namespace(all=True, dry_run=dry_run, out=folder, name=None, manifest=False))


def test_bake_all_makes_what_is_missing_in_order(tmp_path, language_bakes, capsys):
    made, _ = language_bakes
    assert all_of(tmp_path, dry_run=True) == 0
    told = capsys.readouterr().out
    assert "0 of 4 are current. To make: 4, about" in told and made == []
    assert all_of(tmp_path) == 0
    assert made == [(name, str(tmp_path)) for name in ("lm_tokenizer", "lm_base", "lm", "clip")]


def test_bake_all_goes_on_with_what_does_not_hang_on_a_failure(tmp_path, language_bakes):
    made, codes = language_bakes
    codes["lm_base"] = 1
    with pytest.raises(Problem, match="Not made: lm_base, lm; why is said above. The same command goes on"):
        all_of(tmp_path)
    assert [name for name, _ in made] == ["lm_tokenizer", "lm_base", "clip"]


def test_bake_all_stops_when_it_is_stopped(tmp_path, language_bakes):
    made, codes = language_bakes
    codes["lm_base"] = bake.STOPPED
    with pytest.raises(Problem, match="lm_base is not finished. The same command goes on"):
        all_of(tmp_path)
    assert [name for name, _ in made] == ["lm_tokenizer", "lm_base"]


def test_what_is_made_of_something_that_came_out_as_it_was_stays(copies, language_bakes, monkeypatch, capsys):
    made, _ = language_bakes
    monkeypatch.setattr(bake, "BAKES", {name: BAKES[name] for name in ("lm_tokenizer", "lm_base")})
    content = (copies / "lm_tokenizer.json").read_bytes()
    (copies / "lm_tokenizer.json").unlink()
    call = bake.subprocess.call

    def make(command, **options):
        (copies / "lm_tokenizer.json").write_bytes(content)
        return call(command, **options)

    monkeypatch.setattr(bake.subprocess, "call", make)
    assert all_of(copies) == 0
    assert made == [("lm_tokenizer", str(copies))] and "lm_base is current after all" in capsys.readouterr().out


def test_a_bake_elsewhere_is_made_of_what_stands_there(tmp_path, language_bakes, capsys):
    made, _ = language_bakes
    (tmp_path / "lm_tokenizer.json").write_text("another")
    assert bake.main(Namespace(all=False, dry_run=False, out=tmp_path, name="lm", manifest=False)) == 0
    assert made == [("lm", str(tmp_path))]
    assert (tmp_path / "lm_tokenizer.json").read_text() == "another"
    assert (tmp_path / "lm_base.json").read_bytes() == (bake.SHIPPED / "lm_base.json").read_bytes()
    assert "lm_base is not in" in capsys.readouterr().out


def test_ctrl_c_is_left_to_the_process_that_bakes(tmp_path, monkeypatch):
    """Else `subprocess.call` would kill it after a quarter of a second, while it saves its state."""

    def call(*_, **__):
        signal.raise_signal(signal.SIGINT)
        return bake.STOPPED

    monkeypatch.setattr(bake.subprocess, "call", call)
    assert bake.main(Namespace(all=False, dry_run=False, out=tmp_path, name="lm", manifest=False)) == bake.STOPPED


def test_a_damaged_tokenizer_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(artefacts, "REPO", tmp_path)
    folder = tmp_path / "data" / "checkpoints"
    folder.mkdir(parents=True)
    file = folder / "lm_tokenizer.json"
    file.write_bytes((bake.SHIPPED / "lm_tokenizer.json").read_bytes())
    (tmp_path / "data" / "manifest.json").write_bytes(bake.MANIFEST.read_bytes())
    assert artefacts.problems("lm_tokenizer", folder) == []
    file.write_bytes(file.read_bytes().replace(b"a", b"b", 1))
    assert "lm_tokenizer.json is damaged" in artefacts.problems("lm_tokenizer", folder)[0]


def test_a_card_that_does_not_say_what_its_weights_were_made_of_is_not_current(copies):
    card = json.loads((copies / "lm_base.json").read_text(encoding="utf-8"))
    del card["inputs"]
    (copies / "lm_base.json").write_text(json.dumps(card), encoding="utf-8")
    assert problems(copies) == ["lm_base was made from another lm_tokenizer"]


def test_what_hangs_on_something_made_anew_is_made_anew(copies, monkeypatch):
    monkeypatch.setattr(bake, "BAKES", {name: BAKES[name] for name in ("lm_tokenizer", "lm_base")})
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


def test_evaluate_fails_where_a_checkpoint_is_not_what_its_card_says(monkeypatch, capsys):
    monkeypatch.setattr(evaluate, "ROOMS", {})
    options = Namespace(rooms=[], json=True, atlas=None, live=False)
    assert evaluate.main(options) == 0
    monkeypatch.setattr(artefacts, "problems", lambda name, _: ["lm is damaged"] if name == "lm" else [])
    assert evaluate.main(options) == 1 and "✗ lm is damaged" in capsys.readouterr().err
