"""The artwork is what its manifest says, complete, and licensed."""

import hashlib
import json
import os
import re
import shutil
import sys
from collections import Counter
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_lib.session import REPO
from course_lib.world.stickers import STICKER_FOLDER, STYLES, class_named, classes, load_atlas

DATASHEET = (REPO / "data" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("style", STYLES)
def test_an_atlas_is_the_one_of_the_manifest_and_has_every_drawing(style):
    file = STICKER_FOLDER / f"{style}.webp"
    manifest = json.loads((STICKER_FOLDER / "manifest.json").read_text(encoding="utf-8"))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == manifest[file.name]
    atlas = load_atlas(style)
    assert atlas.shape == (215, 48, 48, 4)
    covered = (atlas[..., 3] > 128).mean(axis=(1, 2))
    assert covered.min() > 0.03  # the thinnest is a paperclip
    assert file.name in (STICKER_FOLDER / "CREDITS.md").read_text(encoding="utf-8")


def test_classes_have_what_they_should():
    assert [c.id for c in classes()] == list(range(1, 201))
    assert Counter(c.split for c in classes()) == {"base": 160, "novel": 40}
    assert sorted(row for c in classes() for row in c.drawings) == list(range(215))
    assert all(len(c.names) == 11 and all(c.names.values()) for c in classes())
    assert sum(c.recolourable for c in classes()) == 41


def test_an_unknown_class_is_told_its_neighbours():
    with pytest.raises(KeyError, match="giraffe"):
        class_named("girafe")


def test_every_atlas_is_credited_with_a_licence_that_is_here():
    credits = (STICKER_FOLDER / "CREDITS.md").read_text(encoding="utf-8")
    for style in STYLES:
        row = next(line for line in credits.splitlines() if line.startswith(f"| `{style}.webp`"))
        (licence,) = re.findall(r"\]\((LICENSES/[^)]+)\)", row)
        assert (STICKER_FOLDER / licence).stat().st_size > 1000


@pytest.mark.parametrize(
    ("file", "words"),
    [
        ("noto-Apache-2.0.txt", "TERMS AND CONDITIONS FOR USE, REPRODUCTION, AND DISTRIBUTION"),
        ("fluent-MIT.txt", "Copyright (c) Microsoft Corporation"),
        ("twemoji-CC-BY-4.0.txt", "Section 8 -- Interpretation."),
        ("cldr-Unicode-3.0.txt", "UNICODE LICENSE V3"),
    ],
)
def test_licences_are_whole(file, words):
    assert words in (STICKER_FOLDER / "LICENSES" / file).read_text(encoding="utf-8")


def test_contact_sheets_have_alt_texts():
    images = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", DATASHEET)
    assert all(len(alt) > 20 for alt, _ in images)
    drawn = {f"contact_sheets/{sheet.name}" for sheet in (REPO / "data" / "contact_sheets").iterdir()}
    assert {file for _, file in images} == drawn and len(drawn) == 8


@pytest.mark.parametrize(("columns", "cell"), [(15, 48), (5, 24), (43, 48), (215, 32)])
def test_atlases_of_other_grids_are_understood(tmp_path, columns, cell):
    rows = -(-215 // columns)
    sheet = np.zeros((rows * cell, columns * cell, 4), np.uint8)
    sheet[:cell, cell : 2 * cell] = (255, 0, 0, 255)  # drawing 1 is red all over
    Image.fromarray(sheet).save(tmp_path / "own.png")
    atlas = load_atlas(tmp_path / "own.png")
    assert atlas.shape == (215, 48, 48, 4)
    assert (atlas[1] == (255, 0, 0, 255)).all() and not atlas[[0, 2]].any()


def test_what_is_no_atlas_is_refused_in_words(tmp_path):
    Image.new("RGBA", (100, 70)).save(tmp_path / "small.png")
    with pytest.raises(ValueError, match="15 columns and 15 rows"):
        load_atlas(tmp_path / "small.png")
    (tmp_path / "text.png").write_text("not a picture")
    with pytest.raises(ValueError, match="can't be read as a sticker atlas"):
        load_atlas(tmp_path / "text.png")
    with pytest.raises(ValueError, match="can't be read"):
        load_atlas(tmp_path / "missing.png")


@pytest.mark.skipif(
    not Path(os.environ.get("STICKER_PACKAGES", "absent")).is_dir() or find_spec("resvg_py") is None,
    reason="needs resvg-py, and STICKER_PACKAGES naming the icon packages (see tools/build_stickers.py)",
)
def test_the_atlases_can_be_built_again(tmp_path, monkeypatch):
    shutil.copy(STICKER_FOLDER / "classes.json", tmp_path)
    spec = spec_from_file_location("build_stickers", REPO / "tools" / "build_stickers.py")
    builder = module_from_spec(spec)
    spec.loader.exec_module(builder)
    monkeypatch.setattr(builder, "STICKERS", tmp_path)  # the committed atlases stay as they are
    monkeypatch.setattr(sys, "argv", ["build_stickers.py", os.environ["STICKER_PACKAGES"]])
    builder.main()
    assert (tmp_path / "manifest.json").read_text() == (STICKER_FOLDER / "manifest.json").read_text()
