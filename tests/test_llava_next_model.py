"""MiniLlavaNext: tokens in their places, forms of pictures and of answers, and batches."""

import random
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from course_lib.clip.data.images import PictureError
from course_lib.llava.connector import WordMixture
from course_lib.llava.model import MiniLlava
from course_lib.llava_next.data import batches, forms, scenes
from course_lib.llava_next.data.pictures import any_pixels
from course_lib.llava_next.model import TileConnector, Views, four_in_one, num_tokens
from course_lib.llava_next.recipes import BAKED
from course_lib.llava_next.train import build_model
from course_lib.lm.loss import IGNORE_INDEX
from course_lib.world.questions import questions
from course_lib.world.render import render
from course_lib.world.splits import training_may_see


@pytest.fixture(scope="module")
def model():
    return build_model()


def small_connector() -> TileConnector:
    torch.manual_seed(0)
    mixture = WordMixture(6, torch.randn(5, 8))
    mixture.add_letter_embeddings(torch.randn(72, 8))
    return TileConnector(mixture)


def test_four_patches_stand_in_reading_order():
    grid = torch.arange(16.0).view(1, 4, 4, 1)
    assert four_in_one(grid)[0, 0, 1, :, 0].tolist() == [2, 3, 6, 7]
    assert four_in_one(grid)[0, 1, 0, :, 0].tolist() == [8, 9, 12, 13]


@torch.no_grad()
@pytest.mark.parametrize(
    "size, grid", [((128, 128), (16, 16)), ((64, 128), (8, 16)), ((128, 64), (16, 8)), ((96, 128), (16, 16))]
)
def test_as_many_tokens_as_counted(size, grid):
    connector = small_connector()
    out = connector(Views(torch.randn(2, 64, 6), torch.randn(2, *grid, 6), size))
    assert out.shape == (2, num_tokens(size), 8)


@torch.no_grad()
def test_a_tile_token_depends_on_its_patches_alone_but_for_letters():
    connector = small_connector()
    connector.letters.layers = torch.nn.Identity()  # without its context
    connector.letters.classifier = torch.nn.Linear(6, 37)
    tiles = torch.randn(1, 8, 16, 6)
    before = connector.tile_content(tiles)
    changed = tiles.clone()
    changed[0, 3, 5] += 3
    moved = (connector.tile_content(changed) - before).abs().sum(-1)[0] > 0
    assert moved.nonzero().tolist() == [[1, 2]]


@torch.no_grad()
@pytest.mark.parametrize(
    "size, grid, at", [((128, 128), (16, 16), (3, 5)), ((64, 128), (8, 16), (1, 5)), ((96, 128), (16, 16), (2, 5))]
)
def test_a_tile_token_takes_its_place_from_the_whole_view(size, grid, at):
    connector = small_connector()
    torch.nn.init.normal_(connector.mixture.residual.weight)
    whole, tiles = torch.zeros(1, 64, 6), torch.zeros(1, *grid, 6)
    moved = whole.clone()
    moved[0, 3 * 8 + 5] = 1  # the patch in the fourth row, at the sixth place
    columns, at = 8, at[0] * 9 + at[1]
    change = (connector(Views(moved, tiles, size)) - connector(Views(whole, tiles, size))).abs().sum(-1)[0]
    assert at in (change[64:] > 1e-6).nonzero().flatten().tolist()
    assert (change[64:] > 1e-6).sum() <= 2 and (change[64 + columns :: columns + 1] == 0).all()


@torch.no_grad()
def test_a_picture_no_larger_than_the_whole_view_is_lesson_07s_without_its_letters(model):
    from course_lib.llava.train import saved

    assistant = saved.load("mixture")
    assistant.connector.word_logits = saved.load("words").connector.word_logits
    pixels = batches.to_pixels(scenes.draw([scenes.many_things(0)], "whole"))
    views = model.image_features(pixels)
    assert views.tiles is None and model.num_tokens(views) == 64
    features = assistant.image_features(pixels)
    assert torch.allclose(views.whole, features[..., : views.whole.shape[-1]], atol=1e-5)
    assert torch.allclose(model.connector(views), assistant.connector.mixture(features[..., :160]), atol=1e-4)


@torch.no_grad()
def test_each_tile_is_seen_as_a_picture_of_its_own(model):
    pixels = batches.to_pixels(scenes.draw([scenes.many_things(1)], "tiles"))
    views = model.image_features(pixels)
    corner = MiniLlava.image_features(model, pixels[:, :, 64:, :64]).unflatten(1, (8, 8))
    assert torch.allclose(views.tiles[:, 8:, :8], corner, atol=1e-4)


@torch.no_grad()
def test_it_answers_pictures_of_any_shape(model):
    for size in ((30, 40), (64, 128), (200, 90), (128, 128)):
        said = model.answer(torch.randn(2, 3, *size), ["where is this?", "what is there? Use one word only."], 2)
        assert len(said) == 2


def test_the_same_scene_in_all_forms():
    scene = scenes.many_things(3)
    shapes = {form: scenes.picture(scene, form).shape[:2] for form in scenes.FORMS}
    assert shapes == {
        "tiles": (128, 128),
        "whole": (64, 64),
        "upsampled": (128, 128),
        "wide": (64, 128),
        "tall": (128, 64),
    }
    shrunk = scenes.picture(scene, "upsampled")[::2, ::2].astype(int) - scenes.picture(scene, "whole")
    assert np.abs(shrunk).mean() < 8  # no detail but that of the 64 px picture
    with pytest.raises(ValueError, match="no form 'big'"):
        scenes.picture(scene, "big")


def test_training_scenes_hold_nothing_held_out_and_show_whole_things():
    rng = random.Random(0)
    for _ in range(30):
        for form in ("tiles", "wide", "tall"):
            scene = batches.draw_scene(rng, BAKED, form)
            assert training_may_see(scene)
            if form != "tiles":
                axis = "x" if form == "tall" else "y"
                assert all(abs(getattr(t, axis) - 0.5) + t.width / 2 <= 0.25 + 1e-6 for t in scene.things)


def test_many_things_are_small():
    widths = [64 * thing.width for i in range(40) for thing in scenes.many_things(i, "test").things]
    assert 9.5 < min(widths) < 11 and max(widths) < 22
    assert max(len(scenes.many_things(i, "test").things) for i in range(40)) >= 7


def test_forms_of_an_answer():
    assert forms.letter_form("where?", "sea", ["road", "sea"]) == ("where? A. road B. sea Answer with the letter.", "B")
    made = set()
    for i in range(300):
        for question in questions(scenes.many_things(i), random.Random(i)):
            if question.kind != "read":
                prompt, sentence = forms.sentence_form(question)
                assert prompt == question.text and sentence[0].isupper() and sentence.endswith(".")
                assert len(sentence.split()) >= 4
                made.add(question.kind)
            options = forms.sample_options(question, random.Random(i))
            assert not options or (question.answer in options and len(set(options)) == len(options))
    assert made == {"exist", "count", "colour", "relation", "related", "place", "size"}


@pytest.mark.parametrize("form", scenes.FORMS)
def test_batches_of_each_form(model, form):
    recipe = replace(BAKED, batch_size=3, forms=(form,), form_weights=(1.0,))
    batch = batches.next_batch(model.tokenizer, 5, recipe)
    size = tuple(batch.pixel_values.shape[-2:])
    assert ((batch.input_ids == model.image_token).sum(1) == num_tokens(size)).all()
    assert (batch.labels[batch.input_ids == model.image_token] == IGNORE_INDEX).all()
    assert (batch.labels != IGNORE_INDEX).any(1).all()
    again = batches.next_batch(model.tokenizer, 5, recipe)
    assert torch.equal(batch.input_ids, again.input_ids) and torch.equal(batch.pixel_values, again.pixel_values)


def test_the_world_is_as_it_was():
    from course_lib.world.scenes import SceneSpec, make_scene

    assert make_scene(7, SceneSpec(scale=1.0)) == make_scene(7)
    assert render(make_scene(7)).image.shape == (64, 64, 3)


@torch.no_grad()
@pytest.mark.parametrize(
    "mode, size",
    [("RGB", (1, 1)), ("RGB", (5000, 5000)), ("RGBA", (200, 90)), ("L", (64, 300)), ("P", (33, 70)), ("1", (128, 128))],
)
def test_pictures_of_all_kinds_get_an_answer(model, mode, size):
    pixels = any_pixels(Image.new(mode, size))
    assert pixels.shape[:2] == (1, 3) and max(pixels.shape) <= 512
    views = model.image_features(pixels)
    assert model.connector(views).shape[1] == model.num_tokens(views)
    assert len(model.answer(views, ["where is this?"], 1)) == 1


@pytest.mark.parametrize("size", [(4000, 1), (1, 4000), (900, 10)])
def test_a_picture_without_a_token_is_refused_in_words(size):
    with pytest.raises(PictureError, match="too thin: nothing of it is left"):
        any_pixels(Image.new("RGB", size))


def test_what_is_no_picture_is_refused_in_words():
    with pytest.raises(PictureError, match="no picture"):
        any_pixels(b"words")
