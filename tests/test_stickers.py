"""The artwork is what its manifest says, complete, and licensed."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from course_lib.session import REPO
from course_lib.world.shapes import SHAPES, shape_sprites
from course_lib.world.signs import WORDS_TEST, WORDS_TRAIN, sign_sprite
from course_lib.world.stickers import COLOURS, STICKER_FOLDER, STYLES, class_named, classes, load_atlas

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


def test_licences_and_credits_lead_somewhere():
    credits = (STICKER_FOLDER / "CREDITS.md").read_text(encoding="utf-8")
    files = re.findall(r"\]\((LICENSES/[^)]+)\)", credits)
    assert len(set(files)) == 4 and all((STICKER_FOLDER / file).stat().st_size > 500 for file in files)


def test_contact_sheets_have_alt_texts():
    images = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)", DATASHEET)
    assert len(images) == 7
    assert all(len(alt) > 20 and (REPO / "data" / file).exists() for alt, file in images)


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


def test_shapes_come_in_all_colours_and_differ():
    sprites = shape_sprites()
    assert sprites.shape == (len(SHAPES) * len(COLOURS), 48, 48, 4)
    assert len({sprite.tobytes() for sprite in sprites}) == len(sprites)


def test_sign_words_fit_and_are_split():
    assert not set(WORDS_TRAIN) & set(WORDS_TEST)
    for word in (*WORDS_TRAIN, *WORDS_TEST):
        alpha = sign_sprite(word, "blue")[..., 3]
        assert alpha[5:30].any() and not alpha[:, 0].all()
    with pytest.raises(ValueError, match="too long"):
        sign_sprite("WATERMELONS", "red")


@pytest.mark.skipif(
    "STICKER_PACKAGES" not in os.environ, reason="needs the icon packages (see tools/build_stickers.py)"
)
def test_the_atlases_can_be_built_again(tmp_path):
    before = (STICKER_FOLDER / "manifest.json").read_text(encoding="utf-8")
    subprocess.run([sys.executable, "tools/build_stickers.py", os.environ["STICKER_PACKAGES"]], cwd=REPO, check=True)
    assert (STICKER_FOLDER / "manifest.json").read_text(encoding="utf-8") == before
