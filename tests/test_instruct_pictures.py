"""`instruct write --images`: the pictures lie there under the names in the data set, and a trainer can begin."""

import json
import os

import numpy as np
import pytest
from PIL import Image
from scale_lab import command, write_tiny_models_and_data

from course_lib import checkpoints
from course_lib.__main__ import main
from course_lib.common.errors import Problem
from course_lib.instruct.run import pictures
from course_lib.llava.full.data import InstructionData
from course_lib.world.coco import file_name, scene_of, to_coco, to_coco_captions
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Commands run in this interpreter."""
    monkeypatch.setenv("COURSE_NO_VENV", "1")


def write(folder, *more, action=("write",)):
    given = [*action, "--count", "4", "--seed", "3", "--out", folder / "data.json", "--images", folder / "pictures"]
    return main(["instruct", *map(str, [*given, *more])])


def test_a_scene_is_found_again_by_the_name_of_its_picture():
    for scene in (make_scene(7), make_scene(123456789, seed=5), make_scene(0, SceneSpec("test"))):
        assert scene_of(file_name(scene)) == scene


def test_what_was_written_is_trained_on(tmp_path, capsys):
    assert write(tmp_path, "--size", "48") == 0
    assert "Drew 4 pictures of 48 × 48 pixels" in capsys.readouterr().out
    records = json.loads((tmp_path / "data.json").read_text(encoding="utf-8"))
    data = InstructionData(tmp_path / "data.json", tmp_path / "pictures")
    assert data.left_out == [] and data.names == sorted(one["image"] for one in records)
    first = np.asarray(Image.open(tmp_path / "pictures" / records[0]["image"]))
    assert (first == render(scene_of(records[0]["image"]), 48).image).all()
    write_tiny_models_and_data(tmp_path)
    changed = {"data": tmp_path / "data.json", "images": tmp_path / "pictures", "steps": 1, "batch_size": 2}
    write(tmp_path, "--size", "48")  # `write_tiny_models_and_data` has written a data.json of its own
    assert main(command(tmp_path, tmp_path / "out", **changed)) == 0
    assert checkpoints.load(tmp_path / "out" / "llava.safetensors")[0]


def test_without_size_they_have_the_336_pixels_of_llava(tmp_path):
    assert write(tmp_path, "--count", "1") == 0
    (picture,) = (tmp_path / "pictures").iterdir()
    assert Image.open(picture).size == (336, 336)


def test_what_is_whole_and_of_this_size_stays_and_all_else_is_drawn(tmp_path, capsys):
    write(tmp_path, "--size", "32")
    first, second, third, fourth = sorted((tmp_path / "pictures").iterdir())
    Image.new("RGB", (32, 32)).save(first)  # of this size: somebody may have painted in it
    second.write_bytes(second.read_bytes()[:100])
    third.write_text("no picture")
    Image.new("RGB", (64, 64)).save(fourth)
    capsys.readouterr()
    assert write(tmp_path, "--size", "32") == 0
    assert "Drew 3 pictures of 32 × 32 pixels" in (said := capsys.readouterr().out) and "1 were there" in said
    assert not np.asarray(Image.open(first)).any()
    for file in (second, third, fourth):
        assert (np.asarray(Image.open(file)) == render(scene_of(file.name), 32).image).all()


def test_shards_draw_theirs_and_a_merge_draws_all(tmp_path, capsys):
    for number in (1, 2):
        part = ["--shard", f"{number}/2", "--size", "16", "--out", tmp_path / f"part{number}.json"]
        write(tmp_path, *part)
    journals = [tmp_path / f"part{number}.journal.jsonl" for number in (1, 2)]
    assert write(tmp_path, "--size", "16", action=("merge", *journals)) == 0
    assert "Drew 0 pictures" in capsys.readouterr().out
    assert len(list((tmp_path / "pictures").iterdir())) == 4


@pytest.mark.parametrize("size", ["0", "-1", "7", "5000"])
def test_an_impossible_size_is_refused_before_anything_is_written(size, tmp_path, capsys):
    assert write(tmp_path, "--size", size) == 1
    assert "--size" in capsys.readouterr().err and not list(tmp_path.iterdir())


def test_a_folder_that_takes_no_files_is_refused_before_anything_is_asked(tmp_path, capsys):
    (tmp_path / "pictures").write_text("I am a file")
    assert write(tmp_path) == 1
    said = capsys.readouterr().err
    assert said.startswith("✗ --images is ") and said.count("\n") == 1 and not (tmp_path / "data.json").exists()


def test_with_coco_the_pictures_are_there_already(tmp_path, capsys):
    scenes = [make_scene(index) for index in range(4)]
    for name, content in {"i.json": to_coco(scenes), "c.json": to_coco_captions(scenes)}.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    assert write(tmp_path, "--coco", tmp_path / "i.json", tmp_path / "c.json") == 1
    assert "with --coco" in capsys.readouterr().err


def test_where_the_disk_fails_the_data_set_is_whole_and_the_same_command_goes_on(tmp_path, capsys, monkeypatch):
    written = []

    def full(file, content, real=pictures._write):
        if file.name != "trial.png" and len(written) == 2:
            raise OSError(28, "No space left on device")
        written.append(file.name != "trial.png")
        real(file, content)

    with monkeypatch.context() as patch:
        patch.setattr(pictures, "_write", full)
        assert write(tmp_path, "--size", "16") == 1
    said = capsys.readouterr().err
    assert "No space left on device. 3 pictures are missing" in said and said.count("\n") == 1
    assert len(json.loads((tmp_path / "data.json").read_text(encoding="utf-8"))) == 4
    assert write(tmp_path, "--size", "16") == 0 and "Drew 3 pictures" in capsys.readouterr().out
    assert not [name for name in os.listdir(tmp_path / "pictures") if name.endswith(".tmp")]


def test_a_folder_in_the_place_of_a_picture_is_named(tmp_path):
    (tmp_path / "train_0_00000001.png").mkdir()
    with pytest.raises(Problem, match=r"train_0_00000001\.png can't be written"):
        pictures.draw(["train_0_00000001.png"], tmp_path, 16)
