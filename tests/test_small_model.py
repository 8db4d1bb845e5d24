"""Lesson 14's models: three sizes, their bake, a short stage 2, and int8."""

from dataclasses import replace

import pytest
import torch
from test_small_data import NUM, made, pool

from course_lib import checkpoints
from course_lib.common.int8 import quantise_rows
from course_lib.llava.connector import WordMixture
from course_lib.llava.model import MiniLlava
from course_lib.lm.model import build_model as build_shipped
from course_lib.lm.tokenizer import get_tokenizer
from course_lib.lm.train import BAKED_CHAT, BAKED_PLAIN
from course_lib.small import model as models
from course_lib.small import quantise, train
from course_lib.small.data.sets import SetBatches
from course_lib.small.recipes import SHORT_RUN, SIZES, DataArm


class Zeros(torch.nn.Module):
    """A tower that sees nothing."""

    def forward(self, pixels):
        return torch.zeros(len(pixels), 64, 4)


def tiny() -> MiniLlava:
    """The smallest size, untrained, with a mixture of ten words before a tower that sees nothing."""
    language_model = models.build_language_model(SIZES["half"])
    mixture = WordMixture(4, language_model.get_input_embeddings().weight[:10])
    return MiniLlava(Zeros(), mixture, language_model, get_tokenizer()).eval()


@pytest.mark.parametrize(("name", "millions"), [("half", 0.5), ("one", 1.0), ("two", 2.0)])
def test_sizes_are_about_what_they_are_called(name, millions):
    assert models.num_parameters(models.build_language_model(SIZES[name])) / 1e6 == pytest.approx(millions, rel=0.06)


def test_the_largest_is_lesson_04s():
    ours, shipped = (
        models.build_language_model(SIZES["two"]).state_dict(),
        build_shipped(len(get_tokenizer())).state_dict(),
    )
    assert ours.keys() == shipped.keys() and all(torch.equal(ours[name], shipped[name]) for name in ours)


def test_the_connector_keeps_its_words_and_looks_their_embeddings_up_anew():
    language_model = models.build_language_model(SIZES["one"])
    built, before = models.build_model(language_model), models.saved.load("words")
    assert torch.equal(built.connector.word_logits[0].weight, before.connector.word_logits[0].weight)
    assert built.connector.word_embeddings.shape == (len(before.connector.word_embeddings), 128)
    features = torch.zeros(1, 64, before.connector.residual.in_features)
    assert built.connector(features).shape == (1, 64, 128)


def test_a_bake_goes_on_where_it_was_and_is_loaded(tmp_path):
    recipes = replace(BAKED_PLAIN, steps=1, batch_size=1), replace(BAKED_CHAT, steps=1, batch_size=1)
    train.bake_half(tmp_path, recipes)
    base = tmp_path / "small_lm_half.base.safetensors"
    made_at = base.stat().st_mtime_ns
    (tmp_path / "small_lm_half.safetensors").unlink()
    train.bake_half(tmp_path, recipes)
    assert base.stat().st_mtime_ns == made_at  # plain text was not read again
    card = checkpoints.read_card(tmp_path / "small_lm_half.safetensors")
    assert len(card["recipe"]) == 2 and card["command"].endswith("bake small_lm_half")
    loaded = models.load_language_model("half", tmp_path)
    assert loaded.lm_head.weight is loaded.model.embed_tokens.weight


def test_both_small_ones_read_as_much_as_the_shipped_one():
    shipped = [
        checkpoints.read_card(checkpoints.FOLDER / f"{name}.safetensors")["recipe"] for name in ("lm_base", "lm")
    ]
    assert [vars(one) for one in train.LESSON_04] == shipped


def test_a_missing_language_model_says_how_to_make_it(tmp_path):
    with pytest.raises(checkpoints.CheckpointError, match="bake small_lm_one"):
        models.load_language_model("one", tmp_path)


def test_a_short_run_learns_and_leaves_the_tower_alone():
    model, recipe = tiny(), replace(SHORT_RUN, steps=3, batch_size=2)
    batches = SetBatches.make(get_tokenizer(), pool().features, made(DataArm(NUM)), recipe)
    before = model.language_model.lm_head.weight.clone()
    progress = train.short_run(model, batches, recipe)
    assert len(progress.losses) == 3 and not torch.equal(model.language_model.lm_head.weight, before)


def test_int8_is_close_and_small():
    weight = torch.randn(6, 50)
    weight[2] *= 100
    q, scale, error = quantise_rows(weight)
    assert q.dtype == torch.int8 and q.abs().amax(dim=1).tolist() == [127] * 6
    assert ((weight - q * scale).abs() <= scale / 2 + 1e-6).all() and 0 < error < 0.02
    assert torch.equal(quantise_rows(torch.zeros(2, 3))[0], torch.zeros(2, 3, dtype=torch.int8))


def test_an_int8_layer_computes_nearly_the_same():
    layer, features = torch.nn.Linear(64, 5), torch.randn(3, 64)
    with torch.no_grad():
        assert torch.allclose(quantise.Int8Linear(layer.weight, layer.bias)(features), layer(features), atol=0.02)


@torch.no_grad()
def test_a_whole_model_in_int8_is_a_quarter_as_large_and_answers():
    model = tiny()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    small = quantise.quantised(model)
    assert not [
        one
        for part in (small.connector, small.language_model)
        for one in part.modules()
        if isinstance(one, torch.nn.Linear)
    ]
    assert 0.25 < quantise.num_bytes(small) / quantise.num_bytes(model) < 0.31
    assert 0 < quantise.largest_error(small) < 0.05
    ids = torch.randint(10, 500, (1, 12))
    logits = [one.language_model(input_ids=ids).logits for one in (model, small)]
    assert torch.corrcoef(torch.stack(logits).flatten(1))[0, 1] > 0.99
    assert len(small.answer(torch.zeros(1, 3, 64, 64), ["?"], max_new_tokens=2)) == 1
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
